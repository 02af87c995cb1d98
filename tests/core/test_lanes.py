"""The lanes' bounds: equal to the extremes over inputs, and tight."""

from __future__ import annotations

import itertools

import numpy as np

from midge import lanes


def worst(weights: np.ndarray, run: int) -> tuple[int, int]:
    """Extremes of all runs, over all corners of the inputs' range."""
    sums = []
    for start in range(0, weights.size, run):
        part = [int(w) for w in weights[start : start + run]]
        corners = itertools.product((-128, 127), repeat=len(part))
        sums += [sum(w * x for w, x in zip(part, c, strict=True)) for c in corners]
    return min(sums), max(sums)


def test_equals_the_extremes_over_all_inputs() -> None:
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(400):
        taps, run = int(rng.integers(1, 8)), int(rng.integers(1, 5))
        size = int(rng.choice([40, 100, 128]))
        weights = rng.integers(-size, size, (1, taps)).clip(-128, 127).astype(np.int8)
        low, high = worst(weights[0], run)
        fits = bool(lanes.runs_fit(weights, run)[0])
        assert fits == (low >= -32768 and high <= 32767)
        seen.add(fits)
    assert seen == {False, True}


def test_one_more_does_not_fit() -> None:
    assert lanes.runs_fit(np.array([[-128, -127]], np.int8), 2).all()
    assert not lanes.runs_fit(np.full((1, 257), 1, np.int8), 257).any()  # 128 * 256 = 2**15
    assert lanes.runs_fit(np.array([[127, 127, 1]], np.int8), 3).all()
    assert lanes.runs_fit(np.array([[127, 127, 2]], np.int8), 3).all()  # -128 * 256 = -(2**15)


def test_the_largest_run_survives_the_flush() -> None:
    """A run at a bound, in both lanes, moves to the sums without loss."""
    for low, high in itertools.product((-32768, 32767, 0, -1), repeat=2):
        word = (low + (high << 16)) % 2**32
        run = (word + 0x8000) % 2**32
        signed = run - 2**32 if run >= 2**31 else run
        assert signed >> 16 == high
        assert (run - 0x8000 - (high << 16)) % 2**32 == low % 2**32


def test_runs_of_written_code_fit_whatever_the_weights_are() -> None:
    """midge_jit.h: a run goes on while the sum of |w| is at most 255."""
    for weights in ([-128, 127], [127, 127, 1], [-128, -127], [1] * 255, [-1] * 255, [-51] * 5):
        assert lanes.runs_fit(np.array([weights], np.int8), len(weights)).all()
    assert not lanes.runs_fit(np.full((1, 257), 1, np.int8), 257).any()
