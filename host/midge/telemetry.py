"""Telemetry: records that a script on the board prints, one a line, among its other output.

A line is ``@midge `` and one compact JSON object, as ``device/midge/telemetry.py`` prints it::

    @midge {"k":"window","t":1234,"label":"walking","score":0.98}

Keys that every record has:

- ``k``: the kind: ``window`` (a classified window), ``alert``, ``sample``, ``error``, ``end``.
- ``t``: milliseconds on the board since its script started.

All other keys are the kind's own fields: numbers, strings, booleans, null, and flat lists.
"""

from __future__ import annotations

import json
from typing import Any

PREFIX = "@midge "
KINDS = ("window", "alert", "sample", "error", "end")


def parse(line: str) -> dict[str, Any] | None:
    """The record in a line, or None if it holds none (or was cut short)."""
    if not line.startswith(PREFIX):
        return None
    try:
        record = json.loads(line[len(PREFIX) :])
    except ValueError:
        return None
    if not isinstance(record, dict) or "k" not in record or "t" not in record:
        return None
    return record


def format_line(kind: str, t_ms: int, **fields: Any) -> str:
    """A record as the line that a board prints."""
    return PREFIX + json.dumps({"k": kind, "t": t_ms, **fields}, separators=(",", ":"))
