"""The command ``midge``: parses the command line and hands over to one file of commands/.

Only the standard library is imported here; a command imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from midge import exits
from midge.errors import MidgeError

COMMANDS = (
    "new", "data", "train", "search", "report", "convert", "check", "build", "run", "bench",
    "flash", "doctor",
)  # fmt: skip

_MEND = {  # what to do about errors of the operating system
    errno.ENOSPC: "make room on that disk, then run it again",
    errno.EDQUOT: "make room: this user's quota is used up",
    errno.EFBIG: "raise the limit of a file's size (ulimit -f)",
    errno.EACCES: "let this user write there, or take another folder",
    errno.EROFS: "take a folder on a disk that can be written to",
}
_EPILOG = """\
a project, from nothing to a board (without a board, an emulated Pico stands in):
  midge new walk && cd walk
  midge train
  midge check
  midge build
  midge run

`midge COMMAND --help` shows options and examples; `midge doctor` says what is missing.
"""


def make_parser() -> argparse.ArgumentParser:
    """The whole command line, as ``docs/cli.md`` shows it."""
    parser = argparse.ArgumentParser(
        prog="midge",
        description="Machine learning in MicroPython: train on a PC, run int8 C on the board.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, help="print the version and exit")
    sub = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"midge.commands.{name}").add_parser(sub)
    return parser


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None):  # noqa: A002
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from midge.version import version

        print(f"midge {version()}")
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code (see :mod:`midge.exits`)."""
    args = make_parser().parse_args(argv)
    return guarded(args.do, args)


def guarded(do: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """Runs ``do(args)`` and turns every error into one message and an exit code."""
    try:
        code = do(args)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return exits.INTERRUPTED
    except BrokenPipeError:  # `midge ... | head`: the reader has gone, nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.OK
    except MidgeError as err:
        if args.debug:
            raise
        return _report(args, exits.code_of(err), err.what, err.where, err.do)
    except OSError as err:
        if args.debug:
            raise
        what = err.strerror or str(err)
        return _report(
            args, exits.ERROR, what, str(err.filename or ""), _MEND.get(err.errno or 0, "")
        )
    except Exception as err:
        if args.debug:
            raise
        do_this = "run it again with --debug and report what it prints"
        return _report(args, exits.BUG, f"{type(err).__name__}: {err}", "inside Midge", do_this)


def _report(args: argparse.Namespace, code: int, what: str, where: str, do: str) -> int:
    print(f"midge {args.command}: error: {MidgeError(what, where=where, do=do)}", file=sys.stderr)
    if args.json:
        error = {"what": what, "where": where, "do": do, "exit_code": code}
        print(json.dumps({"error": error}, indent=1))
    return code


if __name__ == "__main__":
    sys.exit(main())
