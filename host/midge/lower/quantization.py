"""QUANTIZE and DEQUANTIZE."""

from __future__ import annotations

import numpy as np

from midge import quantmath, tables
from midge.graph import Op
from midge.lower import leads
from midge.lower.activation import lookup
from midge.lower.context import Lowering
from midge.program import Param


def quantize(low: Lowering, op: Op) -> None:
    """From float32, or from one 8-bit quantization to another."""
    x = low.typed(op, op.inputs[0], "float32", "int8", "uint8")
    out = low.typed(op, op.outputs[0], "int8", "uint8")
    if x.dtype != "float32":
        low.multiplier(op, x.scale / out.scale)  # refuses what no shift can do
        lookup(low, op, tables.make(op, x, out))
        return
    from_float(low, op, "quantize")


def from_float(low: Lowering, op: Op, kernel: str) -> None:
    """QUANTIZE from float32."""
    x, out = low.tensor(op.inputs[0]), low.tensor(op.outputs[0])
    first, last = quantmath.limits(out.dtype)
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "size": x.size,
        "scale_bits": _bits(out.scale),
        "zero_point": out.zero_point,
        "min": first,
        "max": last,
        "out": low.result(op.outputs[0]),
    }
    low.step(op, kernel, params, leads={"in": leads.elements(x.size, 4, out.itemsize)})


def dequantize(low: Lowering, op: Op) -> None:
    """To float32."""
    low.typed(op, op.inputs[0], "int8", "uint8")
    to_float(low, op, "dequantize")


def to_float(low: Lowering, op: Op, kernel: str) -> None:
    """DEQUANTIZE to float32."""
    x = low.tensor(op.inputs[0])
    low.typed(op, op.outputs[0], "float32")
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "size": x.size,
        "scale_bits": _bits(x.scale),
        "zero_point": x.zero_point,
        "is_unsigned": int(x.dtype == "uint8"),
        "out": low.result(op.outputs[0]),
    }
    low.step(op, kernel, params, leads={"in": leads.elements(x.size, x.itemsize, 4)})


def _bits(scale: float) -> int:
    """The float32's bits as an int32."""
    return int(np.float32(scale).view(np.int32))
