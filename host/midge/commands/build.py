"""``midge build``: MicroPython firmware with the models compiled in, boot-tested."""

from __future__ import annotations

import argparse
from pathlib import Path

from midge.commands.common import (
    Progress,
    add_board,
    add_command,
    add_project,
    board_of,
    compile_all,
    emit_json,
    model_path,
    project_or_none,
    say,
)

_EXAMPLES = """\
  midge build
  midge build kws.tflite ad.tflite --board RPI_PICO --out build
  midge build --no-boot-test --json
"""


def add_parser(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    parser = add_command(
        sub, "build", "build firmware with one or several models compiled in", do_build, _EXAMPLES
    )
    parser.add_argument(
        "models", nargs="*", type=Path, metavar="MODEL", help="default: the project's"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: the project's build/")
    parser.add_argument(
        "--freeze", type=Path, action="append", default=[], metavar="FILE",
        help="freeze this Python file or folder into the firmware, too",
    )  # fmt: skip
    parser.add_argument(
        "--no-boot-test", action="store_true", help="do not boot the result on the emulated board"
    )
    add_board(parser)
    add_project(parser)


def do_build(args: argparse.Namespace) -> int:
    """Builds, prints the memory map, boots the result once."""
    project = project_or_none(args)
    board = board_of(args, project)
    paths = [model_path(named, project) for named in args.models or [None]]
    compiled = compile_all(paths, board, project if not args.models else None)
    if project and not args.models:
        from midge.verdict import check_budget

        check_budget(compiled[0], board, project)
    out = args.out or (project.build_dir if project else Path("build"))
    from midge.firmware.build import build

    with Progress("build") as progress:
        result = build(compiled, board, out, progress=progress, freeze=args.freeze)
        if not args.no_boot_test:
            from midge.boot_test import boot_test

            progress("booting it on the emulated board")
            boot_test(result.uf2, compiled)
    say(args, f"{result.memory}\n{result.uf2}")
    say(args, "boot test skipped" if args.no_boot_test else "boot test passed")
    emit_json(
        args,
        {
            "uf2": result.uf2,
            "bin": result.bin,
            "elf": result.elf,
            "board": board.name,
            "models": [model.meta.name for model in compiled],
            "memory": result.memory.as_dict(),
            "boot_test": "skipped" if args.no_boot_test else "passed",
        },
    )
    return 0
