"""``midge train``: the project's recipe, from recordings to an integer .tflite."""

from __future__ import annotations

import argparse

from midge.commands.common import (
    add_command,
    add_project,
    emit_json,
    need_project,
    say,
)

_EXAMPLES = """\
  midge train
  midge train --project walk --json
"""


def add_parser(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    parser = add_command(
        sub, "train", "train the project's model and quantize it", do_train, _EXAMPLES
    )
    add_project(parser)


def do_train(args: argparse.Namespace) -> int:
    """Trains; writes the .tflite and its sidecar."""
    project = need_project(args)
    from midge.meta import load_meta
    from midge.train import train

    path = train(project)  # says what it does on stderr
    meta = load_meta(path)
    accuracy, kind = meta.extra["accuracy"], project.model.quantization
    say(args, f"{path}: {', '.join(meta.labels)}")
    say(
        args,
        f"accuracy {accuracy[kind]:.1%} in {kind} ({accuracy['float']:.1%} in float) "
        f"on {accuracy['test_windows']} windows not trained on",
    )
    emit_json(args, {"model": path, "labels": meta.labels, **meta.extra})
    return 0
