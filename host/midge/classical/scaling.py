"""Features to int16, each by an offset and a gain of its own, as ``midge_scale_features`` does.

Trees, distances and densities need each feature's own range: one scale for all would leave the
small ones a few steps. The thresholds and means of a model go through :meth:`Scaling.apply`, the
same arithmetic as the board's, so a feature at a threshold is on its right side.
"""

from __future__ import annotations

import dataclasses

import numpy as np

FRACTION_BITS = 6
LIMIT = 32767
ROOM = 32000  # a range's ends; what lies beyond is clamped at LIMIT
# |offset * gain|: keeps the bias within 2^29, and a step no finer than a float32 resolves
_MOST = 1 << 23


@dataclasses.dataclass(frozen=True)
class Scaling:
    """``q = clamp((floor(x * mult * 2**-shift) + bias + 32) >> 6)`` for each feature."""

    mult: np.ndarray  # int32
    shift: np.ndarray  # int8
    bias: np.ndarray  # int32
    limit: int = LIMIT

    @property
    def gain(self) -> np.ndarray:
        """Steps for each 1 of the input, float64."""
        return np.ldexp(self.mult.astype(np.float64), -self.shift.astype(int) - FRACTION_BITS)

    @property
    def offset(self) -> np.ndarray:
        """What becomes 0, float64."""
        return -self.bias / (self.gain * (1 << FRACTION_BITS))

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Steps (int16) of ``values`` [..., features]: float32, or integers."""
        values = np.asarray(values)
        if values.dtype.kind == "i":
            mantissa, exponent = values.astype(np.int64), np.zeros(values.shape, np.int64)
        else:
            mantissa, exponent = _apart(values.astype(np.float32))
        whole = mantissa * self.mult.astype(np.int64)
        right = self.shift.astype(np.int64) - exponent
        far = np.int64(1) << np.int64(40)
        floor = whole >> np.clip(right, 0, 63)
        floor = np.where((right <= 0) & (whole != 0), np.sign(whole) * far, floor)
        q = (floor + self.bias + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS
        return np.clip(q, -self.limit, self.limit).astype(np.int16)


def _apart(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float32 = mantissa * 2**exponent, int64; NaN as the lowest value."""
    finite = np.isfinite(values)
    part, exponent = np.frexp(np.where(finite, values, 0).astype(np.float64))
    mantissa = np.ldexp(part, 24).astype(np.int64)
    mantissa = np.where(finite, mantissa, np.where(values > 0, 1, -1))
    return mantissa, np.where(finite, exponent.astype(np.int64) - 24, 1000)


def fit(low: np.ndarray, high: np.ndarray, room: int = ROOM, limit: int = LIMIT) -> Scaling:
    """A range ``low`` to ``high`` for each feature as -room...room, in the finest steps.

    A feature with one value has steps as fine as a float32 resolves about it.
    """
    low, high = (np.asarray(v, np.float64) for v in (low, high))
    half = (high - low) / 2
    ends = np.maximum(np.abs(low), np.abs(high))
    finest = np.where(ends > 0, ends, 1.0) / _MOST
    return of_gain((low + high) / 2, 1 / np.maximum(half / room, finest), limit)


def of_gain(offset: np.ndarray, gain: np.ndarray, limit: int = LIMIT) -> Scaling:
    """The scaling ``q = (x - offset) * gain``.

    Raises:
        ValueError: a gain is beyond 2**-80...2**80.
    """
    gain = np.broadcast_to(gain, offset.shape).astype(np.float64)
    if not ((gain > 2.0**-80) & (gain < 2.0**80)).all():
        raise ValueError(f"feature {int(np.argmax(np.abs(np.log2(gain))))}: range out of bounds")
    part, exponent = np.frexp(gain * (1 << FRACTION_BITS))
    mult = np.rint(np.ldexp(part, 31)).astype(np.int64)
    over = mult == 1 << 31
    mult, exponent = np.where(over, mult >> 1, mult), exponent + over
    exact = np.ldexp(mult.astype(np.float64), exponent - 31)
    bias = np.clip(np.rint(-offset * exact), -(1 << 29), 1 << 29)
    return Scaling(
        mult.astype(np.int32), (31 - exponent).astype(np.int8), bias.astype(np.int32), limit
    )
