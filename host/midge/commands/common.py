"""What the commands share: common options, progress on stderr, JSON on stdout, finding a model."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from midge.errors import MidgeError

if TYPE_CHECKING:
    from midge.boards import Board
    from midge.choose import Goal
    from midge.compile import CompiledModel
    from midge.project import Project

DEFAULT_BOARD = "RPI_PICO"


def add_command(
    sub: Any, name: str, help_text: str, do: Callable[[argparse.Namespace], int], examples: str
) -> argparse.ArgumentParser:
    """A command's parser with the options all commands have; ``examples`` is shown by --help."""
    parser: argparse.ArgumentParser = sub.add_parser(
        name,
        help=help_text,
        description=help_text[0].upper() + help_text[1:] + ".",
        epilog="examples:\n" + examples.rstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON on stdout")
    parser.add_argument("--debug", action="store_true", help="show where an error comes from")
    parser.set_defaults(do=do)
    return parser


def add_project(parser: argparse.ArgumentParser) -> None:
    """``--project DIR``."""
    parser.add_argument(
        "--project", type=Path, metavar="DIR", help="the project (default: found from here upward)"
    )


def add_board(parser: argparse.ArgumentParser) -> None:
    """``--board NAME``."""
    parser.add_argument(
        "--board", metavar="NAME", help=f"default: the project's, or {DEFAULT_BOARD}"
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """What works on one model for one board: ``[model] --board NAME --project DIR``."""
    parser.add_argument(
        "model", nargs="?", type=Path, help="a .tflite or .npz; default: the project's"
    )
    add_board(parser)
    add_project(parser)


def model_of(args: argparse.Namespace) -> tuple[CompiledModel, Board, Project | None]:
    """The compiled model and the board of a command with :func:`add_model`'s options.

    The project is None where a model was named: its budget is not about that model.
    """
    project = project_or_none(args)
    board = board_of(args, project)
    path = model_path(args.model, project)
    if args.model is not None:
        project = None
    return compile_all([path], board, project)[0], board, project


def need_file(path: Path, do: str) -> Path:
    """The path of a file that is there.

    Raises:
        MidgeError: nothing has that name, or it is a folder.
    """
    if not path.is_file():
        what = "a folder, needed: a file" if path.is_dir() else "no such file"
        raise MidgeError(what, where=str(path), do=do)
    return path


def project_or_none(args: argparse.Namespace) -> Project | None:
    """The project the command is run in, if any."""
    from midge.project import find_project, load_project

    return load_project(args.project) if args.project else find_project()


def need_project(args: argparse.Namespace) -> Project:
    """The project, or an error that says how to get one."""
    from midge.project import FILE, ProjectError

    project = project_or_none(args)
    if project is None:
        raise ProjectError(
            f"no {FILE} here or in a folder above", where=str(Path.cwd()),
            do="go to a project, name it by --project DIR, or make one: `midge new NAME`",
        )  # fmt: skip
    return project


def board_of(args: argparse.Namespace, project: Project | None) -> Board:
    """The board named on the command line, by the project, or the default."""
    from midge.boards import load_board

    return load_board(args.board or (project.board if project else DEFAULT_BOARD))


def model_path(named: Path | None, project: Project | None) -> Path:
    """The model to work on: named on the command line, or the project's."""
    if named is not None:
        return need_file(named, "name a .tflite or .npz file")
    if project is None:
        raise MidgeError(
            "no model named and no project here",
            do="name a .tflite or .npz, go to a project folder, or make one: `midge new NAME`",
        )
    if not project.model_path.is_file():
        raise MidgeError(
            "not trained yet", where=str(project.model_path), do="run `midge train` first"
        )
    return project.model_path


def firmware_of(project: Project | None) -> Path:
    """The UF2 that was built last in the project.

    Raises:
        MidgeError: there is no project, or nothing was built in it.
    """
    folder = project.build_dir if project else Path("build")
    built = sorted(folder.glob("midge-*.uf2"), key=lambda path: path.stat().st_mtime)
    if not built:
        raise MidgeError("no firmware here", where=str(folder), do="run `midge build` first")
    return built[-1]


def compile_all(
    paths: list[Path], board: Board | None = None, project: Project | None = None
) -> list[CompiledModel]:
    """Every model compiled, in order, for the board's RAM and the project's [budget]."""
    from midge.compile import compile_model

    goal = goal_of(board, project) if board else None
    return [compile_model(path, goal=goal) for path in paths]


def goal_of(board: Board, project: Project | None) -> Goal:
    """What the kernels are chosen for: the board's RAM and the project's [budget]."""
    from midge.choose import Goal
    from midge.cost.code import all_ram_bytes
    from midge.verdict import cycles_limit

    ram = board.model_ram_bytes - all_ram_bytes(board.cpu)
    if project is None:
        return Goal(ram_bytes=ram, cpu=board.cpu)
    budget = project.budget
    if budget.ram_kb is not None:
        ram = min(ram, int(budget.ram_kb * 1024))
    return Goal(budget.prefer, ram, cycles_limit(board, project), board.cpu)


class Progress:
    """Progress on stderr: ``progress("linking")`` at each step, with the seconds so far."""

    def __init__(self, what: str):
        self._what = what
        self._start = time.monotonic()
        self._live = sys.stderr.isatty()

    def __call__(self, text: str, *_: Any) -> None:
        seconds = time.monotonic() - self._start
        line = f"[{seconds:5.1f} s] {self._what}: {str(text).rstrip()}"
        if self._live:  # one line that changes
            print(f"\r\x1b[K{line[:119]}", end="", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def done(self) -> None:
        """Leaves the terminal on a fresh line."""
        if self._live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.done()


def say(args: argparse.Namespace, text: str) -> None:
    """A result for people; silent under --json."""
    if not args.json:
        print(text, flush=True)


def emit_json(args: argparse.Namespace, result: dict[str, Any]) -> None:
    """The result for scripts; silent without --json."""
    if args.json:
        print(json.dumps(result, indent=1, default=_plain))


def _plain(value: Any) -> Any:
    """Paths as text, numpy's numbers and arrays as plain ones."""
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} in a JSON result")


def kib(nbytes: int) -> str:
    """Bytes for people: exact, with KiB where that helps."""
    return f"{nbytes} B" if nbytes < 1024 else f"{nbytes / 1024:.1f} KiB ({nbytes} B)"
