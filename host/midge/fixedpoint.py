"""Fixed-point functions of gemmlowp and TFLite: roots and exponentials, bit for bit.

Facts from gemmlowp's ``fixedpoint.h``, TFLite's ``common.h`` and ``quantization_util.cc``.
"""

from __future__ import annotations

import math

import numpy as np

from midge.quantmath import div_pot, mul_high, quantize_multiplier, round_away, wrap32


def shift_left(x: int, n: int) -> int:
    """``x * 2**n``, saturated to int32."""
    return min(max(x << n, -(2**31)), 2**31 - 1)


def inverse_sqrt(x: int) -> tuple[int, int]:
    """``1 / sqrt(x)`` as ``mult * 2**(shift - 31)``; x >= 0, and 0 counts as 1.

    TFLite's GetInvSqrtQuantizedMultiplierExp: five Newton steps in Q3.28. The same function in C
    is ``midge_inv_sqrt``.
    """
    if x <= 1:
        return 2**31 - 1, 0
    right = 11
    while x >= 1 << 29:
        x, right = x // 4, right + 1
    while x < 1 << 27:
        x, right = x * 4, right - 1
    half = div_pot(x >> 1, 1)
    root = 1 << 28
    for _ in range(5):
        cube = shift_left(mul_high(mul_high(root, root), root), 6)
        less = mul_high(half, cube)
        root = shift_left(mul_high((1 << 28) + (1 << 27), root) - less, 3)
    inverse = mul_high(root, 1518500250)
    return wrap32(inverse << max(-right, 0)), -max(right, 0)


def reciprocal_of_one_plus(x: int) -> int:
    """``1 / (1 + x)`` for x in [0, 1), both in Q0.31: ``midge_reciprocal.h``."""
    d = (x + 2**31) >> 1
    r = wrap32(1515870810 + mul_high(d, -1010580540))
    for _ in range(3):
        error = wrap32((1 << 29) - mul_high(d, r))
        r = wrap32(r + (mul_high(r, error) << 2))
    return min(2 * r, 2**31 - 1)


# -- SOFTMAX -----------------------------------------------------------------------------------

_EXP_STEPS = (  # exp(-2**k) in Q0.31, k = -2...4: gemmlowp's fixedpoint.h
    (-2, 1672461947),
    (-1, 1302514674),
    (0, 790015084),
    (1, 290630308),
    (2, 39332535),
    (3, 720401),
    (4, 242),
)
_DIFF_INTEGER_BITS = 5


def exp_on_negative(raw: int) -> int:
    """exp(x) in Q0.31 for x <= 0 in Q5.26: gemmlowp's exp_on_negative_values, bit for bit."""
    if raw == 0:
        return 2**31 - 1
    fraction_bits = 31 - _DIFF_INTEGER_BITS
    quarter = 1 << (fraction_bits - 2)
    part = (raw & (quarter - 1)) - quarter  # in [-1/4, 0)
    result = _exp_quarter(part << _DIFF_INTEGER_BITS)
    remainder = part - raw
    for exponent, factor in _EXP_STEPS:
        if remainder & (1 << (fraction_bits + exponent)):
            result = mul_high(result, factor)
    return result


def _exp_quarter(a: int) -> int:
    """exp(x) for x in [-1/4, 0), Q0.31: a Taylor series around -1/8."""
    exp_eighth, third = 1895147668, 715827883
    x = a + (1 << 28)
    x2 = mul_high(x, x)
    x3 = mul_high(x2, x)
    x4 = mul_high(x2, x2)
    x4_over_4 = div_pot(x4, 2)
    series = div_pot(mul_high(x4_over_4 + x3, third) + x2, 1)
    return exp_eighth + mul_high(exp_eighth, x + series)


def softmax_table(in_scale: float, beta: float) -> np.ndarray:
    """exp(-in_scale * beta * d) in Q0.31 for differences d = 0, 1, ... to the maximum.

    int32, at most 256 long; what lies beyond its end counts as zero in the oracle too.

    Raises:
        ValueError: in_scale * beta is 2**-26 or less, where the oracle stops.
    """
    mult, shift, radius = _difference_scaling(in_scale, beta)
    table = [
        exp_on_negative(mul_high(wrap32(-d << shift), mult)) for d in range(min(radius, 255) + 1)
    ]
    while len(table) > 1 and table[-1] == 0:
        table.pop()
    return np.array(table, np.int32)


def _difference_scaling(in_scale: float, beta: float) -> tuple[int, int, int]:
    """Multiplier and shift from a difference to Q5.26, and the greatest difference that fits."""
    scale = min(beta * in_scale * (1 << (31 - _DIFF_INTEGER_BITS)), 2.0**31 - 1)
    if scale <= 1:
        raise ValueError(f"input scale * beta = {in_scale * beta:g}, needs more than 2**-26")
    mult, shift = _multiplier_over_one(scale)
    radius = math.floor(
        ((1 << _DIFF_INTEGER_BITS) - 1) * (1 << (31 - _DIFF_INTEGER_BITS)) / (1 << shift)
    )
    return mult, shift, radius


def log_softmax_numbers(in_scale: float) -> dict[str, int]:
    """The numbers of ``midge_log_softmax_t`` (TFLite's PreprocessLogSoftmaxScalingExp).

    Raises:
        ValueError: in_scale is 2**-26 or less, where the oracle stops.
    """
    mult, shift, radius = _difference_scaling(in_scale, 1.0)
    reverse_mult, reverse_shift = quantize_multiplier((1 << (31 - shift)) / mult)
    return {
        "mult": mult,
        "shift": shift,
        "reverse_mult": reverse_mult,
        "reverse_shift": reverse_shift,
        "diff_min": -radius,
    }


def _multiplier_over_one(scale: float) -> tuple[int, int]:
    fraction, shift = math.frexp(scale)
    mult = round_away(fraction * (1 << 31))
    return (mult // 2, shift + 1) if mult == 1 << 31 else (mult, shift)
