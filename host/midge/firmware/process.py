"""Runs build tools: output into a log, progress as it comes, the lines that matter on failure."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from midge.errors import BudgetError, BuildError
from midge.firmware.files import Progress, say

_STEP = re.compile(r"^\[(\d+)/(\d+)\] ")  # ninja's
_MATTERS = re.compile(
    r"error[: ]|undefined reference|multiple definition|No such file|overflowed|not fit|\*\*\*"
)
_OVERFLOW = re.compile(r"region [`'](\w+)' overflowed by (\d+) bytes")
_SHOWN = 8

# What a surrounding `make`, or a user's shell, would steer the build with.
_UNWANTED = (
    "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CFLAGS", "CFLAGS_EXTRA", "CXXFLAGS", "CPPFLAGS",
    "LDFLAGS", "CROSS_COMPILE", "USER_C_MODULES", "FROZEN_MANIFEST", "BOARD", "VARIANT",
    "PICO_SDK_PATH", "PICO_BOARD", "PICO_PLATFORM", "BUILD", "DEBUG", "V",
)  # fmt: skip


def environment(**more: str) -> dict[str, str]:
    """The environment for build tools: this one, in English, less what would steer them."""
    kept = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    return kept | {"LC_ALL": "C"} | more


def run(
    what: str,
    command: Sequence[str | Path],
    log: Path,
    env: dict[str, str],
    progress: Progress | None = None,
) -> None:
    """Runs ``command``, appending its output to ``log``.

    Raises:
        BudgetError: the linker found a memory region too small; says by how many bytes.
        BuildError: it failed otherwise; shows the lines of the log that say why.
    """
    lines: list[str] = []
    told = -1
    with log.open("a", encoding="utf-8", errors="replace") as out:
        out.write(f"$ {' '.join(map(str, command))}\n")
        with subprocess.Popen(
            [str(part) for part in command], env=env, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
        ) as process:  # fmt: skip
            assert process.stdout is not None
            for line in process.stdout:
                out.write(line)
                lines.append(line.rstrip())
                if step := _STEP.match(line):
                    tenth = 10 * int(step[1]) // int(step[2])
                    if tenth != told:
                        told = tenth
                        say(progress, f"{what}: {step[1]} of {step[2]}")
    if process.returncode:
        raise _failure(what, lines, log)


def _failure(what: str, lines: list[str], log: Path) -> BudgetError | BuildError:
    for line in lines:
        if found := _OVERFLOW.search(line):
            return BudgetError(
                f"{found[2]} bytes too many for the memory region {found[1]}",
                where=what,
                do=f"use fewer or smaller models, or freeze less; the whole log is in {log}",
            )
    shown = [line for line in lines if _MATTERS.search(line) and not line.startswith("[")]
    shown = [line for line in shown if len(line) < 400] or lines[-_SHOWN:]
    text = "\n".join(f"  {line}" for line in shown[:_SHOWN])
    return BuildError(f"failed:\n{text}", where=what, do=f"the whole log is in {log}")
