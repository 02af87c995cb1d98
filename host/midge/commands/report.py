"""``midge report``: what the trained model can do and costs, as one page."""

from __future__ import annotations

import argparse
from pathlib import Path

from midge.commands.common import (
    Progress,
    add_command,
    add_project,
    compile_all,
    emit_json,
    model_path,
    need_project,
    say,
)
from midge.errors import MidgeError

_EXAMPLES = """\
  midge report
  midge report --out walk.html
  midge report --on-board 20
  midge report build/old.tflite --json
"""


def add_parser(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    parser = add_command(
        sub, "report", "show what the trained model can do and costs, as one HTML page",
        do_report, _EXAMPLES,
    )  # fmt: skip
    parser.add_argument(
        "model", nargs="?", type=Path, help="another model of this data; default: the project's"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="default: report.html beside the project's model"
    )
    parser.add_argument(
        "--on-board", type=int, default=0, metavar="N",
        help="run N test windows on the emulated board too, and measure its cycles (minutes)",
    )  # fmt: skip
    add_project(parser)


def do_report(args: argparse.Namespace) -> int:
    """Tests the model on the project's test split and writes the page."""
    project = need_project(args)
    from midge.boards import load_board
    from midge.report import write

    if args.on_board < 0:
        raise MidgeError(f"--on-board is {args.on_board}, needed: 0 or more windows")
    path = model_path(args.model, project)
    compiled = compile_all([path], load_board(project.board), project)[0]
    with Progress("report") as progress:
        out, figures = write(
            project, args.out, compiled, windows_on_board=args.on_board, progress=progress
        )
    low, high = figures["interval"]
    say(
        args,
        f"{out}: accuracy {figures['accuracy']:.1%} ({low:.1%} to {high:.1%}) on "
        f"{figures['test_windows']} windows",
    )
    emit_json(args, {"report": out, **figures})
    return 0
