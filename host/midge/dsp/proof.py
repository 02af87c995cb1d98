"""Worst cases of the blocks' arithmetic: no input of int16 can overflow a sum.

Whole-number interval arithmetic with the very tables that the blocks use. What a block clamps on
purpose (saturation) is not an overflow. ``tests/dsp/test_proof.py`` holds these to their limits
and tries the extremes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from midge.dsp import fft

INT16, INT32 = 2**15, 2**31


@dataclass(frozen=True)
class Worst:
    """``sum``: the largest magnitude a 32-bit sum reaches; ``stored``: of what is then stored."""

    sum: int
    stored: int


def fft_first(radix: int) -> Worst:
    """The stage without twiddles: a sum of ``radix`` int16 or their negatives, half of each sign
    at worst, shifted by log2(radix)."""
    added = {2: 0, 4: 1}[radix]
    total = radix // 2 * (INT16 + INT16 - 1) + added
    return Worst(total, total >> radix.bit_length() - 1)


def fft_stage(n: int, bits: int) -> Worst:
    """Any radix-4 stage of size ``n`` whose input has ``bits`` bits."""
    size = np.abs(fft.twiddles(n).astype(np.int64)).sum(-1)  # |cos| + |sin| of W^k, W^3k, W^2k
    shift = bits + 1
    total = (int(size.sum(-1).max()) + (1 << 13)) * (1 << bits) + (1 << shift - 1)
    return Worst(total, total >> shift)


def fft_post(n: int, bits: int) -> Worst:
    """The last stage: even part twice, odd part twice times a twiddle."""
    size = int(np.abs(fft.post(n).astype(np.int64)).sum(-1).max())
    shift = bits + 1
    total = (2 * (1 << 13) + 2 * size) * (1 << bits) + (1 << shift - 1)
    return Worst(total, total >> shift)


def section(row: np.ndarray) -> int:
    """The largest sum of a quantized second-order section, whatever went in and came out."""
    r = [abs(int(v)) for v in row]
    inputs = -(-sum(r[:3]) * INT16 // 2 ** r[7]) + 1
    low = -(-(r[5] + r[6]) * INT16 // 2**14) + 1
    return inputs + (r[3] + r[4]) * INT16 + low + 2**13


def dot(table: np.ndarray, added: int = 0) -> int:
    """The largest sum of int16 inputs with each row of a table, and what is added to it."""
    return int(np.abs(table.astype(np.int64)).sum(-1).max()) * INT16 + added


def scaled(offset: int, mult: int, shift: int) -> int:
    """``dsp_scale``, ``dsp_quantize``: the product of a difference and a multiplier, and half."""
    return (INT16 + abs(offset)) * abs(mult) + (1 << shift - 1)
