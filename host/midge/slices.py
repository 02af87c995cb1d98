"""What STRIDED_SLICE takes of each axis, by the masks of its options."""

from __future__ import annotations

from typing import Any

import numpy as np

Cut = tuple[int, int, int]  # first element, step, how many


def strided(
    shape: tuple[int, ...],
    begin: list[int],
    end: list[int],
    strides: list[int],
    attrs: dict[str, Any],
) -> tuple[list[Cut], list[int]]:
    """The cut of each input axis, and the output's shape.

    Args:
        shape: of the input.
        begin, end, strides: the op's operands, one entry for each entry of an index as Python
            has them: slices, numbers (``shrink_axis_mask``), ``...`` and new axes.
        attrs: the op's options.

    Raises:
        ValueError: the operands do not fit the shape, or each other.
    """
    if not len(begin) == len(end) == len(strides):
        raise ValueError(f"begin {begin}, end {end} and strides {strides}: not as many of each")
    masks = {k: int(attrs.get(f"{k}_mask", 0)) for k in ("begin", "end", "shrink_axis")}
    cuts: list[Cut] = []
    out: list[int] = []
    for i, what in enumerate(_entries(len(shape), len(begin), attrs)):
        if what == "new":
            out.append(1)
            continue
        for _ in range(what if isinstance(what, int) else 1):
            if len(cuts) == len(shape):
                raise ValueError(f"{len(begin)} entries for shape {shape}")
            n = shape[len(cuts)]
            if isinstance(what, int):
                cuts.append((0, 1, n))
            else:
                last = begin[i] + end[i] if attrs.get("offset") else end[i]
                on = {k: bool(mask >> i & 1) for k, mask in masks.items()}
                cuts.append(_cut(n, begin[i], last, strides[i], on))
            if what != "cut" or not masks["shrink_axis"] >> i & 1:
                out.append(cuts[-1][2])
    rest = shape[len(cuts) :]
    return cuts + [(0, 1, n) for n in rest], out + list(rest)


def _entries(rank: int, count: int, attrs: dict[str, Any]) -> list[int | str]:
    """For each entry of the index: "cut", "new", or how many whole axes ``...`` stands for."""
    ellipsis, new = int(attrs.get("ellipsis_mask", 0)), int(attrs.get("new_axis_mask", 0))
    new &= ~ellipsis  # as TensorFlow: an entry is one or the other
    entries: list[int | str] = ["new" if new >> i & 1 else "cut" for i in range(count)]
    dots = [i for i in range(count) if ellipsis >> i & 1]
    if len(dots) > 1:
        raise ValueError(f"ellipsis_mask {ellipsis:#b}: more than one ellipsis")
    for i in dots:
        taken = sum(entry == "cut" for entry in entries) - 1
        if taken > rank:
            raise ValueError(f"{taken} entries for {rank} dimensions")
        entries[i] = rank - taken
    return entries


def _cut(n: int, begin: int, end: int, step: int, on: dict[str, bool]) -> Cut:
    if step == 0:
        raise ValueError("stride 0")
    low, high = (0, n) if step > 0 else (-1, n - 1)
    first, last = (min(max(at + n if at < 0 else at, low), high) for at in (begin, end))
    if on["begin"]:
        first = low if step > 0 else high
    if on["end"]:
        last = high if step > 0 else low
    if on["shrink_axis"]:
        if not 0 <= first < n or (not on["begin"] and not -n <= begin < n):
            raise ValueError(f"index {begin} of {n} elements")
        return first, 1, 1
    return first, step, max(0, -((first - last) // step))


def index(cuts: list[Cut]) -> tuple[np.ndarray, ...]:
    """The cuts as numpy takes them: ``data[index(cuts)]`` keeps every axis."""
    return np.ix_(*(first + step * np.arange(count) for first, step, count in cuts))
