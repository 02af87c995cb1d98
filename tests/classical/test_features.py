"""What happens to features before a model: scaling and ranks, against exact arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from classical_kit import fitted

from midge import core
from midge.classical import scaling, trees


def odd_floats(count: int, seed: int) -> np.ndarray:
    """float32 of all exponents, and those that are no numbers."""
    bits = np.random.default_rng(seed).integers(0, 1 << 32, count, dtype=np.uint32)
    found = bits.view(np.float32)
    found[:8] = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1.0]
    return found


def exactly(x: float, s: scaling.Scaling, i: int) -> int:
    """The definition of midge_params_classical.h in fractions."""
    if math.isnan(x):
        return -s.limit
    if math.isinf(x):
        return s.limit if x > 0 else -s.limit
    product = Fraction(x) * int(s.mult[i]) / Fraction(2) ** int(s.shift[i])
    return max(-s.limit, min(s.limit, (math.floor(product) + int(s.bias[i]) + 32) >> 6))


def scalings(n: int) -> scaling.Scaling:
    """Ranges of all sizes."""
    rng = np.random.default_rng(n)
    size = 10.0 ** rng.uniform(-15, 15, n)
    middle = size * rng.choice([0, 1, -3, 1e3, 1e6], n)
    return scaling.fit(middle - size, middle + size)


def run(kernel: str, words: list[int], consts: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """One call of a kernel with its input at 0 and its int16 output after it."""
    from midge import abi

    whole = b"".join(c.tobytes() + bytes(-c.nbytes % 4) for c in consts)
    arena = core.aligned_array(np.zeros(x.nbytes + 2 * x.size + 8, np.uint8))
    arena[: x.nbytes] = x.view(np.uint8)
    packed = np.array([abi.load().kernels[kernel].opcode, len(words), *words], np.int32)
    core.load().run(packed, core.aligned_bytes(whole), arena)
    return arena[x.nbytes : x.nbytes + 2 * x.size].view(np.int16).copy()


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.int8])
def test_scaling_is_exact(dtype: type) -> None:
    n = 2000
    s = scalings(n)
    if dtype == np.float32:
        x = odd_floats(n, 3)
        near = (s.offset + np.random.default_rng(4).normal(0, 20000, n) / s.gain)[n // 2 :]
        x[n // 2 :] = near  # inside the ranges
    else:
        ends = np.iinfo(dtype)
        x = np.random.default_rng(5).integers(ends.min, ends.max + 1, n).astype(dtype)
        s = scaling.fit(
            *np.sort(np.random.default_rng(6).uniform(ends.min, ends.max, (2, n)), axis=0)
        )
    wanted = [exactly(float(value), s, i) for i, value in enumerate(x)]
    np.testing.assert_array_equal(s.apply(x), wanted)
    consts = [s.mult, s.shift, s.bias]
    at = np.cumsum([0, *(c.nbytes + -c.nbytes % 4 for c in consts)])
    words = [0, x.nbytes, ~int(at[0]), ~int(at[1]), ~int(at[2]), n, x.itemsize, s.limit]
    np.testing.assert_array_equal(run("scale_features", words, consts, x), wanted)
    assert len(np.unique(wanted)) > (n // 4 if x.itemsize > 1 else 200)


def test_a_range_takes_the_whole_of_int16() -> None:
    s = scaling.fit(np.array([-3.0, 1e3, 7.0]), np.array([5.0, 1e3 + 10, 7.0]))
    ends = np.array([[-3.0, 1e3, 7.0], [5.0, 1e3 + 10, 7.0]], np.float32)
    np.testing.assert_array_equal(s.apply(ends), [[-32000, -32000, 0], [32000, 32000, 0]])


def test_a_range_too_small_to_be_is_refused() -> None:
    with pytest.raises(ValueError, match="feature 1: range out of bounds"):
        scaling.of_gain(np.zeros(2), np.array([1.0, 1e30]))


def test_ranks_are_exact() -> None:
    n = 500
    rng = np.random.default_rng(7)
    thresholds = [np.unique(odd_floats(20, 8 + i)[9:][: rng.integers(0, 11)]) for i in range(n)]
    thresholds = [t[np.isfinite(t)] for t in thresholds]
    x = odd_floats(n, 1)
    for i in range(8, n):  # half of them just at a threshold, or beside it
        if i % 2 and len(thresholds[i]):
            x[i] = np.nextafter(thresholds[i][0], rng.choice([-np.inf, np.inf, thresholds[i][0]]))
    wanted = [int((~(value <= t)).sum()) for value, t in zip(x, thresholds, strict=True)]
    starts = np.cumsum([0, *map(len, thresholds)]).astype(np.int32)
    keys = trees.ordered(np.concatenate(thresholds))
    words = [0, x.nbytes, ~0, ~starts.nbytes, n]
    np.testing.assert_array_equal(run("rank_features", words, [starts, keys], x), wanted)
    assert max(wanted) > 5


def test_a_feature_at_a_threshold_goes_where_scikit_learn_sends_it() -> None:
    """Each threshold itself, and the float32 on both sides of it."""
    one = fitted("decision_tree")
    tree = one.estimator.tree_
    runner, x = one.compiled.runner(), one.inputs[:1]
    for node in np.flatnonzero(tree.feature >= 0):
        exact = np.float32(tree.threshold[node])
        for value in (exact, np.nextafter(exact, np.float32(np.inf)), np.nextafter(exact, -exact)):
            x = x.copy()
            x[0, tree.feature[node]] = value
            wanted = one.estimator.predict_proba(x)[0]
            assert runner.run([x])[0][0].argmax() == wanted.argmax()
