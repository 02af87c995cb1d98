"""Tables of the elementwise ops with one 8-bit input: 256 bytes, indexed by the input's bits.

Each entry is computed with exactly the arithmetic of LiteRT's int8 kernel. Facts from its
``activations.cc``, ``elementwise.cc``, ``exp.cc``, ``gelu.cc`` and ``leaky_relu.h``. Where that
kernel stops (a root or a reciprocal root of a negative value), the entry is the nearest one that
is defined.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from midge import fixedpoint, quantmath
from midge.graph import Op, Tensor
from midge.quantmath import Table

Maker = Callable[[Op, Tensor, Tensor], Table]


def make(op: Op, x: Tensor, out: Tensor) -> Table:
    """The table of ``op`` from ``x`` to ``out``, which have one scale each.

    Raises:
        ValueError: scales or options that the reference kernel does not do.
    """
    return MAKERS[op.kind](op, x, out)


def _float_ratio(x: Tensor, out: Tensor) -> float:
    """in_scale / out_scale in single precision."""
    return float(np.float32(x.scale) / np.float32(out.scale))


def _clamping(op: Op, x: Tensor, out: Tensor) -> Table:
    """RELU and its kin: a requantization between limits."""
    mult, shift = quantmath.quantize_multiplier(_float_ratio(x, out))
    first, last = quantmath.activation_range(op.kind, out.scale, out.zero_point)

    def value(q: int) -> int:
        y = quantmath.requantize(q - x.zero_point, mult, shift) + out.zero_point
        return min(max(y, first), last)

    return quantmath.make_table(value, "int8", "int8")


def _leaky_relu(op: Op, x: Tensor, out: Tensor) -> Table:
    one = quantmath.quantize_multiplier(_float_ratio(x, out))
    alpha = np.float32(x.scale) * np.float32(op.attrs["alpha"]) / np.float32(out.scale)
    if not alpha >= 0:
        raise ValueError(f"alpha {op.attrs['alpha']:g}, needed: 0 or above")
    other = quantmath.quantize_multiplier(float(alpha))

    def value(q: int) -> int:
        real = q - x.zero_point
        return quantmath.requantize(real, *(one if real >= 0 else other)) + out.zero_point

    return quantmath.make_table(value, "int8", "int8")


def _hard_swish(op: Op, x: Tensor, out: Tensor) -> Table:
    return quantmath.hard_swish_table(x.scale, x.zero_point, out.scale, out.zero_point)


def _quantize(op: Op, x: Tensor, out: Tensor) -> Table:
    return quantmath.requantize_table(
        x.scale, x.zero_point, out.scale, out.zero_point, x.dtype, out.dtype
    )


def _abs(op: Op, x: Tensor, out: Tensor) -> Table:
    """Requantized only where the scales differ."""
    mult, shift = quantmath.quantize_multiplier(_float_ratio(x, out))

    def value(q: int) -> int:
        size = abs(q - x.zero_point)
        if x.scale != out.scale:
            size = quantmath.requantize(size, mult, shift)
        return size + out.zero_point

    return quantmath.make_table(value, "int8", "int8")


def _neg(op: Op, x: Tensor, out: Tensor) -> Table:
    """Of the integers, modulo 256: LiteRT looks at no scale and no zero point."""
    return quantmath.make_table(lambda q: -q if q > -128 else q, "int8", "int8")


def _sqrt(op: Op, x: Tensor, out: Tensor) -> Table:
    """Truncated, not rounded."""

    def value(q: int) -> int:
        real = np.float32(x.scale) * np.float32(max(q - x.zero_point, 0))
        scaled = float(np.float32(np.sqrt(real) / np.float32(out.scale)))
        return math.trunc(min(scaled, 1e6)) + out.zero_point

    return quantmath.make_table(value, "int8", "int8")


_RSQRT_SHIFT = 20


def _rsqrt(op: Op, x: Tensor, out: Tensor) -> Table:
    """1 / sqrt of the integer in fixed point, then one requantization; the greatest value at 0."""
    root = float(np.sqrt(np.float32(x.scale)) * np.float32(out.scale))
    if root == 0:
        raise ValueError(f"scales {x.scale:g} and {out.scale:g} are too small")
    mult, shift = quantmath.quantize_multiplier(1.0 / root)

    def value(q: int) -> int:
        integer = q - x.zero_point
        if integer <= 0:
            return 127
        inverse, inverse_shift = fixedpoint.inverse_sqrt(integer)
        wide = quantmath.requantize(1, inverse, inverse_shift + _RSQRT_SHIFT)
        return quantmath.requantize(wide, mult, shift - _RSQRT_SHIFT) + out.zero_point

    return quantmath.make_table(value, "int8", "int8")


Real = Callable[[np.float32], np.float32]


def _real(function: Real) -> Maker:
    def table(op: Op, x: Tensor, out: Tensor) -> Table:
        return quantmath.float_table(function, x.scale, x.zero_point, out.scale, out.zero_point)

    return table


def exp(x: np.float32) -> np.float32:
    """exp in single precision, rounded once from double precision."""
    with np.errstate(over="ignore"):
        return np.float32(math.exp(min(float(x), 700.0)))


def elu(x: np.float32) -> np.float32:
    """x, or exp(x) - 1 below 0, rounded once from double precision."""
    return np.float32(math.expm1(float(x))) if x < 0 else x


def _log(op: Op, x: Tensor, out: Tensor) -> Table:
    """The least output for 0 and below."""
    least = np.float32(np.float32(-128 - out.zero_point) * np.float32(out.scale))
    function: Real = lambda v: np.float32(math.log(float(v))) if v > 0 else least  # noqa: E731
    return quantmath.float_table(function, x.scale, x.zero_point, out.scale, out.zero_point)


_ONE, _HALF = np.float32(1), np.float32(0.5)
_ROOT_2_OVER_PI = np.float32(math.sqrt(2 / math.pi))


def gelu(x: np.float32) -> np.float32:
    """x / 2 * erfc(-x / sqrt(2)), each step in single precision."""
    inside = np.float32(x * np.float32(-math.sqrt(0.5)))
    return np.float32(np.float32(_HALF * x) * np.float32(math.erfc(float(inside))))


def gelu_approximate(x: np.float32) -> np.float32:
    """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))), each step in single precision."""
    with np.errstate(over="ignore"):
        cubed = np.float32(0.044715) * x * x * x
        bend = np.float32(math.tanh(float(_ROOT_2_OVER_PI * (x + cubed))))
    return np.float32(_HALF * x * (_ONE + bend))


def _gelu(op: Op, x: Tensor, out: Tensor) -> Table:
    return _real(gelu_approximate if op.attrs.get("approximate") else gelu)(op, x, out)


MAKERS: dict[str, Maker] = {
    "LOGISTIC": _real(quantmath.logistic),
    "TANH": _real(quantmath.tanh),
    "RELU": _clamping,
    "RELU6": _clamping,
    "RELU_N1_TO_1": _clamping,
    "RELU_0_TO_1": _clamping,
    "LEAKY_RELU": _leaky_relu,
    "HARD_SWISH": _hard_swish,
    "ELU": _real(elu),
    "GELU": _gelu,
    "EXP": _real(exp),
    "LOG": _log,
    "SQRT": _sqrt,
    "RSQRT": _rsqrt,
    "ABS": _abs,
    "NEG": _neg,
    "QUANTIZE": _quantize,
}
