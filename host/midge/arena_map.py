"""The arena over time: which buffer lies where, from which layer to which; as text and as SVG."""

from __future__ import annotations

import html
from typing import Any

from midge.compile import CompiledModel

_TEXT_ROWS = 24  # of the text picture; each row is a share of the arena
_ROOM, _WIDTH, _HEIGHT = 84, 860, 360  # of the SVG, in its units
_NARROWEST = 26  # a column, to have room for its number
_COLOURS = ("#4c78a8", "#72b7b2", "#54a24b", "#eeca3b", "#b279a2", "#9d755d")
_SCRATCH = "#e45756"


def rows(compiled: CompiledModel) -> list[dict[str, Any]]:
    """The buffers in use, for JSON: ``name``, ``offset`` and ``bytes`` in the arena, ``first``
    and ``last`` step (-1: it is there before the first; number of steps: after the last), and
    ``scratch``, whether only one kernel call needs it."""
    buffers = compiled.program.buffers
    return [
        {
            "name": buffers[i].name,
            "offset": buffers[i].offset,
            "bytes": buffers[i].nbytes,
            "first": life.first,
            "last": life.last,
            "scratch": buffers[i].scratch,
        }
        for i, life in sorted(compiled.plan.lives.items())
        if buffers[i].nbytes
    ]


def text(arena: list[dict[str, Any]], arena_bytes: int, steps: int) -> str:
    """A picture in letters: one column a step, the arena's start at the bottom.

    A letter is an activation, ``#`` scratch, ``.`` free. A legend follows.
    """
    if not arena or not arena_bytes:
        return "no arena"
    share = max(1, -(-arena_bytes // _TEXT_ROWS))
    grid = [["."] * steps for _ in range(-(-arena_bytes // share))]
    names: list[str] = []
    for row in sorted(arena, key=lambda r: (not r["scratch"], r["first"])):  # activations on top
        letter = "#"
        if not row["scratch"]:
            letter = chr(ord("a") + len(names) % 26)
            names.append(f"{letter} {row['bytes']:>8,} B  {row['name']}")
        for step in range(max(0, row["first"]), min(steps - 1, row["last"]) + 1):
            for cell in range(
                row["offset"] // share, (row["offset"] + row["bytes"] - 1) // share + 1
            ):
                grid[cell][step] = letter
    lines = [f"{i * share:>9,} {''.join(grid[i])}" for i in reversed(range(len(grid)))]
    return "\n".join([*lines, f"{'':>9} one column a layer; # scratch", *names])


def svg(arena: list[dict[str, Any]], arena_bytes: int, layers: list[str]) -> str:
    """The same as a picture: time to the right, addresses upward, a tip on every box."""
    steps = len(layers)
    column = max(_NARROWEST, _WIDTH // max(steps, 1))
    width = _ROOM + column * steps + 10
    parts = [
        f'<svg viewBox="0 0 {width} {_HEIGHT + 40}" width="{width}" role="img" '
        f'aria-label="arena over time" font-family="sans-serif" font-size="11">'
    ]
    for share in range(5):
        y = _HEIGHT - _HEIGHT * share / 4 + 6
        parts.append(
            f'<line x1="{_ROOM}" x2="{width - 10}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{_ROOM - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{arena_bytes * share // 4:,} B</text>"
        )
    for number, row in enumerate(arena):
        parts.append(_box(row, arena_bytes, steps, column, _COLOURS[number % len(_COLOURS)]))
    for number, layer in enumerate(layers):
        x = _ROOM + column * (number + 0.5)
        parts.append(
            f'<text x="{x:.1f}" y="{_HEIGHT + 22}" text-anchor="middle">{number}'
            f"<title>{html.escape(layer)}</title></text>"
        )
    parts.append(f'<text x="{_ROOM}" y="{_HEIGHT + 37}">kernel call (red: scratch)</text></svg>')
    return "\n".join(parts)


def _box(row: dict[str, Any], arena_bytes: int, steps: int, column: int, colour: str) -> str:
    first, last = max(0, row["first"]), min(steps - 1, row["last"])
    scale = _HEIGHT / arena_bytes
    height = row["bytes"] * scale
    y = _HEIGHT - row["offset"] * scale - height + 6
    tip = f"{row['name']}: {row['bytes']:,} bytes at {row['offset']:,}, calls {first} to {last}"
    return (
        f'<rect x="{_ROOM + column * first + 1}" y="{y:.2f}" '
        f'width="{column * (last - first + 1) - 2}" height="{max(height, 0.7):.2f}" '
        f'fill="{_SCRATCH if row["scratch"] else colour}" fill-opacity="0.75" stroke="#fff" '
        f'stroke-width="0.5"><title>{html.escape(tip)}</title></rect>'
    )
