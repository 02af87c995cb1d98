"""``midge train``: the project's recipe, from recordings to an integer model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from midge.commands.common import (
    add_command,
    add_project,
    emit_json,
    need_project,
    say,
)

if TYPE_CHECKING:
    from midge.project import Project

_EXAMPLES = """\
  midge train
  midge train --project walk --json
"""


def add_parser(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    parser = add_command(
        sub, "train", "train the project's model and quantize it", do_train, _EXAMPLES
    )
    parser.add_argument("--no-report", action="store_true", help="make no report.html")
    add_project(parser)


def do_train(args: argparse.Namespace) -> int:
    """Trains; writes the model, its sidecar and the report."""
    project = need_project(args)
    from midge.meta import load_meta
    from midge.train import train

    path = train(project)  # says what it does on stderr
    meta = load_meta(path)
    say(args, f"{path}: {', '.join(meta.labels)}")
    say(args, _result(project, meta.extra))
    report = None if args.no_report else _report(args, project)
    emit_json(args, {"model": path, "labels": meta.labels, "report": report, **meta.extra})
    return 0


def _result(project: Project, found: dict[str, Any]) -> str:
    """How good the model is, on windows not trained on."""
    if alarms := found.get("anomaly"):
        words = f"{alarms['test_false_alarms']:.1%} false alarms ("
        words += f"{alarms['wanted_false_alarms']:.1%} wanted) on {alarms['test_normal']} normal"
        if alarms["test_found"] is not None:
            words += f", {alarms['test_found']:.1%} found of {alarms['test_anomalies']} abnormal"
        return words + " windows not trained on"
    accuracy, kind = found["accuracy"], project.model.quantization
    return (
        f"accuracy {accuracy[kind]:.1%} in {kind} ({accuracy['float']:.1%} in float) "
        f"on {accuracy['test_windows']} windows not trained on"
    )


def _report(args: argparse.Namespace, project: Project) -> Path | None:
    """The page beside the model; a model that it cannot show is no failure of training."""
    from midge.errors import ModelError
    from midge.report import write

    try:
        path, _ = write(project)
    except ModelError as err:
        print(f"no report: {err}", file=sys.stderr)
        return None
    say(args, f"report: {path}")
    return path
