"""A measurement beside an earlier one: what grew and what shrank."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from midge.errors import MidgeError

TOTALS = ("cycles", "arena_bytes", "weights_bytes", "code_bytes", "stack_bytes")


def load(path: Path) -> dict[str, Any]:
    """A report that ``midge bench --json`` wrote.

    Raises:
        MidgeError: no such file, or it is no such report.
    """
    do = "make one: `midge bench --json > before.json`"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise MidgeError(f"cannot read it: {err.strerror}", where=str(path), do=do) from err
    except ValueError as err:
        raise MidgeError(f"not JSON: {err}", where=str(path), do=do) from err
    missing = [key for key in (*TOTALS, "per_op") if key not in found] if _is_dict(found) else []
    if not _is_dict(found) or missing:
        raise MidgeError(
            f"not a report of midge bench: it lacks {', '.join(missing) or 'everything'}",
            where=str(path),
            do=do,
        )
    return dict(found)


def _is_dict(value: object) -> bool:
    return isinstance(value, dict)


def compare(before: dict[str, Any], now: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a total, then one a layer whose cycles changed or that is new or gone.

    Returns:
        Rows of ``what``, ``before``, ``now`` (None: not there) and ``percent`` (None: no base).
    """
    rows = [_row(key, before[key], now[key]) for key in TOTALS]
    old = {row["layer"]: row["cycles"] for row in before["per_op"]}
    new = {row["layer"]: row["cycles"] for row in now["per_op"]}
    changed = [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]
    return rows + [_row(key, old.get(key), new.get(key)) for key in changed]


def _row(what: str, before: int | None, now: int | None) -> dict[str, Any]:
    percent = None
    if before and now is not None:
        percent = 100 * (now - before) / before
    return {"what": what, "before": before, "now": now, "percent": percent}


def table(rows: list[dict[str, Any]]) -> str:
    """The comparison for people."""
    width = max(len(row["what"]) for row in rows)
    lines = [f"{'':<{width}}  {'before':>12}  {'now':>12}  {'change':>8}"]
    for row in rows:
        change = "" if row["percent"] is None else f"{row['percent']:+.2f}%"
        before, now = ("-" if n is None else f"{n:,}" for n in (row["before"], row["now"]))
        lines.append(f"{row['what']:<{width}}  {before:>12}  {now:>12}  {change:>8}")
    return "\n".join(lines)
