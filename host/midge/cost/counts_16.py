"""The counts of 16x8 layers; see :mod:`midge.cost.counts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from midge.cost.counts import Args, Counts


def fully_connected(a: Args) -> Counts:
    outputs = a.rows * a.out_c
    return {"outputs": outputs, "products": outputs * a.in_c}
