"""Proof that two-lane arithmetic does not overflow (``firmware_modules/midge/midge_packed.h``).

A run of products is summed in a lane of 16 bits with its sign before it is moved to 32-bit sums.
Both lanes are multiplied by the same weights, so one bound holds for both: the run's extremes
over all int8 inputs.
"""

from __future__ import annotations

import numpy as np

LANE = (-(2**15), 2**15 - 1)


def runs_fit(weights: np.ndarray, run: int) -> np.ndarray:
    """Whether each run of ``run`` neighbouring weights fits a lane whatever the inputs are.

    Args:
        weights: int8 or int32 [channels, taps].
        run: taps summed before a flush; the last run may be shorter.

    Returns:
        bool [channels]: all runs of the channel fit.
    """
    channels, taps = weights.shape
    padded = np.zeros((channels, -(-taps // run) * run), np.int64)
    padded[:, :taps] = weights
    low, high = extremes(padded.reshape(channels, -1, run))
    inside = (low >= LANE[0]) & (high <= LANE[1])
    return np.asarray(inside.all(axis=1))


def extremes(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest sum over the last axis of weights times int8 inputs, int64."""
    up, down = np.maximum(weights, 0), np.minimum(weights, 0)
    low = (-128 * up + 127 * down).sum(axis=-1, dtype=np.int64)
    high = (127 * up - 128 * down).sum(axis=-1, dtype=np.int64)
    return low, high
