"""Ops that move bytes or give them another shape: RESHAPE and its kin, PAD, CONCATENATION."""

from __future__ import annotations

import numpy as np

from midge.graph import Op
from midge.lower.context import MAX_RANK, Lowering, padded_shape, product
from midge.program import Param


def alias(low: Lowering, op: Op) -> None:
    """RESHAPE, SQUEEZE, EXPAND_DIMS: the same bytes."""
    x, out = low.tensor(op.inputs[0]), low.tensor(op.outputs[0])
    low.need(
        op,
        x.nbytes == out.nbytes and x.dtype == out.dtype,
        f"input {x.shape} {x.dtype}, output {out.shape} {out.dtype}, needed: as many bytes",
    )
    low.alias(op.outputs[0], op.inputs[0])


def pad(low: Lowering, op: Op) -> None:
    """PAD fills with the output's zero point, PADV2 with its third input."""
    x = low.typed(op, op.inputs[0], "int8", "uint8", "int16")
    out = low.typed(op, op.outputs[0], x.dtype)
    low.symmetric(op, x, out)
    low.alike(op, x, out)
    low.rank(op, x)
    amounts = low.constant(op, op.inputs[1], "the paddings").reshape(-1, 2).astype(int)
    grown = tuple(int(n + a + b) for n, (a, b) in zip(x.shape, amounts, strict=False))
    low.need(
        op,
        len(amounts) == len(x.shape) and amounts.min(initial=0) >= 0 and grown == out.shape,
        f"paddings {amounts.tolist()} do not make {out.shape} of {x.shape}",
    )
    value = out.zero_point
    if len(op.inputs) > 2:
        fill = low.tensor(op.inputs[2])
        low.need(op, fill.dtype == x.dtype, f"fill value of {fill.dtype}, needed: {x.dtype}")
        value = int(low.constant(op, op.inputs[2], "the fill value").reshape(-1)[0])
    params: dict[str, Param] = {"in": low.operand(op.inputs[0]), "value": value}
    params |= pad_geometry(x.shape, out.shape, tuple(int(a) for a, _ in amounts))
    params["out"] = low.result(op.outputs[0])
    low.step(op, f"pad{low.form(op)[1]}", params)


def pad_geometry(
    shape: tuple[int, ...], grown: tuple[int, ...], before: tuple[int, ...]
) -> dict[str, Param]:
    """What ``midge_pad_t`` has of sizes, rank 4. ``before``: elements before each axis."""
    params: dict[str, Param] = {}
    for i in range(MAX_RANK):
        params[f"in_{i}"] = padded_shape(shape)[i]
        params[f"out_{i}"] = padded_shape(grown)[i]
        params[f"before_{i}"] = ((0,) * (MAX_RANK - len(before)) + before)[i]
    return params


def concatenation(low: Lowering, op: Op) -> None:
    """One copy for each input that cannot be written into the output straight away."""
    out = low.tensor(op.outputs[0])
    low.need(
        op,
        op.attrs.get("fused_activation_function", "NONE") == "NONE",
        f"fused activation {op.attrs.get('fused_activation_function')}, needed: NONE",
    )
    rank = len(out.shape)
    axis = int(op.attrs["axis"]) % rank if rank else 0
    row = product(out.shape[axis:]) * np.dtype(out.dtype).itemsize
    sizes = []
    for t in op.inputs:
        x = low.tensor(t)
        rest = x.shape[:axis] + x.shape[axis + 1 :]
        low.need(
            op,
            x.dtype == out.dtype
            and len(x.shape) == rank
            and rest == out.shape[:axis] + out.shape[axis + 1 :],
            f"'{x.name}' {x.shape} {x.dtype} does not fit into {out.shape} {out.dtype}",
        )
        low.alike(op, x, out)
        sizes.append(product(x.shape[axis:]) * np.dtype(x.dtype).itemsize)
    low.need(op, sum(sizes) == row, f"the inputs fill {sum(sizes)} bytes of rows of {row}")
    places = [low.operand(t) for t in op.inputs]
    target = low.result(op.outputs[0])
    start = 0
    for place, size in zip(places, sizes, strict=True):
        if row == out.nbytes and low.part(place, target, start):
            start += size
            continue
        params: dict[str, Param] = {
            "in": place,
            "out": target,
            "rows": product(out.shape[:axis]),
            "row_bytes": size,
            "out_start_bytes": start,
            "out_stride_bytes": row,
        }
        start += size
        low.step(op, "copy", params)
