"""``midge new``: a project folder, copied from one of the examples."""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from pathlib import Path

from midge.commands.common import DEFAULT_BOARD, add_command, emit_json, say
from midge.errors import MidgeError

_EXAMPLES = """\
  midge new walk
  midge new knocks --example spikes
"""
TEMPLATES = ("gesture", "keyword", "spikes", "bearing", "pump")
_NOT_COPIED = shutil.ignore_patterns("build", "__pycache__", "*.pyc", "__init__.py")


def add_parser(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    parser = add_command(sub, "new", "make a project folder", do_new, _EXAMPLES)
    parser.add_argument("folder", type=Path, metavar="NAME", help="a folder that is not there yet")
    parser.add_argument(
        "--example", choices=TEMPLATES, default=TEMPLATES[0],
        help="what to start from: gesture (I2C motion sensor), keyword (I2S microphone), "
        "spikes (ADC), bearing (vibration: ADC by DMA) or pump (anomalies); default: gesture",
    )  # fmt: skip
    parser.add_argument("--board", metavar="NAME", help=f"default: {DEFAULT_BOARD}")


def do_new(args: argparse.Namespace) -> int:
    """Copies the example under the new name, whole or not at all."""
    folder: Path = args.folder
    name = folder.resolve().name
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise MidgeError(
            f"a project's name is lower-case letters, digits and _, found {name!r}",
            where=str(folder), do="it becomes the model's name on the board, e.g. walk",
        )  # fmt: skip
    if folder.exists():
        raise MidgeError("is there already", where=str(folder), do="choose another name")
    if args.board:
        from midge.boards import load_board

        load_board(args.board)
    from midge.paths import examples_dir
    from midge.project import load_project

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".midge-new-") as draft:
        copy = Path(draft) / name
        shutil.copytree(examples_dir() / args.example, copy, ignore=_NOT_COPIED)
        rename(copy, args.example, name, args.board)
        load_project(copy)  # what was written reads back
        copy.rename(folder.resolve())
    say(args, f"{folder}/: next: cd {folder}; midge train; midge check; midge build; midge run")
    emit_json(args, {"project": folder, "name": name, "example": args.example})
    return 0


def rename(folder: Path, old: str, new: str, board: str | None) -> None:
    """Gives the copied example its new name: in ``midge.toml`` and in the board's scripts."""
    toml = folder / "midge.toml"
    text = toml.read_text(encoding="utf-8")
    text, found = re.subn(rf'^name = "{old}"', f'name = "{new}"', text, flags=re.M)
    if found != 1:
        raise MidgeError(f'needs one line name = "{old}", found {found}', where=str(toml))
    if board:
        text = re.sub(r'^board = ".*"', f'board = "{board}"', text, flags=re.M)
    toml.write_text(text, encoding="utf-8")
    for script in folder.glob("*.py"):
        source = script.read_text(encoding="utf-8")
        script.write_text(
            source.replace(f'midge.load("{old}")', f'midge.load("{new}")'), encoding="utf-8"
        )
