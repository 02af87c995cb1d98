"""Pairs of taps in one product (midge_blocked.h): where sums fit, and what happens where not."""

from __future__ import annotations

import itertools

import numpy as np

from midge.lower.blocked import _fit, _runs


def upper(x: list[int], w: list[int], together: bool) -> int:
    """The sum of a quad as midge_blocked_dot makes it, in 32 bits."""
    products = [(x[a] + (x[b] << 16)) * (w[b] + (w[a] << 16)) % 2**32 for a, b in ((0, 2), (1, 3))]
    total = 0
    for each in [sum(products)] if together else products:
        word = (each + 0x8000) % 2**32
        total += (word - 2**32 if word >= 2**31 else word) >> 16
    return total


def wrong(w: list[int], together: bool) -> bool:
    """Whether some inputs at the ends of their range give a wrong sum."""
    corners = itertools.product((-128, 127), repeat=4)
    return any(upper([*x], w, together) != np.dot(x, w) for x in corners)


def test_what_fits_is_right_and_what_does_not_may_be_wrong() -> None:
    rng = np.random.default_rng(8)
    seen = {True: 0, False: 0}
    for _ in range(1500):
        size = int(rng.choice([30, 70, 127, 128]))
        w = [int(n) for n in rng.integers(-size, size, 4).clip(-128, 127)]
        two, four = _fit(np.array([w], np.int8))
        assert wrong(w, together=True) != bool(four[0, 0]), w
        assert wrong(w, together=False) != two, w
        seen[bool(four[0, 0])] += 1
    assert min(seen.values()) > 200
    for w in ([-128, 0, -128, 0], [0, -128, 0, -128]):  # two taps: 2**15
        assert not _fit(np.array([w], np.int8))[0] and wrong(w, together=False)


def test_random_inputs_inside_the_range_are_right_too() -> None:
    rng = np.random.default_rng(9)
    for _ in range(3000):
        w, x = ([int(n) for n in rng.integers(-128, 128, 4)] for _ in "wx")
        two, four = _fit(np.array([w], np.int8))
        for together, fits in ((True, bool(four[0, 0])), (False, two)):
            assert not fits or upper(x, w, together) == np.dot(x, w)


def test_runs_cover_all_quads() -> None:
    rng = np.random.default_rng(10)
    for _ in range(200):
        channels, quads = int(rng.integers(1, 10)), int(rng.integers(1, 700))
        four = rng.random((channels, quads)) < rng.choice([0.0, 0.5, 0.97, 1.0])
        pairs = iter(_runs(four).reshape(-1, 2).tolist())
        for first in range(0, channels, 4):
            states: list[bool] = []
            while len(states) < quads:
                fit, apart = next(pairs)
                states += [True] * fit + [False] * apart
            assert states == four[first : first + 4].all(axis=0).tolist()
        assert next(pairs, None) is None
