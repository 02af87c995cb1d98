"""One-input elementwise ops, by table, SOFTMAX and LOG_SOFTMAX."""

from __future__ import annotations

import numpy as np

from midge import fixedpoint, tables
from midge.graph import Op, Tensor
from midge.lower.context import Lowering
from midge.program import Param

_CALIBRATE = "convert again with representative data of the model's real range"
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


def by_table(low: Lowering, op: Op) -> None:
    """Any op of :mod:`midge.tables`, int8 to int8."""
    x, out = _ends(low, op)
    try:
        table = tables.make(op, x, out)
    except ValueError as err:
        raise low.error(op, str(err), _CALIBRATE) from err
    lookup(low, op, table)


def by_given_table(low: Lowering, op: Op) -> None:
    """LOOKUP of :mod:`midge.passes.fuse_tables`."""
    _ends(low, op)
    lookup(low, op, op.attrs["table"])


def _ends(low: Lowering, op: Op) -> tuple[Tensor, Tensor]:
    return low.typed(op, op.inputs[0], "int8"), low.typed(op, op.outputs[0], "int8")


def softmax(low: Lowering, op: Op) -> None:
    """Along the last axis; the output's scale is 1/256, its zero point -128."""
    x, out = _ends(low, op)
    low.need(
        op,
        abs(out.scale * 256 - 1) <= 0.001 and out.zero_point == -128,
        f"output scale {out.scale:g}, zero point {out.zero_point}, needed: 1/256, -128",
    )
    params = _exponentials(low, op, x, out, float(np.float32(op.attrs.get("beta", 1.0))))
    params["out"] = low.result(op.outputs[0])
    low.step(op, "softmax", params, in_place=("in",))


def log_softmax(low: Lowering, op: Op) -> None:
    """Along the last axis; the output's scale is 1/16, its zero point 127."""
    x, out = _ends(low, op)
    low.need(
        op,
        out.scale == 1 / 16 and out.zero_point == 127,
        f"output scale {out.scale:g}, zero point {out.zero_point}, needed: 1/16, 127",
    )
    params = _exponentials(low, op, x, out, 1.0)
    numbers = fixedpoint.log_softmax_numbers(x.scale)
    params |= {**numbers, "out": low.result(op.outputs[0])}
    low.step(op, "log_softmax", params, in_place=("in",))


def _exponentials(low: Lowering, op: Op, x: Tensor, out: Tensor, beta: float) -> dict[str, Param]:
    """What SOFTMAX and LOG_SOFTMAX begin with: rows, and the table of exponentials."""
    depth = x.shape[-1] if x.shape else 1
    low.need(
        op,
        depth <= _MAX_DEPTH,
        f"{depth} classes, at most {_MAX_DEPTH}",
        "leave the softmax out: the class with the highest score is the same",
    )
    try:
        table = fixedpoint.softmax_table(x.scale, beta)
    except ValueError as err:
        raise low.error(op, str(err), "convert again with representative data") from err
    return {
        "in": low.operand(op.inputs[0]),
        "table": low.const(f"{out.name}/exp", table, "table"),
        "rows": x.size // depth,
        "depth": depth,
        "table_size": len(table),
    }
