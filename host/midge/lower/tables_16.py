"""Tables of the 16-bit LOGISTIC, TANH and SOFTMAX, as TFLite's reference kernels have them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from midge.quantmath import round_away

_STEPS = 512


@functools.cache
def sigmoid() -> np.ndarray:
    """2**16 / (1 + exp(-i / 24)) for i in 0...255, each moved by half of what a straight line to
    the next misses in the middle between them; the last is the largest uint16."""

    def exact(i: float) -> float:
        return 65536 / (1 + math.exp(-i / 24))

    values = [exact(i) + (exact(i + 0.5) - (exact(i) + exact(i + 1)) / 2) / 2 for i in range(255)]
    return np.array([*map(round, values), 65535], np.uint16)


@functools.cache
def exponential() -> np.ndarray:
    """exp(x) in Q0.15 at 513 points from -10 to 0; int16."""
    return _points(math.exp, -10.0, 0.0)


@functools.cache
def reciprocal() -> np.ndarray:
    """1 / (1 + x) in Q0.15 at 513 points from 0 to 1; int16."""
    return _points(lambda x: 1 / (1 + x), 0.0, 1.0)


def _points(function: Callable[[float], float], first: float, last: float) -> np.ndarray:
    """The function at the ends of 512 steps, each moved by half of what a straight line from it
    misses in the middle of its step, all rounded: TFLite's LUTPopulate."""
    step = (last - first) / _STEPS

    def scaled(i: float) -> float:
        return function(first + i * step) * 32768

    values = []
    for i in range(_STEPS):
        here = round_away(scaled(i))
        straight = round_away((scaled(i + 1) + here) / 2)
        values.append(here - round_away((straight - round_away(scaled(i + 0.5))) / 2))
    values.append(round_away(scaled(_STEPS)))
    return np.clip(np.array(values), -32768, 32767).astype(np.int16)
