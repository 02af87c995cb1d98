"""Requantization constants and tables against exact arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from midge import fixedpoint, quantmath


def test_round_away() -> None:
    values = [0.5, -0.5, 1.5, -1.5, 0.49999999999999994, -0.49999999999999994, 2.0, -7.5, 1e15]
    assert [quantmath.round_away(v) for v in values] == [1, -1, 2, -2, 0, 0, 2, -8, 10**15]


def test_quantize_multiplier_is_within_half_a_step() -> None:
    rng = np.random.default_rng(2)
    for scale in np.exp(rng.uniform(-21, 20, 2000)).tolist():
        mult, shift = quantmath.quantize_multiplier(scale)
        assert 2**30 <= mult < 2**31
        assert -31 <= shift <= 30
        step = Fraction(2) ** (shift - 31)
        assert abs(Fraction(scale) - mult * step) <= step / 2


def test_quantize_multiplier_at_its_ends() -> None:
    assert quantmath.quantize_multiplier(0.0) == (0, 0)
    assert quantmath.quantize_multiplier(1.0) == (2**30, 1)
    assert quantmath.quantize_multiplier(math.nextafter(1.0, 0.0)) == (2**30, 1)  # rounds up
    assert quantmath.quantize_multiplier(2.0**-32) == (2**30, -31)
    assert quantmath.quantize_multiplier(2.0**-33) == (0, 0)
    for bad in (-1.0, 2.0**30, math.inf, math.nan):
        with pytest.raises(ValueError, match="outside"):
            quantmath.quantize_multiplier(bad)


def test_div_pot_rounds_halves_away() -> None:
    for x in range(-70, 71):
        for n in range(6):
            assert quantmath.div_pot(x, n) == quantmath.round_away(x / 2**n)


def test_requantize_rounds_twice() -> None:
    # 0.75 * 2 = 1.5 exactly: 2. And a sum that one rounding would leave at 0 but two lift to 1.
    assert quantmath.requantize(2, *quantmath.quantize_multiplier(0.75)) == 2
    mult, shift = quantmath.quantize_multiplier(0.5 - 2**-40)
    assert (mult, shift) == (2**30, 0)
    assert quantmath.requantize(2**20 - 1, *quantmath.quantize_multiplier(2**-21)) == 1


def single(acc: int, constants: tuple[int, int, int]) -> int:
    mult, low, right = constants
    product = acc * mult + (acc * low >> 31)
    return (product + (1 << (right - 1))) >> right


@pytest.mark.parametrize("kind", ["any", "power of two", "short"])
def test_single_rounding_equals_the_doubles_it_stands_for(kind: str) -> None:
    rng = np.random.default_rng([3, len(kind)])
    wide = 0
    for _ in range(60):
        scale = float(np.exp(rng.uniform(-20, 8)))
        if kind == "power of two":
            scale = 2.0 ** int(rng.integers(-29, 12))
        if kind == "short":
            scale = float(np.float16(min(scale, 1000))) or 0.5
        constants = quantmath.single_rounding(scale)
        wide += constants[1] != 0
        limit = min(2**31 - 1, int(256 / scale) + 2)
        edges = np.ceil((rng.integers(1, 257, 200) - 0.5) / scale) + rng.integers(-2, 3, 200)
        sums = [*edges.tolist(), *rng.integers(-limit, limit + 1, 100).tolist(), 0, 1, -1]
        for acc in (int(a) * sign for a in sums for sign in (1, -1)):
            if abs(acc) > 2**31 - 1:
                continue
            want = quantmath.round_away(acc * scale)
            if abs(want) <= 256:
                assert single(acc, constants) == want, (scale, acc)
    assert kind != "any" or wide > 0


def test_single_rounding_of_nothing_and_too_much() -> None:
    assert single(2**31 - 1, quantmath.single_rounding(0.0)) == 0
    assert single(-(2**31), quantmath.single_rounding(2.0**-40)) == 0
    with pytest.raises(ValueError, match="outside"):
        quantmath.single_rounding(2.0**31)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [("NONE", (-128, 127)), ("RELU", (-3, 127)), ("RELU6", (-3, 57)), ("RELU_N1_TO_1", (-13, 7))],
)
def test_activation_range(activation: str, expected: tuple[int, int]) -> None:
    assert quantmath.activation_range(activation, float(np.float32(0.1)), -3) == expected


def test_activation_range_refuses_others() -> None:
    with pytest.raises(ValueError, match="TANH"):
        quantmath.activation_range("TANH", 0.1, 0)


def test_tables_are_indexed_by_the_bits() -> None:
    table = quantmath.make_table(lambda q: q + 1, "int8", "int8")
    assert table[0] == 1
    assert table[255] == 0  # -1 + 1
    assert table[127] == 127  # clamped
    assert quantmath.make_table(lambda q: -q, "uint8", "int8")[200] == -128


def test_exp_is_close_and_falls() -> None:
    """gemmlowp's series is good to 2**-22; a wrong constant would be far off."""
    previous = 2**31
    for raw in range(0, -(31 << 26), -(1 << 20) - 12345):
        value = fixedpoint.exp_on_negative(raw)
        assert abs(value - math.exp(raw / 2**26) * 2**31) < 2**9
        assert value <= previous
        previous = value


def test_softmax_table_has_no_zero_end() -> None:
    table = fixedpoint.softmax_table(0.25, 1.0)
    assert table[0] == 2**31 - 1
    assert table[-1] > 0
    assert len(table) < 100  # exp(-22) is under 2**-31
    assert len(fixedpoint.softmax_table(1e-3, 1.0)) == 256
    with pytest.raises(ValueError, match=r"2\*\*-26"):
        fixedpoint.softmax_table(1e-9, 1.0)
