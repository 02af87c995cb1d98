"""Reductions over constant axes, and ARG_MAX and ARG_MIN."""

from __future__ import annotations

import itertools

import numpy as np

from midge import quantmath
from midge.graph import Op, Tensor
from midge.lower import leads
from midge.lower.context import Lowering, product
from midge.program import Param

_WIDE = ("MEAN", "REDUCE_MAX")  # ops that have an int16 kernel as well
_FEWER_AXES = "reduce one axis after the other, or reshape to fewer dimensions first"
_MAX_L2_DEPTH = 33025  # 255**2 times this is under 2**31
_MAX_PROD_SHIFT = 7  # TFLite's, so that no product of 64 bits overflows


def mean(low: Lowering, op: Op) -> None:
    """MEAN and SUM; MEAN's division is part of the requantization."""
    x, out, reduced = _operands(low, op)
    count = product(tuple(x.shape[a] for a in reduced))
    mult, shift = low.multiplier(op, x.scale / out.scale)
    if op.kind == "MEAN":
        mult, shift = _divided(mult, shift, count)
    _reduce(
        low,
        op,
        "mean",
        reduced,
        {
            "sum_offset": -x.zero_point * count,
            "mult": mult,
            "shift": shift,
            "out_offset": out.zero_point,
        },
    )


def reduce_min(low: Lowering, op: Op) -> None:
    x, out, reduced = _operands(low, op)
    low.alike(op, x, out)
    _reduce(low, op, "reduce_min", reduced, {})


def reduce_prod(low: Lowering, op: Op) -> None:
    """Each factor takes the n-th root of the output's scale with it, n factors in all."""
    x, out, reduced = _operands(low, op)
    count = product(tuple(x.shape[a] for a in reduced))
    mult, shift = low.multiplier(op, x.scale / out.scale ** (1.0 / count))
    low.need(
        op,
        -31 <= shift <= _MAX_PROD_SHIFT,
        f"output scale {out.scale:g} is too far from the product of the inputs': a factor of "
        f"2**{shift} each, needed: 2**-31 to 2**{_MAX_PROD_SHIFT}",
        "convert again with representative data of the model's real range",
    )
    numbers: dict[str, Param] = {
        "in_offset": -x.zero_point,
        "mult": (mult + (1 << 15)) >> 16 if mult < 0x7FFF0000 else 0x7FFF,
        "right": 15 - shift,
        "out_offset": out.zero_point,
    }
    _reduce(low, op, "reduce_prod", reduced, numbers)


def _operands(low: Lowering, op: Op) -> tuple[Tensor, Tensor, set[int]]:
    """Input, output, and the reduced axes, counted from the front."""
    dtype = low.form(op)[0] if op.kind in _WIDE else "int8"
    x, out = low.typed(op, op.inputs[0], dtype), low.typed(op, op.outputs[0], dtype)
    low.symmetric(op, x, out)
    reduced = _axes(low, op, x)
    kept = product(tuple(n for i, n in enumerate(x.shape) if i not in reduced))
    low.need(
        op,
        out.size == kept,
        f"output shape {out.shape} does not follow from the input's {x.shape}",
    )
    return x, out, reduced


def _reduce(
    low: Lowering, op: Op, kernel: str, reduced: set[int], numbers: dict[str, Param]
) -> None:
    """A kernel that walks as midge_reduce.h does."""
    x = low.tensor(op.inputs[0])
    keep, reduce = _groups(x.shape, reduced)
    low.need(
        op,
        len(keep) == len(reduce) == 2,
        f"axes {sorted(reduced)} of shape {x.shape} are {len(reduce)} separate groups, at most 2",
        _FEWER_AXES,
    )
    params = {
        "in": low.operand(op.inputs[0]),
        **numbers,
        "out": low.result(op.outputs[0]),
    }
    for name, pairs in (("keep", keep), ("reduce", reduce)):
        for i, (size, stride) in enumerate(pairs):
            params[f"{name}_{i}"] = size
            params[f"{name}_stride_{i}"] = stride
    walk = [n for n, _ in keep], [step for _, step in keep]
    lead = leads.strides(*walk).scaled(x.itemsize)
    low.step(op, kernel + low.form(op)[1], params, leads={"in": lead})


def reduce_max(low: Lowering, op: Op) -> None:
    """Over any constant axes: a MAX_POOL_2D of the same bytes, seen as another image."""
    x, out, reduced = _operands(low, op)
    dtype, suffix = low.form(op)
    low.alike(op, x, out)
    groups = _as_image(x.shape, reduced)
    low.need(
        op,
        len(groups) == 5,
        f"axes {sorted(reduced)} of shape {x.shape} are {len(groups) // 2} separate groups, at "
        "most 2",
        _FEWER_AXES,
    )
    keep_h, k_h, keep_w, k_w, c = groups
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
        "act_min": quantmath.limits(dtype)[0],
        "act_max": quantmath.limits(dtype)[1],
        "out": low.result(op.outputs[0]),
    }
    lead = leads.windows(params, c, c, c).scaled(out.itemsize)
    low.step(op, f"max_pool_2d{suffix}", params, leads={"in": lead})


def _axes(low: Lowering, op: Op, x: Tensor) -> set[int]:
    """The reduced axes, counted from the front."""
    axes = low.constant(op, op.inputs[1], "the list of axes").reshape(-1)
    rank = len(x.shape)
    low.need(
        op,
        all(-rank <= a < rank for a in axes),
        f"axes {axes.tolist()} of a tensor with {rank} dimensions",
    )
    return {int(a) % rank for a in axes}


def arg_max(low: Lowering, op: Op) -> None:
    """ARG_MAX and ARG_MIN along one constant axis, to int32."""
    x, out = low.typed(op, op.inputs[0], "int8"), low.tensor(op.outputs[0])
    low.need(
        op,
        out.dtype == "int32",
        f"tensor '{out.name}' is {out.dtype}, needed: int32",
        "use tf.argmax(..., output_type=tf.int32), or leave it out and take the best score on "
        "the board (`classify()` does)",
    )
    axes = _axes(low, op, x)
    low.need(op, len(axes) == 1, f"{len(axes)} axes, needed: 1")
    (axis,) = axes
    outer, inner = product(x.shape[:axis]), product(x.shape[axis + 1 :])
    low.need(
        op,
        out.size == outer * inner,
        f"output shape {out.shape} does not follow from the input's {x.shape}",
    )
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "outer": outer,
        "depth": x.shape[axis],
        "inner": inner,
        "sign": 1 if op.kind == "ARG_MAX" else -1,
        "out": low.result(op.outputs[0]),
    }
    first = np.add.outer(np.arange(outer) * x.shape[axis] * inner, np.arange(inner)).reshape(-1)
    lead = leads.granules(first, 4 * np.arange(1, first.size + 1))
    low.step(op, "arg_max", params, leads={"in": lead})


def l2_normalization(low: Lowering, op: Op) -> None:
    """Along the last axis; the output's scale is 1/128, its zero point 0."""
    x, out = low.typed(op, op.inputs[0], "int8"), low.typed(op, op.outputs[0], "int8")
    low.need(
        op,
        out.scale == 1 / 128 and out.zero_point == 0 and out.size == x.size,
        f"output scale {out.scale:g}, zero point {out.zero_point}, shape {out.shape}, needed: "
        f"1/128, 0, {x.shape}",
    )
    activation = op.attrs.get("fused_activation_function", "NONE")
    low.need(op, activation == "NONE", f"fused activation {activation}, needed: NONE")
    depth = x.shape[-1] if x.shape else 1
    low.need(op, depth <= _MAX_L2_DEPTH, f"{depth} values a vector, at most {_MAX_L2_DEPTH}")
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "rows": x.size // depth,
        "depth": depth,
        "in_offset": -x.zero_point,
        "out": low.result(op.outputs[0]),
    }
    low.step(op, "l2_normalization", params, in_place=("in",))


def _as_image(shape: tuple[int, ...], reduced: set[int]) -> list[int]:
    """The tensor as [kept][reduced][kept][reduced][kept], 1 where there is none; longer where
    that does not hold it."""
    sizes = [1, 1, 1, 1, 1]
    place = 0
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        if (place % 2 == 1) != (axis in reduced):
            place += 1
        if place == len(sizes):
            sizes += [1, 1]
        sizes[place] *= size
    return sizes


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
