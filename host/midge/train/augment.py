"""More training windows out of few: shifted, scaled and noisy copies.

Of motion and of what an ADC reads; :mod:`midge.train.audio` has those of speech.
"""

from __future__ import annotations

import numpy as np

_GAIN = 0.32  # powers of 2: 0.8...1.25
_NOISE = 0.02  # of a channel's deviation
_DRIFT = 0.1


def augment(real: np.ndarray, copies: int, rng: np.random.Generator) -> np.ndarray:
    """``copies`` changed versions of each window; float32 ``[copies * n, length, channels]``.

    ``real`` has deviation 1 per channel. Each copy is turned round in time by a random amount
    (a window may begin anywhere in a movement), scaled by 0.8...1.25 per channel, and gets
    noise of 0.02.
    """
    count, length, channels = real.shape
    made = np.empty((copies, count, length, channels), np.float32)
    for copy in range(copies):
        for case in range(count):
            made[copy, case] = np.roll(real[case], rng.integers(length), axis=0)
        made[copy] *= _gains(count, channels, rng)
        made[copy] += rng.normal(0.0, _NOISE, made[copy].shape)
    return made.reshape(copies * count, length, channels)


def picture(real: np.ndarray, copies: int, rng: np.random.Generator) -> np.ndarray:
    """The same for pictures of deviation 1: float32 ``[copies * n, height, width, channels]``.

    Each copy is moved by up to a sixteenth of its height and width (its edge is repeated), has
    0.8...1.25 times the contrast and a brightness of -0.3...0.3 more, and gets noise of 0.02.
    """
    count, height, width, _ = real.shape
    made = np.empty((copies, *real.shape), np.float32)
    for copy in range(copies):
        for case in range(count):
            rows, columns = (
                np.clip(np.arange(n) + rng.integers(-(n // 16), n // 16 + 1), 0, n - 1)
                for n in (height, width)
            )
            made[copy, case] = real[case][rows][:, columns]
        one = (count, 1, 1, 1)
        made[copy] *= np.exp2(rng.uniform(-_GAIN, _GAIN, one))
        made[copy] += rng.uniform(-0.3, 0.3, one) + rng.normal(0.0, _NOISE, real.shape)
    return made.reshape(copies * count, *real.shape[1:])


def analog(real: np.ndarray, copies: int, rng: np.random.Generator) -> np.ndarray:
    """The same of what an ADC reads: other gains, a drift and noise. Not turned in time: an
    edge that no signal has would be where the window's ends meet."""
    count, length, channels = real.shape
    made = np.empty((copies, count, length, channels), np.float32)
    for copy in range(copies):
        made[copy] = real * _gains(count, channels, rng)
        made[copy] += rng.uniform(-_DRIFT, _DRIFT, (count, 1, channels))
        made[copy] += rng.normal(0.0, _NOISE, real.shape)
    return made.reshape(copies * count, length, channels)


def _gains(count: int, channels: int, rng: np.random.Generator) -> np.ndarray:
    return np.exp2(rng.uniform(-_GAIN, _GAIN, (count, 1, channels)))
