"""MEAN."""

from __future__ import annotations

import itertools

from midge.graph import Op
from midge.lower.context import Lowering, product
from midge.program import Param


def mean(low: Lowering, op: Op) -> None:
    """Over any constant axes; the division is part of the requantization."""
    x, out = low.typed(op, op.inputs[0], "int8"), low.typed(op, op.outputs[0], "int8")
    low.rank(op, x)
    axes = low.constant(op, op.inputs[1], "the list of axes").reshape(-1)
    rank = len(x.shape)
    low.need(
        op,
        all(-rank <= a < rank for a in axes),
        f"axes {axes.tolist()} of a tensor with {rank} dimensions",
    )
    reduced = {int(a) % rank for a in axes}
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
    low.step(op, "mean", params)


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
