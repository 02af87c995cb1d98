"""What elementwise ops give, in numpy and bit for bit: for tables made of several ops at once.

:func:`evaluate` knows ops on int8, on float32 between DEQUANTIZE and QUANTIZE, and on the bools
of comparisons. Functions of one float32 are rounded once from double precision, as a good
``libm`` rounds them. Facts from LiteRT's ``comparisons.cc`` and reference kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from midge import fixedpoint, quantmath, tables
from midge.errors import ModelError
from midge.graph import Graph, Op, Tensor
from midge.lower import lower

Numbers = dict[str, int]
_COMPARE_SHIFT = 8  # TFLite's


def evaluate(
    op: Op, operands: list[Tensor], values: list[np.ndarray], out: Tensor
) -> np.ndarray | None:
    """The op's output for operands of ``values``, which broadcast together.

    Returns:
        An array of the output's type, or ``None`` where this op, with these types, scales and
        options, is not known or its reference kernel is undefined.
    """
    try:
        with np.errstate(all="ignore"):
            found = _evaluate(op, operands, values, out)
    except (ArithmeticError, LookupError, ModelError, TypeError, ValueError):
        return None  # lowering says what is wrong
    if found is None or found.dtype != np.dtype(out.dtype):
        return None
    return None if out.dtype == "float32" and np.isnan(found).any() else found


def _evaluate(
    op: Op, operands: list[Tensor], values: list[np.ndarray], out: Tensor
) -> np.ndarray | None:
    kinds = {t.dtype for t in operands}
    if op.kind in ("QUANTIZE", "DEQUANTIZE") and kinds | {out.dtype} == {"int8", "float32"}:
        return affine(op.kind, values[0], operands[0], out)
    if op.kind in ("SELECT", "SELECT_V2") and len(values) == 3:
        return np.where(values[0], values[1], values[2]) if operands[0].dtype == "bool" else None
    if op.kind in _COMPARISONS and len(values) == 2:
        return _COMPARISONS[op.kind](*_comparable(operands, values))
    if op.kind in _LOGICAL and kinds == {"bool"}:
        return np.asarray(_LOGICAL[op.kind](*values))
    if kinds == {"int8"} and out.dtype == "int8":
        return _int8(op, operands, values, out)
    if kinds == {"float32"} and op.attrs.get("fused_activation_function", "NONE") == "NONE":
        return _float(op, values)
    return None


# -- int8 --------------------------------------------------------------------------------------


def _int8(
    op: Op, operands: list[Tensor], values: list[np.ndarray], out: Tensor
) -> np.ndarray | None:
    tensors = [*operands, out]
    if any(t.quant is None or t.quant.scale.size != 1 for t in tensors):
        return None
    if len(values) == 1 and op.kind in tables.MAKERS:
        return np.asarray(tables.make(op, operands[0], out)[values[0].view(np.uint8)])
    if len(values) != 2:
        return None
    kernel, numbers = _lowered(op, tensors)
    if kernel not in _KERNELS:
        return None
    a, b = (v.astype(np.int64) for v in values)
    y = _KERNELS[kernel](numbers, a, b)
    return np.asarray(np.clip(y, numbers.get("act_min", -128), numbers.get("act_max", 127)), "i1")


def _lowered(op: Op, tensors: list[Tensor]) -> tuple[str, Numbers]:
    """The kernel and the numbers that lowering gives the op."""
    places = {i: Tensor(t.name, (1,), t.dtype, t.quant) for i, t in enumerate(tensors)}
    single = Op(op.kind, [0, 1], [2], op.attrs, op.index)
    (step,) = lower(Graph("op", "", places, [single], [0, 1], [2]), "plain").steps
    return step.kernel, {k: v for k, v in step.params.items() if isinstance(v, int)}


def _wrap(x: np.ndarray) -> np.ndarray:
    return (x + 2**31) % 2**32 - 2**31


def _requantize(x: np.ndarray, mult: int, shift: int) -> np.ndarray:
    """``midge_requantize`` of midge_math.h."""
    high = (_wrap(x << max(shift, 0)) * mult + (1 << 30)) >> 31
    right = max(-shift, 0)
    mask = (1 << right) - 1
    return (high >> right) + ((high & mask) > (mask >> 1) + (high < 0))


def _scaled(n: Numbers, name: str, x: np.ndarray) -> np.ndarray:
    wide = (x + n[f"{name}_offset"]) << n["left_shift"]
    return _requantize(wide, n[f"{name}_mult"], n[f"{name}_shift"])


def _finished(n: Numbers, x: np.ndarray) -> np.ndarray:
    return _wrap(_requantize(x, n["mult"], n["shift"]) + n["out_offset"])


def _add(n: Numbers, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return _finished(n, _wrap(_scaled(n, "a", a) + n["b_sign"] * _scaled(n, "b", b)))


def _mul(n: Numbers, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return _finished(n, (a + n["a_offset"]) * (b + n["b_offset"]))


def _squared_difference(n: Numbers, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return _finished(n, (_scaled(n, "a", a) - _scaled(n, "b", b)) ** 2)


def _prelu(n: Numbers, x: np.ndarray, slope: np.ndarray) -> np.ndarray:
    x = x + n["a_offset"]
    below = _requantize(x * (slope + n["b_offset"]), n["slope_mult"], n["slope_shift"])
    return np.where(x >= 0, _requantize(x, n["mult"], n["shift"]), below) + n["out_offset"]


def _div(n: Numbers, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``midge_div.c``, pair by pair."""
    pairs = np.broadcast(a + n["a_offset"], b + n["b_offset"])
    found = [_quotient(n, int(x), int(y)) for x, y in pairs]
    return np.array(found, np.int64).reshape(pairs.shape)


def _quotient(n: Numbers, a: int, b: int) -> int:
    if b == 0:
        return n["act_max"] if a >= 0 else n["act_min"]
    if b < 0:
        a, b = -a, -b
    bits = b.bit_length()
    headroom = 31 - (~a if a < 0 else a).bit_length()
    inverse = fixedpoint.reciprocal_of_one_plus((b << (32 - bits)) - 2**31)
    raw = quantmath.mul_high(a << headroom, inverse)
    right = bits - 1 + headroom - n["shift"]
    scaled = 0 if right > 31 else quantmath.div_pot(quantmath.mul_high(raw, n["mult"]), right)
    return scaled + n["out_offset"]


_KERNELS: dict[str, Callable[[Numbers, np.ndarray, np.ndarray], np.ndarray]] = {
    "add": _add,
    "mul": _mul,
    "div": _div,
    "squared_difference": _squared_difference,
    "prelu": _prelu,
    "maximum": lambda n, a, b: np.maximum(a, b),
    "minimum": lambda n, a, b: np.minimum(a, b),
}


# -- bool --------------------------------------------------------------------------------------


def _comparable(operands: list[Tensor], values: list[np.ndarray]) -> list[np.ndarray]:
    """Both sides on one scale; int8 in the fixed point that LiteRT compares."""
    if {t.dtype for t in operands} == {"float32"}:
        return values
    if {t.dtype for t in operands} != {"int8"}:
        raise TypeError("types that are not compared")
    sides = []
    for tensor, value in zip(operands, values, strict=True):
        if tensor.quant is None or tensor.quant.scale.size != 1 or not 0 < tensor.scale < 1:
            raise ValueError("a scale that LiteRT does not compare")
        mult, shift = quantmath.quantize_multiplier(tensor.scale)
        wide = (value.astype(np.int64) - tensor.zero_point) << _COMPARE_SHIFT
        sides.append(_requantize(wide, mult, shift))
    return sides


_COMPARISONS: dict[str, Callable[..., np.ndarray]] = {
    "EQUAL": np.equal,
    "NOT_EQUAL": np.not_equal,
    "LESS": np.less,
    "LESS_EQUAL": np.less_equal,
    "GREATER": np.greater,
    "GREATER_EQUAL": np.greater_equal,
}
_LOGICAL: dict[str, Callable[..., np.ndarray]] = {
    "LOGICAL_AND": np.logical_and,
    "LOGICAL_OR": np.logical_or,
    "LOGICAL_NOT": np.logical_not,
}


# -- float32 -----------------------------------------------------------------------------------


def affine(kind: str, values: np.ndarray, source: Tensor, result: Tensor) -> np.ndarray | None:
    """QUANTIZE of float32 to int8, and DEQUANTIZE of int8 to float32, as the reference kernels:
    divide in float32 and round half away from zero; one product of two float32. A quotient beyond
    int32, where the reference is undefined, saturates.

    Returns:
        ``None`` for other types, several scales, or a value that is not a number.
    """
    ends = {"QUANTIZE": ("float32", "int8"), "DEQUANTIZE": ("int8", "float32")}[kind]
    quant = (result if kind == "QUANTIZE" else source).quant
    if (source.dtype, result.dtype) != ends or quant is None or quant.scale.size != 1:
        return None
    scale, zero_point = np.float32(quant.scale[0]), int(quant.zero_point[0])
    if kind == "DEQUANTIZE":
        return np.asarray(scale * (values.astype(np.int32) - zero_point).astype(np.float32))
    if np.isnan(values).any():
        return None
    # A float64 holds a float32 quotient and half of its unit exactly, so this rounds once.
    quotient = (values / scale).astype(np.float64)
    rounded = np.trunc(quotient + np.copysign(0.5, quotient))
    return np.clip(rounded + zero_point, -128, 127).astype(np.int8)


def _each(function: Callable[[float], float]) -> Callable[[np.ndarray], np.ndarray]:
    """A function of doubles on each element, rounded to float32."""

    def evaluated(x: np.ndarray) -> np.ndarray:
        return np.array([function(float(v)) for v in x.reshape(-1)], np.float32).reshape(x.shape)

    return evaluated


_UNARY: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "ABS": np.abs,
    "CEIL": np.ceil,
    "COS": _each(math.cos),
    "ELU": _each(lambda x: math.expm1(x) if x < 0 else x),
    "EXP": _each(math.exp),
    "FLOOR": np.floor,
    "LOG": _each(math.log),
    "NEG": np.negative,
    "ROUND": np.rint,
    "RSQRT": lambda x: np.float32(1) / np.sqrt(x),
    "SIGN": np.sign,
    "SIN": _each(math.sin),
    "SQRT": np.sqrt,
    "SQUARE": np.square,
}
_BINARY: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "ADD": np.add,
    "DIV": np.divide,
    "MAXIMUM": np.maximum,
    "MINIMUM": np.minimum,
    "MUL": np.multiply,
    "SQUARED_DIFFERENCE": lambda a, b: np.square(a - b),
    "SUB": np.subtract,
}


def _float(op: Op, values: list[np.ndarray]) -> np.ndarray | None:
    if len(values) == 1 and op.kind in _UNARY:
        return np.asarray(_UNARY[op.kind](values[0]))
    if len(values) == 2 and op.kind in _BINARY:
        return np.asarray(_BINARY[op.kind](*values))
    return None


# Ops that run only as a part of a table.
ONLY_IN_TABLES = frozenset(_COMPARISONS) | frozenset(_LOGICAL) | {"SELECT", "SELECT_V2"}
