"""Logarithms and cosine transform: tables for ``dsp_log2`` and ``dsp_dct``."""

from __future__ import annotations

import numpy as np
from scipy import fft

from midge.dsp.check import finite, whole
from midge.errors import FeatureError

STEPS = 64
MAX_OFFSET = 512.0  # in log2 units


def log2_table() -> np.ndarray:
    """65536 log2(1 + i / 64), uint16 [65]; the last, 65536, is one less."""
    values = np.rint(np.log2(1 + np.arange(STEPS + 1) / STEPS) * 65536)
    return np.minimum(values, 65535).astype(np.uint16)


def log2_offsets(offsets: np.ndarray | list[float]) -> np.ndarray:
    """Offsets in log2 units as int32 Q16.

    Raises:
        FeatureError: one is not finite, or beyond +-512.
    """
    values = finite(offsets, "offsets of the logarithm")
    if np.abs(values).max(initial=0) > MAX_OFFSET:
        raise FeatureError(
            f"an offset of the logarithm is {np.abs(values).max():g}, at most {MAX_OFFSET:g}"
        )
    return np.rint(values * 65536).astype(np.int32)


def dct_matrix(n_out: int, n_in: int) -> np.ndarray:
    """The orthonormal DCT-II's first ``n_out`` rows, float64 [n_out, n_in]."""
    n_in = whole(n_in, "the number of bands", 1, 1024)
    n_out = whole(n_out, "the number of coefficients", 1, n_in)
    return fft.dct(np.eye(n_in), norm="ortho", axis=0)[:n_out]


def quantize_matrix(matrix: np.ndarray) -> tuple[np.ndarray, int]:
    """A matrix for ``dsp_dct`` and how many fraction bits it has.

    As many as fit, at most 15: each element int16, each row's sum of magnitudes below 65535, so
    that no sum of int16 inputs passes 31 bits.

    Raises:
        FeatureError: an element is not finite, or too large.
    """
    matrix = finite(matrix, "the matrix").reshape(np.shape(matrix))
    for frac in range(15, 0, -1):
        table = np.rint(matrix * 2.0**frac)
        if np.abs(table).max() <= 32767 and np.abs(table).sum(1).max() < 65535:
            return table.astype(np.int16), frac
    raise FeatureError(
        f"a row of the matrix adds up to {np.abs(matrix).sum(1).max():g}, at most 32767"
    )
