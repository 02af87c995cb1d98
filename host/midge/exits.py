"""What the command line exits with: the one table, which ``docs/cli.md`` repeats under test."""

from __future__ import annotations

from midge.errors import BudgetError, BuildError, LinkError, MidgeError

OK = 0
ERROR = 1
USAGE = 2  # argparse's own
BUDGET = 3
BOARD = 4
BUILD = 5
BUG = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 130  # 128 + SIGINT, the shells' convention

MEANING = {
    OK: "done",
    ERROR: "something you can mend: the message says what",
    USAGE: "the command line is wrong",
    BUDGET: "the model does not fit the board or the project's budget",
    BOARD: "the board or its emulator cannot be reached, or stopped answering",
    BUILD: "a compiler, a source archive or a build step failed",
    BUG: "an error inside Midge: please report it with what --debug shows",
    INTERRUPTED: "interrupted (Ctrl-C)",
}

_BY_TYPE: tuple[tuple[type[MidgeError], int], ...] = (
    (BudgetError, BUDGET),
    (LinkError, BOARD),
    (BuildError, BUILD),
)


def code_of(error: MidgeError) -> int:
    """The exit code of an error: its own ``exit_code``, or that of its kind."""
    if error.exit_code != ERROR:
        return error.exit_code
    return next((code for kind, code in _BY_TYPE if isinstance(error, kind)), ERROR)
