"""Moves a PAD behind the RESHAPE that reads it, where the RESHAPE only adds or drops axes of 1.

Keras' causal Conv1D pads (batch, time, channels) and then makes an image of it; behind the
RESHAPE the PAD stands before the convolution, which can take it in. Both orders give the same
bytes: axes of 1 that are not padded change nothing about where a byte goes.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from midge.graph import Graph, Op
from midge.passes.rewrite import const_value, same_quant


def apply(graph: Graph) -> bool:
    """Returns whether a PAD was moved."""
    changed = False
    for reshape in graph.ops:
        pad = graph.producer(reshape.inputs[0]) if reshape.kind == "RESHAPE" else None
        if pad is None or pad.kind not in ("PAD", "PADV2"):
            continue
        amounts = _new_amounts(graph, pad, reshape)
        if amounts is not None and _may_move(graph, pad, reshape):
            _swap(graph, pad, reshape, amounts)
            changed = True
    return changed


def _may_move(graph: Graph, pad: Op, reshape: Op) -> bool:
    between, result = pad.outputs[0], reshape.outputs[0]
    return (
        graph.consumers(between) == [reshape]
        and between not in graph.outputs
        and same_quant(graph.tensors[pad.inputs[0]], graph.tensors[between])
        and same_quant(graph.tensors[between], graph.tensors[result])
    )


def _new_amounts(graph: Graph, pad: Op, reshape: Op) -> np.ndarray | None:
    """The paddings in the axes of the RESHAPE's output; ``None`` where they do not exist."""
    amounts = const_value(graph, pad.inputs[1])
    before, after = graph.tensors[pad.outputs[0]].shape, graph.tensors[reshape.outputs[0]].shape
    if amounts is None or amounts.shape != (len(before), 2):
        return None
    pairs = [(int(a), int(b)) for a, b in amounts]
    kept = [
        (size, pair) for size, pair in zip(before, pairs, strict=True) if size != 1 or any(pair)
    ]
    if [size for size, _ in kept if size != 1] != [size for size in after if size != 1]:
        return None
    if any(size == 1 for size, _ in kept):  # a padding that makes an axis of 1 out of none
        return None
    rest = iter(pair for _, pair in kept)
    moved = [next(rest) if size != 1 else (0, 0) for size in after]
    return np.array(moved, np.int32)


def _swap(graph: Graph, pad: Op, reshape: Op, amounts: np.ndarray) -> None:
    """x -> PAD -> RESHAPE -> y becomes x -> RESHAPE -> PAD -> y."""
    between, result = pad.outputs[0], reshape.outputs[0]
    shape = tuple(
        int(n - a - b) for n, (a, b) in zip(graph.tensors[result].shape, amounts, strict=True)
    )
    graph.tensors[between] = dataclasses.replace(graph.tensors[between], shape=shape)
    old = graph.tensors[pad.inputs[1]]
    paddings = graph.add_tensor(
        dataclasses.replace(old, shape=amounts.shape, dtype="int32", data=amounts)
    )
    source = pad.inputs[0]
    pad.inputs[:2], pad.outputs = [between, paddings], [result]
    reshape.inputs[0], reshape.outputs = source, [between]
    at, later = graph.ops.index(pad), graph.ops.index(reshape)
    graph.ops[at], graph.ops[later] = reshape, pad
