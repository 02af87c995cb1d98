"""Takes out channels that change nothing: read by no weight, or the same for every input.

A channel whose value is constant (by the interval analysis of :mod:`midge.ranges`) goes into the
biases of the layer that reads it; with padding only if the constant is the padding's value. What
remains is a multiple of 4 where it can be, as kernels read words.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from midge import ranges
from midge.graph import Graph, Op, Quant, Tensor

_CHANNELWISE = ("DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D", "RESHAPE")
_FILTERS = {"CONV_2D": (4, 0), "DEPTHWISE_CONV_2D": (4, 3), "FULLY_CONNECTED": (2, 0)}
_WORD = 4


def apply(graph: Graph) -> bool:
    """Returns whether a channel was taken out."""
    if not all(_fits_together(graph, op) for op in graph.ops):
        return False  # a broken file: lowering says what is wrong
    known = ranges.analyse(graph)
    needed = _needed(graph, known)
    kept = {}
    for tensor, mask in needed.items():
        count = max(_WORD, -(-int(mask.sum()) // _WORD) * _WORD)
        if count >= mask.size:
            mask[:] = True
            continue
        mask[np.flatnonzero(~mask)[: count - int(mask.sum())]] = True
        kept[tensor] = np.flatnonzero(mask)
    _agree(graph, kept)
    if not kept:
        return False
    for op in graph.ops:
        _shrink(graph, op, kept, known)
    for tensor, index in kept.items():
        old = graph.tensors[tensor]
        shape = (*old.shape[:-1], index.size)
        graph.tensors[tensor] = dataclasses.replace(old, shape=shape)
    return True


def _fits_together(graph: Graph, op: Op) -> bool:
    """Whether the op's shapes agree about the number of output channels."""
    n = ranges.channels(graph.tensors[op.outputs[0]])
    if op.kind in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
        return n == ranges.channels(graph.tensors[op.inputs[0]])
    if op.kind not in _FILTERS or not _has_constants(graph, op):
        return True
    weights, bias = (graph.tensors[t] for t in op.inputs[1:])
    rank, axis = _FILTERS[op.kind]
    scales = weights.quant.scale.size if weights.quant is not None else 1
    return (
        len(weights.shape) == rank and weights.shape[axis] == bias.size == n and (scales in (1, n))
    )


def _needed(graph: Graph, known: dict[int, ranges.Interval]) -> dict[int, np.ndarray]:
    """For each activation that ops make: which channels some reader needs, bool [channels]."""
    made = {op.outputs[0] for op in graph.ops if op.outputs[0] in known}
    needed = {t: np.zeros(ranges.channels(graph.tensors[t]), bool) for t in made}
    for tensor in graph.outputs:
        if tensor in needed:
            needed[tensor][:] = True
    while True:
        before = {t: mask.copy() for t, mask in needed.items()}
        for op in reversed(graph.ops):
            _ask(graph, op, known, needed)
        if all(np.array_equal(before[t], needed[t]) for t in needed):
            return needed


def _ask(
    graph: Graph, op: Op, known: dict[int, ranges.Interval], needed: dict[int, np.ndarray]
) -> None:
    """What ``op`` needs of its inputs, given what is needed of its output."""
    source, out = op.inputs[0], op.outputs[0]
    if _is_channelwise(graph, op) and source in needed and out in needed:
        # both sides keep the same channels
        needed[source] |= needed[out]
        needed[out] |= needed[source]
        return
    if _may_fold(graph, op) and source in needed:
        weights = graph.tensors[op.inputs[1]].data
        assert weights is not None
        rows = needed[out] if out in needed else np.ones(weights.shape[0], bool)
        used = (weights[rows].reshape(-1, weights.shape[-1]) != 0).any(axis=0)
        needed[source] |= used & ~_foldable(graph, op, known)
        return
    for tensor in op.inputs:
        if tensor in needed:
            needed[tensor][:] = True
    if not _may_fold(graph, op) and out in needed:
        needed[out][:] = True  # its channels cannot be taken out


def _is_channelwise(graph: Graph, op: Op) -> bool:
    if op.kind == "DEPTHWISE_CONV_2D":
        same = graph.tensors[op.inputs[1]].shape[-1] == ranges.channels(
            graph.tensors[op.inputs[0]]
        )
        return same and _has_constants(graph, op)
    if op.kind == "RESHAPE":
        return ranges.keeps_channels(graph, op)
    return op.kind in _CHANNELWISE


def _has_constants(graph: Graph, op: Op) -> bool:
    operands = op.inputs[1:]
    return len(operands) == 2 and all(
        t >= 0 and graph.tensors[t].data is not None for t in operands
    )


def _may_fold(graph: Graph, op: Op) -> bool:
    """A convolution of one group, or a dense layer, whose weights and bias are constants."""
    if op.kind not in ("CONV_2D", "FULLY_CONNECTED") or not _has_constants(graph, op):
        return False
    source, weights = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]]
    good = weights.dtype == "int8" and source.dtype == "int8" and source.quant is not None
    zero = weights.quant is not None and not np.any(weights.quant.zero_point)
    return good and zero and weights.shape[-1] == ranges.channels(source)


def _foldable(graph: Graph, op: Op, known: dict[int, ranges.Interval]) -> np.ndarray:
    """bool [input channels]: constant, and so that its part of the sums is."""
    low, high = ranges.of(graph, known, op.inputs[0])
    constant: np.ndarray = low == high
    if op.kind == "CONV_2D" and ranges.is_padded(graph, op):
        constant &= low == graph.tensors[op.inputs[0]].zero_point
    part = np.abs(_constant_part(graph, op, np.where(constant, low, 0), constant))
    bias = graph.tensors[op.inputs[2]].data
    assert bias is not None
    if (part + np.abs(bias.astype(np.int64).reshape(-1)) >= 2**31).any():
        return np.zeros_like(constant)
    return constant


def _constant_part(graph: Graph, op: Op, values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """What the chosen input channels add to each output's sum, int64 [out_c]."""
    weights = graph.tensors[op.inputs[1]].data
    assert weights is not None
    centred = np.where(chosen, values - graph.tensors[op.inputs[0]].zero_point, 0)
    sums = weights.astype(np.int64).reshape(weights.shape[0], -1, weights.shape[-1]).sum(axis=1)
    return np.asarray(sums @ centred)


def _agree(graph: Graph, kept: dict[int, np.ndarray]) -> None:
    """Drops what two sides of a channelwise op do not both keep, until none is left."""
    changed = True
    while changed:
        changed = False
        for op in graph.ops:
            if not _is_channelwise(graph, op):
                continue
            sides = [kept.get(op.inputs[0]), kept.get(op.outputs[0])]
            if sides[0] is None and sides[1] is None:
                continue
            if sides[0] is None or sides[1] is None or not np.array_equal(sides[0], sides[1]):
                kept.pop(op.inputs[0], None)
                kept.pop(op.outputs[0], None)
                changed = True


def _shrink(
    graph: Graph, op: Op, kept: dict[int, np.ndarray], known: dict[int, ranges.Interval]
) -> None:
    """Cuts the op's constants to the channels kept of its input and output."""
    source, out = kept.get(op.inputs[0]), kept.get(op.outputs[0])
    if source is None and out is None:
        return
    if op.kind in ("CONV_2D", "FULLY_CONNECTED"):
        if source is not None:
            gone = np.ones(ranges.channels(graph.tensors[op.inputs[0]]), bool)
            gone[source] = False
            low, _ = ranges.of(graph, known, op.inputs[0])
            part = _constant_part(graph, op, low, gone & _foldable(graph, op, known))
            _replace(graph, op, 2, lambda bias: (bias + part).astype(np.int32))
            _replace(graph, op, 1, lambda w: w[..., source])
        if out is not None:
            _replace(graph, op, 1, lambda w: w[out], out)
            _replace(graph, op, 2, lambda bias: bias[out], out)
    elif op.kind == "DEPTHWISE_CONV_2D":
        _replace(graph, op, 1, lambda w: w[..., out], out)
        _replace(graph, op, 2, lambda bias: bias[out], out)
    elif op.kind == "RESHAPE" and out is not None:
        shape = (*graph.tensors[op.outputs[0]].shape[:-1], out.size)
        op.attrs["new_shape"] = shape
        if len(op.inputs) > 1:
            _replace(graph, op, 1, lambda _: np.array(shape, np.int32))


def _replace(
    graph: Graph,
    op: Op,
    slot: int,
    change: Callable[[np.ndarray], np.ndarray],
    index: np.ndarray | None = None,
) -> None:
    """Gives the op a changed copy of a constant; others may read the old one."""
    old = graph.tensors[op.inputs[slot]]
    assert old.data is not None
    data = np.ascontiguousarray(change(old.data))
    quant = old.quant
    if index is not None and quant is not None and quant.scale.size > 1:
        quant = Quant(quant.scale[index], quant.zero_point[index], quant.axis)
    op.inputs[slot] = graph.add_tensor(Tensor(old.name, data.shape, old.dtype, quant, data))
