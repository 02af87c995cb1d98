"""ADD and SUB by two tables: ``(a_table[a] + b_table[b]) >> 16``, clamped.

The reference kernel rounds three times; whether one sum of two rounded table entries gives the
same result is tried for all 65,536 pairs of inputs, so a table that is found is proven.
"""

from __future__ import annotations

import numpy as np

from midge import requant

SHIFT = 16  # midge_add_tables.c


def search(numbers: dict[str, int]) -> tuple[np.ndarray, np.ndarray] | None:
    """Tables for the parameters of ``midge_add_t``, or ``None`` where none equal it.

    Returns:
        Two int32 [256], indexed by the input's bits.
    """
    a, b = _scaled(numbers, "a"), _scaled(numbers, "b") * numbers["b_sign"]
    rule = requant.double_rounding(numbers["mult"], numbers["shift"], numbers["out_offset"])
    sums = a[:, None] + b[None, :]
    if numbers["shift"] > 0 or np.abs(sums).max() >= 2**31:
        return None
    low, high = numbers["act_min"], numbers["act_max"]
    exact = np.clip(rule(sums), low, high)
    slope = np.ldexp(float(numbers["mult"]), numbers["shift"] - 31 + SHIFT)
    if slope * np.abs(a).max() >= 2**29 or slope * np.abs(b).max() >= 2**29:
        return None
    start = (numbers["out_offset"] << SHIFT) + (1 << (SHIFT - 1))
    a_table = np.round(a * slope).astype(np.int64)
    for nudge in (0, 1, -1, 2, -2, 4, -4, 8, -8, 16, -16, 32, -32):
        b_table = np.round(b * slope).astype(np.int64) + start + nudge
        found = np.clip((a_table[:, None] + b_table[None, :]) >> SHIFT, low, high)
        if np.array_equal(found, exact):
            return a_table.astype(np.int32), b_table.astype(np.int32)
    return None


def _scaled(numbers: dict[str, int], name: str) -> np.ndarray:
    """One input's 256 values on the common scale, int64, in the order of their bits."""
    q = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.int64)
    wide = (q + numbers[f"{name}_offset"]) << numbers["left_shift"]
    rule = requant.double_rounding(numbers[f"{name}_mult"], numbers[f"{name}_shift"], 0)
    return rule(wide)
