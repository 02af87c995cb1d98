"""Requantization constants, activation ranges and tables, as TFLite's reference kernels have them.

Scales are float32 values widened to Python floats (IEEE doubles). Functions that mimic single
precision say so. Facts from TFLite's ``quantization_util.cc``, ``kernel_util.cc`` and
``activations.cc``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

INT8 = (-128, 127)
UINT8 = (0, 255)
INT16 = (-32768, 32767)


def limits(dtype: str) -> tuple[int, int]:
    """The range of a quantized type: ``int8``, ``uint8`` or ``int16``."""
    return {"int8": INT8, "uint8": UINT8, "int16": INT16}[dtype]


def round_away(x: float) -> int:
    """``x`` rounded to the nearest integer, halves away from zero: C's ``round()``."""
    whole = math.floor(abs(x))
    if abs(x) - whole >= 0.5:
        whole += 1
    return whole if x >= 0 else -whole


def quantize_multiplier(scale: float) -> tuple[int, int]:
    """``scale`` as ``mult * 2**(shift - 31)`` with 2**30 <= mult < 2**31 (TFLite's
    QuantizeMultiplier).

    Scales under about 2**-32 become (0, 0).

    Raises:
        ValueError: scale is negative, not finite, or 2**30 or more (no int32 shift does it).
    """
    if not 0 <= scale < 2.0**30:
        raise ValueError(f"scale {scale:g} is outside 0...2**30")
    if scale == 0:
        return 0, 0
    fraction, shift = math.frexp(scale)
    mult = round_away(fraction * (1 << 31))
    if mult == 1 << 31:
        mult, shift = mult // 2, shift + 1
    if shift < -31:
        return 0, 0
    return mult, shift


def mul_high(a: int, b: int) -> int:
    """round(a * b / 2**31): gemmlowp's SaturatingRoundingDoublingHighMul."""
    return min((a * b + (1 << 30)) >> 31, 2**31 - 1)


def div_pot(x: int, n: int) -> int:
    """round(x / 2**n), halves away from zero: gemmlowp's RoundingDivideByPOT."""
    rest = x & ((1 << n) - 1)
    threshold = (((1 << n) - 1) >> 1) + (x < 0)
    return (x >> n) + (rest > threshold)


def wrap32(x: int) -> int:
    """``x`` as int32 arithmetic leaves it, modulo 2**32."""
    return (x + 2**31) % 2**32 - 2**31


def requantize(x: int, mult: int, shift: int) -> int:
    """TFLite's MultiplyByQuantizedMultiplier with its two roundings; ``midge_requantize``."""
    if shift > 0:
        return mul_high(wrap32(x << shift), mult)
    return div_pot(mul_high(x, mult), -shift)


def activation_range(
    activation: str, scale: float, zero_point: int, dtype: str = "int8"
) -> tuple[int, int]:
    """The clamp a fused activation puts on the quantized output.

    Real limits are divided by the scale in single precision, as TFLite does.

    Raises:
        ValueError: ``activation`` is none of NONE, RELU, RELU6, RELU_N1_TO_1, RELU_0_TO_1.
    """
    low, high = limits(dtype)
    real: dict[str, tuple[float | None, float | None]] = {
        "NONE": (None, None),
        "RELU": (0.0, None),
        "RELU6": (0.0, 6.0),
        "RELU_N1_TO_1": (-1.0, 1.0),
        "RELU_0_TO_1": (0.0, 1.0),
    }
    if activation not in real:
        raise ValueError(f"activation {activation} cannot be fused")
    first, last = real[activation]
    if first is not None:
        low = max(low, zero_point + _divide_round(first, scale))
    if last is not None:
        high = min(high, zero_point + _divide_round(last, scale))
    return low, high


def _divide_round(value: float, scale: float) -> int:
    return round_away(float(np.float32(value) / np.float32(scale)))


# -- FULLY_CONNECTED ---------------------------------------------------------------------------


@functools.lru_cache(maxsize=4096)
def single_rounding(scale: float) -> tuple[int, int, int]:
    """Integers that round(acc * scale) needs: (mult, mult_low, right shift), proven exact.

    LiteRT's reference FULLY_CONNECTED computes ``round(double(acc) * scale)``, halves away from
    zero. For all int32 ``acc`` whose result lies in -256...256 (a wider one is clamped whatever
    the zero point is), ``(acc * (mult + mult_low / 2**31) + 2**(right - 1)) >> right`` gives the
    same integer: each result has a first ``acc``, and the multiplier lies in the interval that
    all those thresholds, of both signs, leave. ``mult_low`` is 0 wherever 31 bits are enough.

    Raises:
        ValueError: the scale is outside 0...2**30, or no such integers exist.
    """
    if not 0 <= scale < 2.0**30:
        raise ValueError(f"scale {scale:g} is outside 0...2**30")
    first = _thresholds(scale) if scale > 0 else []
    if not first:
        return 0, 0, 1
    exponent = math.frexp(scale)[1]
    right = min(31 - exponent, 62)
    for wide, bits in ((False, right), (False, right - 1), (True, right + 31)):
        low, high = _multiplier_interval(first, bits)
        mult = min(max(low, math.floor(math.ldexp(scale, bits))), high)
        if low <= high and mult < 2 ** (62 if wide else 31) and bits >= (32 if wide else 1):
            if wide:
                return mult >> 31, mult & (2**31 - 1), bits - 31
            return mult, 0, bits
    raise ValueError(f"no integer multiplier rounds like scale {scale!r}")


@functools.lru_cache(maxsize=4096)
def single_rounding_16(scale: float, limit: int) -> tuple[int, int, int]:
    """As :func:`single_rounding`, for int16 results and sums within ``-limit...limit``.

    Always with ``mult_low``, so the factor has 62 bits. Results up to 32768, of both signs, are
    proven; a wider one is clamped. Seldom no factor does it, since ``double(acc) * scale`` is
    rounded to 53 bits before it is rounded to an integer: then the two parts are the scale's
    own 53 bits and the shift is below 0, ``scale = (mult * 2**31 + mult_low) * 2**shift``; the
    kernel rounds as doubles do.

    Raises:
        ValueError: the scale is outside 0...2**30.
    """
    if not 0 <= scale < 2.0**30:
        raise ValueError(f"scale {scale:g} is outside 0...2**30")
    first = _critical(scale, float(limit)) if scale > 0 else []
    if not first:
        return 0, 0, 1
    fraction, exponent = math.frexp(scale)
    right = min(31 - exponent, 62)
    low, high = _multiplier_interval(first, right + 31)
    mult = min(max(low, math.floor(math.ldexp(scale, right + 31))), high)
    if low > high or mult >= 2**62:
        mult, right = int(fraction * 2**53), exponent - 53
    return mult >> 31, mult & (2**31 - 1), right


def _critical(scale: float, limit: float) -> list[tuple[int, int]]:
    """As :func:`_thresholds`, for k in 1...32768: those that bound the multiplier most."""
    k = np.arange(1, 32769, dtype=np.float64)
    k = k[(k - 0.5) / scale <= limit + 1]
    acc = np.ceil((k - 0.5) / scale)  # below 2**53, so exact in float64
    while (late := (_round_up(np.maximum(acc - 1, 0) * scale) >= k) & (acc > 0)).any():
        acc -= late
    while (early := _round_up(acc * scale) < k).any():
        acc += early
    k, acc = k[acc <= limit], acc[acc <= limit]
    if k.size == 0:
        return []
    slack = 2.0**-45  # far above the rounding errors of the quotients
    after = (k - 0.5) / acc
    with np.errstate(divide="ignore"):
        before = (k - 0.5) / (acc - 1)
    tight = (after >= after.max() * (1 - slack)) | (before <= before.min() * (1 + slack))
    return [(int(a), int(b)) for a, b in zip(k[tight], acc[tight], strict=True)]


def _round_up(x: np.ndarray) -> np.ndarray:
    """Rounded to the nearest integer, halves up; x >= 0."""
    whole = np.floor(x)
    return np.asarray(whole + (x - whole >= 0.5))


def _thresholds(scale: float) -> list[tuple[int, int]]:
    """(k, the smallest acc whose rounded product is at least k), for k in 1...256."""
    found = []
    for k in range(1, 257):
        if (k - 0.5) / scale > 2**31 + 1:
            break
        acc = math.ceil((k - 0.5) / scale)
        while round_away(acc * scale) >= k and acc > 0:
            acc -= 1
        while round_away(acc * scale) < k:
            acc += 1
        if acc > 2**31:
            break
        found.append((k, acc))
    return found


def _multiplier_interval(first: list[tuple[int, int]], bits: int) -> tuple[int, int]:
    """The multipliers with which acc reaches k at its threshold and not before.

    With halves going up, reaching k takes mult * acc >= (2k - 1) * 2**(bits - 1) for a positive
    sum, and a strict > for a negative one, since its half must go down; and the other way round
    for the acc before.
    """
    low, high = 0, 2**62 - 1
    for k, acc in first:
        half = (2 * k - 1) << (bits - 1)
        low = max(low, half // acc + 1)
        if acc > 1:
            high = min(high, (half - 1) // (acc - 1))
    return low, high


# -- Tables ------------------------------------------------------------------------------------

Table = np.ndarray  # 256 of int8 or uint8, indexed by the input's bits


def make_table(function: Callable[[int], int], in_dtype: str, out_dtype: str) -> Table:
    """A 256-byte table of ``function``, clamped to the output's range.

    The index is the input's bit pattern: int8 -1 is at 255.
    """
    low, high = limits(out_dtype)
    first, last = limits(in_dtype)
    table = np.zeros(256, out_dtype)
    for q in range(first, last + 1):
        table[q & 255] = min(max(function(q), low), high)
    return table


def requantize_table(
    in_scale: float,
    in_zero_point: int,
    out_scale: float,
    out_zero_point: int,
    in_dtype: str = "int8",
    out_dtype: str = "int8",
) -> Table:
    """QUANTIZE from one 8-bit quantization to another."""
    mult, shift = quantize_multiplier(in_scale / out_scale)
    return make_table(
        lambda q: requantize(q - in_zero_point, mult, shift) + out_zero_point, in_dtype, out_dtype
    )


def float_table(
    function: Callable[[np.float32], np.float32],
    in_scale: float,
    in_zero_point: int,
    out_scale: float,
    out_zero_point: int,
) -> Table:
    """An int8 table of a real function, made as TFLite's LUTPopulate does: in single precision,
    ``round(function(in_scale * (q - in_zero_point)) * (1 / out_scale)) + out_zero_point``."""
    inverse = np.float32(1) / np.float32(out_scale)

    def quantized(q: int) -> int:
        real = function(np.float32(in_scale) * np.float32(q - in_zero_point))
        scaled = float(np.float32(real * inverse))
        return round_away(min(max(scaled, -1e6), 1e6)) + out_zero_point

    return make_table(quantized, "int8", "int8")


def logistic(x: np.float32) -> np.float32:
    """1 / (1 + exp(-x)) in single precision; exp is rounded once from double precision."""
    one = np.float32(1)
    with np.errstate(over="ignore"):
        return np.float32(one / (one + np.float32(math.exp(min(-float(x), 700.0)))))


def tanh(x: np.float32) -> np.float32:
    """tanh in single precision, rounded once from double precision."""
    return np.float32(math.tanh(float(x)))


# -- HARD_SWISH --------------------------------------------------------------------------------


def hard_swish_table(
    in_scale: float, in_zero_point: int, out_scale: float, out_zero_point: int
) -> Table:
    """x * relu6(x + 3) / 6 in 16-bit fixed point, as TFLite's reference HARD_SWISH has it.

    Raises:
        ValueError: the output's scale is under 1/128 of the input's, where the oracle stops.
    """
    fine = np.float32(np.float32(1 / 128) * np.float32(in_scale))
    out_mult, out_shift = quantize_multiplier(float(fine / np.float32(out_scale)))
    relu_mult, relu_shift = quantize_multiplier(float(fine / np.float32(3 / 32768)))
    if out_shift > 0:
        raise ValueError(f"output scale {out_scale:g} is under 1/128 of input scale {in_scale:g}")
    out_mult, relu_mult = _to_int16(out_mult), _to_int16(relu_mult)

    def value(q: int) -> int:
        x = (q - in_zero_point) << 7
        relu = x
        if relu_shift > 0:
            relu = _saturate16(relu << (relu_shift - 1))
        relu = _mul_high16(relu, relu_mult)
        if relu_shift > 0:
            relu = _saturate16(relu << 1)
        elif relu_shift < 0:
            relu = _div_pot16(relu, -relu_shift)
        product = ((relu + (1 << 15)) >> 1) * _mul_high16(x, out_mult)
        truncated = abs(product) >> 15
        signed = truncated if product >= 0 else -truncated
        return _div_pot16(signed, -out_shift) + out_zero_point

    return make_table(value, "int8", "int8")


def _to_int16(mult: int) -> int:
    return min((mult + (1 << 15)) >> 16, 2**15 - 1)


def _saturate16(x: int) -> int:
    return min(max(x, -(2**15)), 2**15 - 1)


def _div_pot16(x: int, n: int) -> int:
    """gemmlowp's 16-bit RoundingDivideByPOT: its mask is -1 from 16 bits on, so it gives 1 or -1
    where 0 would be right. The oracle has that, so Midge has."""
    return div_pot(x, n) if n < 16 else (1 if x >= 0 else -1)


def _mul_high16(a: int, b: int) -> int:
    """gemmlowp's 16-bit SaturatingRoundingDoublingHighMul."""
    return (a * b + (1 << 14)) >> 15
