"""Leads: how far kernels may write over what they read, from the order in which they do it.

A kernel works in steps ("granules"): it reads what a granule needs, then writes the granule's
part of the output. With the output ``shift`` bytes behind an operand, no byte is lost while each
granule's end, so shifted, is at most where the granules after it still read. That holds for any
shift up to the least such distance, which is exact: one byte more would lose one.

``tests/ops/test_overlap.py`` runs every kernel at its lead, and shows that one element more fails.
"""

from __future__ import annotations

import numpy as np

from midge.program import ANYWHERE, Lead, Param


def granules(first: np.ndarray, end: np.ndarray) -> Lead:
    """The lead of a kernel that reads each granule before it writes it.

    Args:
        first: the least byte of the operand that each granule reads, in the kernel's order.
        end: where the output ends that is written up to and with each granule, in bytes.
    """
    if len(first) < 2:
        return Lead(ANYWHERE)
    needed = np.minimum.accumulate(first[::-1])[::-1]  # by this granule or a later one
    return Lead(int((needed[1:] - end[:-1]).min()))


def elements(n: int, in_bytes: int, out_bytes: int) -> Lead:
    """One output element from the input element at its place; sizes in bytes."""
    at = np.arange(n, dtype=np.int64)
    return granules(at * in_bytes, (at + 1) * out_bytes)


def matrix(rows: int, in_c: int, out_c: int, together: int = 1) -> Lead:
    """Rows of a matrix product, each output from its whole row of the input.

    ``together``: outputs of a row that are written when all are computed.
    """
    starts = np.arange(0, out_c, together)
    row = np.arange(rows, dtype=np.int64)[:, None]
    first = row * in_c + 0 * starts
    end = row * out_c + np.minimum(starts + together, out_c)
    return granules(first.reshape(-1), end.reshape(-1))


def strides(sizes: list[int], steps: list[int]) -> Lead:
    """Each output element from one place of the operand, walked with ``steps``, the last fastest;
    also the first of several places, if none of the others lies before it."""
    first = np.zeros(1, np.int64)
    for size, step in zip(sizes, steps, strict=True):
        first = (first[:, None] + np.arange(size, dtype=np.int64) * step).reshape(-1)
    return granules(first, np.arange(1, first.size + 1))


def runs(first: np.ndarray, run: int) -> Lead:
    """Runs of ``run`` bytes copied from ``first`` on; the two ends of a copy must not overlap."""
    if run == 1:
        return granules(first, np.arange(1, first.size + 1))
    return Lead(int((first - (np.arange(first.size, dtype=np.int64) + 1) * run).min()))


def pixels(rows: np.ndarray, columns: np.ndarray, channels: np.ndarray) -> Lead:
    """Each output element from places of which the first is where its row, its column and its
    channel add up to (bytes)."""
    first = (rows[:, None, None] + columns[None, :, None] + channels).reshape(-1)
    return granules(first, np.arange(1, first.size + 1))


def corners(params: dict[str, Param], channels: int) -> np.ndarray:
    """The first byte inside the input of each output pixel's window, int64 [out_h * out_w]."""
    p = {k: v for k, v in params.items() if isinstance(v, int)}
    ends = []
    for axis, before in (("h", "pad_top"), ("w", "pad_left")):
        at = np.arange(p[f"out_{axis}"], dtype=np.int64) * p[f"stride_{axis}"] - p[before]
        ends.append(np.clip(at, 0, p[f"in_{axis}"] - 1))
    return ((ends[0][:, None] * p["in_w"] + ends[1][None, :]) * channels).reshape(-1)


def tiles(params: dict[str, Param], tile: int) -> Lead:
    """Windows over all channels; ``tile`` pixels are read before they are written."""
    out_c = int(params["out_c"])  # type: ignore[arg-type]
    first = corners(params, int(params["in_c"]))  # type: ignore[arg-type]
    starts = np.arange(0, len(first), tile)
    ends = np.minimum(starts + tile, len(first)) * out_c
    return granules(np.minimum.reduceat(first, starts), ends)


def pooled(params: dict[str, Param]) -> Lead:
    """``conv_pool``: a band's windows are read before its lines are written."""
    p = {k: v for k, v in params.items() if isinstance(v, int)}
    first = corners(params, p["in_c"])
    starts = np.arange(0, len(first), p["lines"] * p["pool_h"] * p["out_w"])
    line = np.arange(0, p["out_h"] // p["pool_h"], p["lines"], dtype=np.int64)
    ends = np.minimum(line + p["lines"], p["out_h"] // p["pool_h"])
    return granules(
        np.minimum.reduceat(first, starts), ends * (p["out_w"] // p["pool_w"]) * p["out_c"]
    )


def windows(params: dict[str, Param], in_c: int, out_c: int, groups: int) -> Lead:
    """Windows in groups of channels, each output element written by itself."""
    group = np.arange(out_c, dtype=np.int64) // (out_c // groups)
    first = corners(params, in_c)[:, None] + group * (in_c // groups)
    return granules(first.reshape(-1), np.arange(1, first.size + 1))


def bands(params: dict[str, Param], channels: int) -> Lead:
    """Windows three rows high: some lines of output are written when their windows' rows have
    been read, each once."""
    p = {k: v for k, v in params.items() if isinstance(v, int)}
    line = np.arange(0, p["out_h"], p["lines"], dtype=np.int64)
    top = line * p["stride_h"] - p["pad_top"]
    last = np.minimum(line + p["lines"], p["out_h"]) - 1
    read = last * p["stride_h"] - p["pad_top"] + 3  # rows read with a band
    before = np.concatenate([top[:1], read[:-1]])
    first = np.clip(np.maximum(top, before), 0, p["in_h"]) * p["in_w"]
    return granules(first * channels, (last + 1) * p["out_w"] * channels)


def planes(channels: int) -> Lead:
    """A channel's whole plane is read before it is written: its bytes lie ``channels`` apart."""
    return Lead(ANYWHERE) if channels == 1 else Lead(-ANYWHERE, channels)
