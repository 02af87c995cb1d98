"""MEAN and REDUCE_MAX."""

from __future__ import annotations

import itertools

from midge.graph import Op, Tensor
from midge.lower import leads
from midge.lower.context import Lowering, product
from midge.program import Param


def mean(low: Lowering, op: Op) -> None:
    """Over any constant axes; the division is part of the requantization."""
    x, out = low.typed(op, op.inputs[0], "int8"), low.typed(op, op.outputs[0], "int8")
    reduced = _axes(low, op, x)
    keep, reduce = _groups(x.shape, reduced)
    count = product(tuple(x.shape[a] for a in reduced))
    mult, shift = _divided(*low.multiplier(op, x.scale / out.scale), count)
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "sum_offset": -x.zero_point * count,
        "mult": mult,
        "shift": shift,
        "out_offset": out.zero_point,
        "out": low.result(op.outputs[0]),
    }
    for name, pairs in (("keep", keep), ("reduce", reduce)):
        for i, (size, stride) in enumerate(pairs):
            params[f"{name}_{i}"] = size
            params[f"{name}_stride_{i}"] = stride
    walk = [n for n, _ in keep], [step for _, step in keep]
    low.step(op, "mean", params, leads={"in": leads.strides(*walk)})


def reduce_max(low: Lowering, op: Op) -> None:
    """Over any constant axes: a MAX_POOL_2D of the same bytes, seen as another image."""
    x, out = low.typed(op, op.inputs[0], "int8"), low.typed(op, op.outputs[0], "int8")
    low.alike(op, x, out)
    reduced = _axes(low, op, x)
    keep_h, k_h, keep_w, k_w, c = _as_image(x.shape, reduced)
    low.need(
        op,
        out.size == keep_h * keep_w * c,
        f"output shape {out.shape} does not follow from the input's {x.shape}",
    )
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "in_h": keep_h * k_h,
        "in_w": keep_w * k_w,
        "c": c,
        "out_h": keep_h,
        "out_w": keep_w,
        "k_h": k_h,
        "k_w": k_w,
        "stride_h": k_h,
        "stride_w": k_w,
        "pad_top": 0,
        "pad_left": 0,
        "act_min": -128,
        "act_max": 127,
        "out": low.result(op.outputs[0]),
    }
    low.step(op, "max_pool_2d", params, leads={"in": leads.windows(params, c, c, c)})


def _axes(low: Lowering, op: Op, x: Tensor) -> set[int]:
    """The reduced axes, counted from the front."""
    low.rank(op, x)
    axes = low.constant(op, op.inputs[1], "the list of axes").reshape(-1)
    rank = len(x.shape)
    low.need(
        op,
        all(-rank <= a < rank for a in axes),
        f"axes {axes.tolist()} of a tensor with {rank} dimensions",
    )
    return {int(a) % rank for a in axes}


def _as_image(shape: tuple[int, ...], reduced: set[int]) -> tuple[int, int, int, int, int]:
    """The tensor as [kept][reduced][kept][reduced][kept], 1 where there is none.

    Four axes at most have four such groups at most, so they always find a place in this order.
    """
    sizes = [1, 1, 1, 1, 1]
    place = 0
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        if (place % 2 == 1) != (axis in reduced):
            place += 1
        sizes[place] *= size
    keep_h, k_h, keep_w, k_w, c = sizes
    return keep_h, k_h, keep_w, k_w, c


def _groups(
    shape: tuple[int, ...], reduced: set[int]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """(size, stride) of two kept and two reduced axes: neighbours of one sort become one."""
    strides = [product(shape[i + 1 :]) for i in range(len(shape))]
    axes = [i for i in range(len(shape)) if shape[i] != 1]
    groups: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    for is_reduced, run in itertools.groupby(axes, key=lambda axis: axis in reduced):
        members = list(run)
        size = product(tuple(shape[i] for i in members))
        groups[is_reduced].append((size, strides[members[-1]]))
    for pairs in groups.values():
        pairs[:0] = [(1, 0)] * (2 - len(pairs))
    return groups[False], groups[True]


def _divided(mult: int, shift: int, count: int) -> tuple[int, int]:
    """The requantization with 1 / count in it, as TFLite's QuantizedMeanOrSum has it."""
    extra = min(count.bit_length() - 1, 32, 31 + shift)
    return (mult << extra) // count, shift - extra
