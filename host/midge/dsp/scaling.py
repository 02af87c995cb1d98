"""Gains as a small multiplier and a shift: ``dsp_scale``, ``dsp_quantize``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from midge.dsp.check import Numbers, finite
from midge.errors import FeatureError

_MANTISSA = 14  # bits of |mult|: 17-bit differences times it fit 32 bits
MAX_SHIFT = 30


@dataclass(frozen=True)
class Constants:
    """y = (x - offset) * mult / 2^shift; one element a channel or column."""

    offset: np.ndarray  # int16, or int32 (wide)
    mult: np.ndarray  # int16, or int32 (wide)
    shift: np.ndarray  # int8


def constants(offset: Numbers, gain: Numbers) -> Constants:
    """For int16 inputs: gains within 2^-14, relatively (1 / 16384; tiny ones 2^-31 absolutely).

    Args:
        offset: in units of the input, rounded to whole ones.
        gain: of either sign, magnitude below 8191.

    Raises:
        FeatureError: not finite, an offset outside int16, or a gain too large.
    """
    offsets, gains = np.broadcast_arrays(finite(offset, "offsets"), finite(gain, "gains"))
    rounded = np.rint(offsets)
    if np.abs(rounded).max(initial=0) > 32767:
        raise FeatureError(f"an offset is {rounded[np.abs(rounded).argmax()]:g}: needed int16")
    mults, shifts = zip(*(_split(float(gain)) for gain in gains), strict=True)
    return Constants(
        rounded.astype(np.int16), np.array(mults, np.int16), np.array(shifts, np.int8)
    )


def _split(gain: float) -> tuple[int, int]:
    if abs(gain) >= 2 ** (_MANTISSA - 1) - 1:
        raise FeatureError(f"a gain is {gain:g}, needed a magnitude below {2**13 - 1}")
    exponent = int(np.frexp(gain)[1]) if gain else 0
    shift = min(_MANTISSA - exponent, MAX_SHIFT)
    mult = round(gain * 2**shift)
    if abs(mult) >= 1 << _MANTISSA:  # rounded up to the next power of two
        shift -= 1
        mult = round(gain * 2**shift)
    return mult, shift


def normalization(mean: Numbers, std: Numbers) -> tuple[np.ndarray, np.ndarray]:
    """Offset and gain of (x - mean) / std, for :func:`constants`.

    Raises:
        FeatureError: not finite, or a standard deviation that is not positive.
    """
    means, stds = finite(mean, "means"), finite(std, "standard deviations")
    if (stds <= 0).any():
        at = int(np.flatnonzero(stds <= 0)[0])
        raise FeatureError(
            f"the standard deviation of channel {at} is {stds[at]:g}, needed above 0",
            do="a constant channel carries nothing: leave it out",
        )
    return means, 1.0 / stds


def wide_constants(offset: Numbers, gain: Numbers) -> Constants:
    """For int32 inputs within +-2^29 (``dsp_quantize_wide``): gains within 2^-30, relatively.

    Raises:
        FeatureError: not finite, an offset beyond 2^29, or a gain of 2^30 or more.
    """
    offsets, gains = np.broadcast_arrays(finite(offset, "offsets"), finite(gain, "gains"))
    if np.abs(offsets).max(initial=0) > 2**29:
        raise FeatureError(f"an offset is {np.abs(offsets).max():g}, at most 2^29")
    if np.abs(gains).max(initial=0) >= 2**29:
        raise FeatureError(f"a gain is {np.abs(gains).max():g}, needed below 2^29")
    exponents = np.frexp(gains)[1]
    shifts = np.minimum(30 - exponents, 62)
    return Constants(
        np.rint(offsets).astype(np.int32),
        np.rint(gains * 2.0**shifts).astype(np.int32),
        shifts.astype(np.int8),
    )
