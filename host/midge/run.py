"""Runs a script on a board and collects what it reports."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from midge import telemetry
from midge.emulator.probes import Edge
from midge.links.base import DEFAULT_TIMEOUT_S, Link


@dataclasses.dataclass
class RunResult:
    """What a script printed, reported and did to the board's pins."""

    lines: list[str]  # all of its output, telemetry included
    records: list[dict[str, Any]]  # telemetry, in order; see midge.telemetry
    gpio: list[Edge]  # changes of output pins, where the link can see them

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """The records of one kind, e.g. "window"."""
        return [record for record in self.records if record["k"] == kind]


def run_script(
    script: Path,
    link: Link,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    on_line: Callable[[str], object] | None = None,
    on_record: Callable[[dict[str, Any]], object] | None = None,
) -> RunResult:
    """Runs ``script`` on the board behind ``link``.

    Args:
        on_line: called with every line that is not telemetry, as it comes.
        on_record: called with every telemetry record, as it comes.

    Raises:
        ScriptError: the script raised an exception.
        LinkError: the board cannot be reached, stopped answering, or took too long.
    """
    result = RunResult([], [], [])
    before = len(link.gpio())
    for line in link.run(script, timeout_s):
        result.lines.append(line)
        record = telemetry.parse(line)
        if record is None:
            if on_line is not None:
                on_line(line)
            continue
        result.records.append(record)
        if on_record is not None:
            on_record(record)
    result.gpio = link.gpio()[before:]
    return result
