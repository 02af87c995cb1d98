"""One-input elementwise ops, by table, and SOFTMAX."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from midge import quantmath
from midge.graph import Op, Tensor
from midge.lower.context import Lowering
from midge.program import Param

_MAX_DEPTH = 4095  # the sum of exponentials has 12 integer bits


def lookup(low: Lowering, op: Op, table: np.ndarray) -> None:
    """Adds a table lookup from the op's input to its output."""
    x, out = low.tensor(op.inputs[0]), low.tensor(op.outputs[0])
    low.need(op, x.size == out.size, f"input {x.shape}, output {out.shape}, needed: as many")
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "table": low.const(f"{out.name}/table", table, "table"),
        "size": x.size,
        "out": low.result(op.outputs[0]),
    }
    low.step(op, "lookup", params, in_place=("in",))


def _ends(low: Lowering, op: Op) -> tuple[Tensor, Tensor]:
    return low.typed(op, op.inputs[0], "int8"), low.typed(op, op.outputs[0], "int8")


def _real(low: Lowering, op: Op, function: Callable[[np.float32], np.float32]) -> None:
    x, out = _ends(low, op)
    lookup(
        low, op, quantmath.float_table(function, x.scale, x.zero_point, out.scale, out.zero_point)
    )


def logistic(low: Lowering, op: Op) -> None:
    _real(low, op, quantmath.logistic)


def tanh(low: Lowering, op: Op) -> None:
    _real(low, op, quantmath.tanh)


def relu(low: Lowering, op: Op) -> None:
    """RELU, RELU6, RELU_N1_TO_1: a requantization between limits."""
    x, out = _ends(low, op)
    mult, shift = low.multiplier(op, float(np.float32(x.scale) / np.float32(out.scale)))
    first, last = quantmath.activation_range(op.kind, out.scale, out.zero_point)

    def value(q: int) -> int:
        y = quantmath.requantize(q - x.zero_point, mult, shift) + out.zero_point
        return min(max(y, first), last)

    lookup(low, op, quantmath.make_table(value, "int8", "int8"))


def leaky_relu(low: Lowering, op: Op) -> None:
    x, out = _ends(low, op)
    one = low.multiplier(op, float(np.float32(x.scale) / np.float32(out.scale)))
    alpha = np.float32(x.scale) * np.float32(op.attrs["alpha"]) / np.float32(out.scale)
    low.need(op, bool(alpha >= 0), f"alpha {op.attrs['alpha']:g}, needed: 0 or above")
    other = low.multiplier(op, float(alpha))

    def value(q: int) -> int:
        real = q - x.zero_point
        return quantmath.requantize(real, *(one if real >= 0 else other)) + out.zero_point

    lookup(low, op, quantmath.make_table(value, "int8", "int8"))


def hard_swish(low: Lowering, op: Op) -> None:
    x, out = _ends(low, op)
    try:
        table = quantmath.hard_swish_table(x.scale, x.zero_point, out.scale, out.zero_point)
    except ValueError as err:
        raise low.error(op, str(err)) from err
    lookup(low, op, table)


def softmax(low: Lowering, op: Op) -> None:
    """Along the last axis; the output's scale is 1/256, its zero point -128."""
    x, out = _ends(low, op)
    low.need(
        op,
        abs(out.scale * 256 - 1) <= 0.001 and out.zero_point == -128,
        f"output scale {out.scale:g}, zero point {out.zero_point}, needed: 1/256, -128",
    )
    depth = x.shape[-1] if x.shape else 1
    low.need(
        op,
        depth <= _MAX_DEPTH,
        f"{depth} classes, at most {_MAX_DEPTH}",
        "leave the softmax out: the class with the highest score is the same",
    )
    try:
        table = quantmath.softmax_table(x.scale, float(np.float32(op.attrs.get("beta", 1.0))))
    except ValueError as err:
        raise low.error(op, str(err), "convert again with representative data") from err
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "table": low.const(f"{out.name}/exp", table, "table"),
        "rows": x.size // depth,
        "depth": depth,
        "table_size": len(table),
        "out": low.result(op.outputs[0]),
    }
    low.step(op, "softmax", params, in_place=("in",))
