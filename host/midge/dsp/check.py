"""Refusals that the makers of parameters share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from midge.errors import FeatureError

Numbers = Sequence[float] | np.ndarray


def finite(values: Numbers, what: str) -> np.ndarray:
    """``values`` as float64 [n].

    Raises:
        FeatureError: one is NaN or infinite (which one is said).
    """
    array = np.atleast_1d(np.asarray(values, np.float64))
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise FeatureError(
            f"{what}: number {bad[0]} of {array.size} is {array.flat[bad[0]]}",
            do="constants must be finite: look for empty or constant recordings",
        )
    return array


def whole(value: int, what: str, low: int, high: int) -> int:
    """``value``, an integer within [low, high].

    Raises:
        FeatureError: it is not.
    """
    if int(value) != value or not low <= value <= high:
        raise FeatureError(f"{what} is {value}, needed a whole number from {low} to {high}")
    return int(value)


def frequency(hz: float, rate_hz: float, what: str) -> float:
    """``hz``, above 0 and below half the sample rate.

    Raises:
        FeatureError: it is not.
    """
    if not (np.isfinite(hz) and 0 < hz < rate_hz / 2):
        raise FeatureError(
            f"{what} is {hz:g} Hz, needed above 0 and below the Nyquist frequency, "
            f"{rate_hz / 2:g} Hz at {rate_hz:g} samples a second"
        )
    return float(hz)
