"""Requantization constants: right for every sum, and the proof refuses wrong ones."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from midge import quantmath, requant
from midge.requant import Channel, Constants

KINDS = ("double", "double_relu", "dense", "dense_relu")


def channel(rng: np.random.Generator, kind: str) -> Channel:
    """A channel of a convolution or dense layer, of scales as models have them and beyond."""
    scale = float(np.exp(rng.uniform(np.log(3e-4), np.log(0.5))))
    if rng.random() < 0.2:
        scale = 2.0 ** round(np.log2(scale))  # halves are exact
    zero_point = int(rng.integers(-128, 128))
    relu = kind.endswith("relu")
    act_min = zero_point if relu else -128
    act_max = int(rng.integers(act_min, 128)) if rng.random() < 0.3 else 127
    if kind.startswith("double"):
        rule = requant.double_rounding(*quantmath.quantize_multiplier(scale), zero_point)
    else:
        rule = requant.round_of_double(scale, zero_point)
    size = int(rng.choice([50, 3000, 100_000, 400_000]))
    low, high = sorted(int(v) for v in rng.integers(-size, size, 2))
    return Channel(rule, scale, low, high, act_min, act_max)


@pytest.mark.parametrize("kind", KINDS)
def test_right_for_every_sum(kind: str) -> None:
    found = 0
    for number in range(150):
        rng = np.random.default_rng([KINDS.index(kind), number])
        wanted = channel(rng, kind)
        constants = requant.search(wanted)
        if constants is None:
            continue
        found += 1
        sums = np.arange(wanted.low, wanted.high + 1, dtype=np.int64)
        got = constants.apply(sums, wanted.act_min, wanted.act_max)
        np.testing.assert_array_equal(got, wanted.exact(sums), err_msg=f"{wanted} {constants}")
    assert found > 140


@pytest.mark.parametrize("kind", KINDS)
def test_rules_are_those_of_the_plain_kernels(kind: str) -> None:
    rng = np.random.default_rng(3)
    for _ in range(60):
        scale = float(np.exp(rng.uniform(-9, 2)))
        sums = rng.integers(-(2**20), 2**20, 40)
        if kind.startswith("double"):
            mult, shift = quantmath.quantize_multiplier(scale)
            rule = requant.double_rounding(mult, shift, 0)
            expected = [quantmath.requantize(int(s), mult, shift) for s in sums]
        else:
            rule = requant.round_of_double(scale, 0)
            expected = [quantmath.round_away(int(s) * scale) for s in sums]
        assert rule(sums).tolist() == expected


def test_the_proof_refuses_every_wrong_constant() -> None:
    """Each constant is changed; the proof accepts just those changes that change no result."""
    refused = accepted = 0
    for number in range(60):
        rng = np.random.default_rng([9, number])
        wanted = channel(rng, KINDS[number % 4])
        constants = requant.search(wanted)
        if constants is None:
            continue
        sums = np.arange(wanted.low, wanted.high + 1, dtype=np.int64)
        exact = wanted.exact(sums)
        for field in ("base", "mult", "add", "shift", "high", "split", "add_below"):
            value = getattr(constants, field)
            for step in (-(2**20), -300, -1, 1, 2, 300, 2**20):
                wrong = dataclasses.replace(constants, **{field: value + step})
                if wrong.shift < 0 or wrong.mult < 0 or wrong.shift > 62:
                    assert not requant.prove(wanted, wrong)
                    continue
                if requant.prove(wanted, wrong):
                    accepted += 1
                    got = wrong.apply(sums, wanted.act_min, wanted.act_max)
                    assert np.array_equal(got, exact), (wanted, wrong)
                else:
                    refused += 1
    assert refused > 1000
    assert accepted > 20  # the proof does not just refuse


def test_the_proof_sees_overflow() -> None:
    """Exact in Python's integers, not in the kernel's 32 bits."""
    rule = requant.double_rounding(*quantmath.quantize_multiplier(2.0**-14), 0)
    wide = Channel(rule, 2.0**-14, 0, 2**21, -128, 127)
    good = Constants(0, 2**22, 2**23 + 2**10, 24, 2**21 - 2**13 - 2)
    assert requant.prove(wide, good)
    assert not requant.prove(wide, dataclasses.replace(good, mult=good.mult + 4095))
    assert not requant.prove(
        wide, dataclasses.replace(good, shift=25, mult=2**23, add=2**24 + 2**11)
    )
    assert not requant.prove(dataclasses.replace(wide, low=-(2**32)), good)


@pytest.mark.parametrize("low", [-5000, 100, -90_000])
def test_constant_and_unreachable_results(low: int) -> None:
    rule = requant.double_rounding(*quantmath.quantize_multiplier(1e-3), -10)
    for high in (low, low + 1, low + 700):
        wanted = Channel(rule, 1e-3, low, high, -10, 127)
        constants = requant.search(wanted)
        assert constants is not None
        sums = np.arange(low, high + 1, dtype=np.int64)
        assert np.array_equal(constants.apply(sums, -10, 127), wanted.exact(sums))


def test_words_hold_the_constants() -> None:
    constants = Constants(5, 2**32 - 7, -3, 24, 2**26 - 1)
    mult, add, packed = constants.words()
    assert (mult % 2**32, add, packed >> 5, packed & 31) == (2**32 - 7, -3, 2**26 - 1, 24)
    assert -(2**31) <= packed < 2**31
