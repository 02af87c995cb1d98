"""ADD, SUB and MUL with broadcasting."""

from __future__ import annotations

import numpy as np

from midge.graph import Op, Tensor
from midge.lower import leads, sum_tables
from midge.lower.context import Lowering, padded_shape, product
from midge.program import Lead, Param

_LEFT_SHIFT = 20  # TFLite's, for int8
_WORTH_TABLES = 1024  # elements: two tables take 2 KB of flash and save 170 cycles an element


def add(low: Lowering, op: Op) -> None:
    _add(low, op, 1)


def sub(low: Lowering, op: Op) -> None:
    _add(low, op, -1)


def _add(low: Lowering, op: Op, sign: int) -> None:
    a, b, out = _operands(low, op)
    twice = 2 * max(a.scale, b.scale)
    a_mult, a_shift = low.multiplier(op, a.scale / twice)
    b_mult, b_shift = low.multiplier(op, b.scale / twice)
    mult, shift = low.multiplier(op, twice / ((1 << _LEFT_SHIFT) * out.scale))
    params: dict[str, Param] = {
        **_places(low, op, a, b, out),
        "a_offset": -a.zero_point,
        "a_mult": a_mult,
        "a_shift": a_shift,
        "b_offset": -b.zero_point,
        "b_mult": b_mult,
        "b_shift": b_shift,
        "b_sign": sign,
        "left_shift": _LEFT_SHIFT,
        "mult": mult,
        "shift": shift,
        **low.clamp(op, out),
    }
    if low.kernels != "plain" and out.size >= _WORTH_TABLES and a.size == b.size == out.size:
        tables = sum_tables.search({k: v for k, v in params.items() if isinstance(v, int)})
        if tables is not None:
            _by_tables(low, op, params, tables)
            return
    params["out"] = low.result(op.outputs[0])
    low.step(op, "add", params, leads=_leads(params))


def _by_tables(
    low: Lowering, op: Op, params: dict[str, Param], tables: tuple[np.ndarray, np.ndarray]
) -> None:
    out = low.tensor(op.outputs[0])
    by_tables: dict[str, Param] = {k: params[k] for k in ("a", "b", "act_min", "act_max")}
    for name, table in zip("ab", tables, strict=True):
        by_tables[f"{name}_table"] = low.const(f"{out.name}/{name}_table", table, "table")
    by_tables["size"] = out.size
    by_tables["out"] = low.result(op.outputs[0])
    low.step(op, "add_tables", by_tables, in_place=("a", "b"))


def mul(low: Lowering, op: Op) -> None:
    a, b, out = _operands(low, op)
    # TFLite's Prepare computes this one in single precision.
    real = np.float32(a.scale) * np.float32(b.scale) / np.float32(out.scale)
    mult, shift = low.multiplier(op, float(real))
    params: dict[str, Param] = {
        **_places(low, op, a, b, out),
        "a_offset": -a.zero_point,
        "b_offset": -b.zero_point,
        "mult": mult,
        "shift": shift,
        **low.clamp(op, out),
        "out": low.result(op.outputs[0]),
    }
    low.step(op, "mul", params, leads=_leads(params))


def _operands(low: Lowering, op: Op) -> tuple[Tensor, Tensor, Tensor]:
    tensors = [low.typed(op, t, "int8") for t in (*op.inputs[:2], op.outputs[0])]
    for tensor in tensors:
        low.rank(op, tensor)
    a, b, out = tensors
    return a, b, out


def _places(low: Lowering, op: Op, a: Tensor, b: Tensor, out: Tensor) -> dict[str, Param]:
    """Operands, and the strides with which each is walked."""
    shapes = [padded_shape(tensor.shape) for tensor in (a, b, out)]
    for one, two, both in zip(*shapes, strict=True):
        low.need(
            op,
            {one, two} <= {1, both} and both == max(one, two),
            f"shapes {a.shape} and {b.shape} do not broadcast to {out.shape}",
        )
    walk = _merged(shapes)
    params: dict[str, Param] = {"a": low.operand(op.inputs[0]), "b": low.operand(op.inputs[1])}
    for i, (size, a_stride, b_stride) in enumerate(walk):
        params[f"dim_{i}"] = size
        params[f"a_stride_{i}"] = a_stride
        params[f"b_stride_{i}"] = b_stride
    return params


def _merged(shapes: list[tuple[int, ...]]) -> list[tuple[int, int, int]]:
    """(size, stride in a, stride in b) of 4 axes, with as many as possible in the last."""
    a, b, out = shapes
    walk: list[tuple[int, int, int]] = []
    for i in reversed(range(len(out))):
        strides = tuple(product(s[i + 1 :]) if s[i] != 1 else 0 for s in (a, b))
        if out[i] == 1:
            continue
        if walk:
            size, *inner = walk[-1]
            if all(outer == step * size for outer, step in zip(strides, inner, strict=True)):
                walk[-1] = (size * out[i], inner[0], inner[1])
                continue
        walk.append((out[i], strides[0], strides[1]))
    return [(1, 0, 0)] * (4 - len(walk)) + walk[::-1]


def _leads(params: dict[str, Param]) -> dict[str, Lead]:
    """Of operands walked with strides, 0 where they are broadcast."""

    def four(name: str) -> list[int]:
        return [int(params[f"{name}_{i}"]) for i in range(4)]  # type: ignore[arg-type]

    return {k: leads.strides(four("dim"), four(f"{k}_stride")) for k in ("a", "b")}
