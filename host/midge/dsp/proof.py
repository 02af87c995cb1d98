"""Worst cases of the blocks' arithmetic: no input of int16 can overflow a sum.

Whole-number interval arithmetic with the very tables that the blocks use. What a block clamps on
purpose (saturation) is not an overflow. ``tests/dsp/test_proof.py`` holds these to their limits
and tries the extremes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from midge.dsp import fft
from midge.dsp.bands import Triangles

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


def statistics(n: int) -> dict[str, tuple[int, int]]:
    """``dsp_statistics`` of ``n`` samples: the largest magnitude of each sum or product, and what
    its type holds."""
    u32, i64, u64 = 2**32, 2**63, 2**64
    deviation = n * INT16 + n * INT16  # n x - S1
    e = INT16  # scaled to 15 bits; a shift to the right rounds a negative one down to -2^15
    square = e * e
    cube = e * (square >> 15)
    root = math.isqrt(max(((1 << 44) - 1) << 16, n * n * INT16 * INT16 << 2))
    return {
        "sum": (n * INT16, INT32),
        "low halves of squares": (n * 0xFFFF, u32),
        "high halves of squares": (n * (INT16 * INT16 >> 16), u32),
        "deviation": (deviation, INT32),
        "square": (square, u32),
        "cube": (cube, INT32),
        "fourth power": ((square >> 15) ** 2, u32),
        "sum of squares times n": (n * square * n, u64),
        "sum of cubes times n": (n * cube * n, i64),
        "sum of fourth powers times n": (n * (square >> 15) ** 2 * n, u64),
        "root": (root, INT32),
        "mean in 1/16": (INT16 * 16 + (n - 1) * 16 + n // 2, INT32),
        "root over n in 1/16": (((n << 8) - 1) * 16 + (n << 7), INT32),
        "peak squared": (INT16 * INT16, u32),
    }


def mel(triangles: Triangles) -> dict[str, tuple[int, int]]:
    """``dsp_power`` and ``dsp_mel``."""
    bin_most = 2 * INT16 * INT16
    bins = int(triangles.edges[-1]) - int(triangles.edges[0])
    rise = int(triangles.rise.max(initial=0))
    return {
        "power of a bin": (bin_most, 2**32),
        "power times its share": (bin_most * rise, 2**64),
        "band": (2 * bins * bin_most, 2**64),
        "share": (rise, 2**15 + 1),  # or `whole - rising` were negative
    }


def bands(edges: np.ndarray) -> int:
    """The largest energy of a band, of 64 bits."""
    return int((edges[:, 1].astype(np.int64) - edges[:, 0]).max()) * 2 * INT16 * INT16


def log2(table: np.ndarray, exponent: int, offset: int, frac: int) -> dict[str, tuple[int, int]]:
    """``dsp_log2`` of any 64 bits: with the largest |exponent|, |offset| and half a step."""
    steps = np.diff(table.astype(np.int64))
    between = int(steps.max()) * 0xFFFF
    value = 63 * 2**16 + int(table.max()) + (between >> 16)
    return {
        "fall of the table": (max(0, -int(steps.min())), 1),  # or a difference were negative
        "line between": (between, 2**32),
        "sum": (value + exponent * 2**16 + offset + (1 << 15 - frac), INT32),
    }


def image(height: int, width: int, luma: np.ndarray) -> dict[str, tuple[int, int]]:
    """``dsp_image``: weights of four pixels add up to 2^14."""
    intensity = (int(luma.sum()) * 255 + 128) >> 8
    total = max(intensity, 255) * 2**14 + 2**13
    return {
        "intensity": (intensity, 256),
        "sum": (total, INT32),
        "place in the table": (total >> 14, 256),
        "place of a pixel": (height * width, INT32),
    }
