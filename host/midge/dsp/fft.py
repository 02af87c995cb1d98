"""Real FFT: twiddle tables for ``dsp_fft``."""

from __future__ import annotations

import numpy as np

from midge.errors import FeatureError

SIZES = tuple(2**k for k in range(5, 12))
_ONE = 1 << 13  # Q13


def check_size(n: int) -> int:
    """``n``, a power of two from 32 to 2048.

    Raises:
        FeatureError: it is not.
    """
    if n not in SIZES:
        raise FeatureError(f"FFT size is {n}, needed a power of two from 32 to 2048")
    return n


def _turn(k: np.ndarray, n: int) -> np.ndarray:
    """cos and sin of 2 pi k / n in Q13, int16 [..., 2]."""
    angle = 2 * np.pi * k / n
    return np.rint(np.stack([np.cos(angle), np.sin(angle)], -1) * _ONE).astype(np.int16)


def twiddles(n: int) -> np.ndarray:
    """For each radix-4 stage and each k: W^k, W^3k, W^2k; int16 [..., 3, 2].

    Of two sizes four (16, ...) times apart, the smaller one's table is the beginning of the
    larger one's.
    """
    half = check_size(n) // 2
    quarter = 4 if half.bit_length() % 2 else 2
    stages = []
    while quarter < half:
        k = np.arange(quarter)
        stages.append(np.stack([_turn(m * k, 4 * quarter) for m in (1, 3, 2)], 1))
        quarter *= 4
    return np.concatenate(stages)


def post(n: int) -> np.ndarray:
    """W^k of size ``n`` for k = 1 .. n / 4 - 1, int16 [n / 4 - 1, 2]."""
    return _turn(np.arange(1, check_size(n) // 4), n)


def bins(words: np.ndarray, exp: int) -> np.ndarray:
    """What ``dsp_fft`` left, int16 [n / 2 + 1, 2] and its exponent, as complex128."""
    parts = words.reshape(-1, 2).astype(np.float64)
    return (parts[:, 0] + 1j * parts[:, 1]) * 2.0**exp


def reference(samples: np.ndarray) -> np.ndarray:
    """The DFT, not normalized, complex128 [n / 2 + 1]."""
    return np.fft.rfft(np.asarray(samples, np.float64))
