"""Synthetic ADC windows: a sinusoid, with or without spikes on it."""

from __future__ import annotations

import numpy as np

from midge.train.data import Dataset, Windows

NAME = "spikes"
LABELS = ["normal", "spikes"]
LENGTH = 64  # samples in a window
RATE_HZ = 100.0
ADC_MAX = 4095  # the RP2040's ADC has 12 bits
_MIDDLE = 2048


def make_window(rng: np.random.Generator, spiked: bool) -> np.ndarray:
    """One window of 12-bit ADC counts (0...4095), int16 ``[64, 1]``.

    One to four periods of 300...900 counts around mid-scale with noise of 20 counts; ``spiked``
    adds one to three single samples 500...1100 counts off.
    """
    time = np.arange(LENGTH) / LENGTH
    periods, phase = rng.uniform(1.0, 4.0), rng.uniform(0.0, 2.0 * np.pi)
    signal = _MIDDLE + rng.uniform(300.0, 900.0) * np.sin(2.0 * np.pi * periods * time + phase)
    signal += rng.normal(0.0, 20.0, LENGTH)
    if spiked:
        # Not in the outermost two samples: a spike there is half outside the window.
        at = rng.choice(np.arange(2, LENGTH - 2), size=rng.integers(1, 4), replace=False)
        signal[at] += rng.uniform(500.0, 1100.0, len(at)) * rng.choice([-1.0, 1.0], len(at))
    return np.clip(np.rint(signal), 0, ADC_MAX).astype(np.int16)[:, np.newaxis]


def make_windows(count: int, seed: int) -> Windows:
    """``count`` windows, half with spikes, shuffled; the same seed gives the same windows."""
    rng = np.random.default_rng(seed)
    classes = rng.permutation(np.arange(count, dtype=np.int64) % 2)
    counts = np.stack([make_window(rng, bool(kind)) for kind in classes])
    return Windows(counts, classes, recordings=np.arange(count).astype(str))  # each by itself


def load(*, seed: int, train: int = 1000, test: int = 400) -> Dataset:
    """Both splits; they never share a seed."""
    return Dataset(
        NAME, LABELS, ["adc"], RATE_HZ,
        make_windows(train, seed=2 * seed), make_windows(test, seed=2 * seed + 1),
    )  # fmt: skip
