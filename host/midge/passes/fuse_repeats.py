"""Makes one TILE with ``repeats`` of the RESHAPEs and TILEs that Keras' UpSampling layers leave.

UpSampling2D gives each axis an axis of 1 behind it, tiles that, and takes it away again, one
axis after the other, each with a copy of the image. ``repeats`` says how often each element of
each axis comes, one after the other: the same bytes, moved once.
"""

from __future__ import annotations

import dataclasses
import math

from midge.graph import Graph, Op
from midge.passes.rewrite import const_value, same_quant


def apply(graph: Graph) -> bool:
    """Returns whether a TILE was rewritten."""
    tiles = [op for op in graph.ops if op.kind == "TILE"]
    if any(_join(graph, op) for op in tiles if "repeats" in op.attrs):
        return True
    # One at a time: RESHAPEs are merged before the next is looked at.
    return any(_spell(graph, op) for op in tiles if "repeats" not in op.attrs)


def _spell(graph: Graph, tile: Op) -> bool:
    """RESHAPE, TILE of a new axis becomes TILE with ``repeats``, RESHAPE."""
    before = graph.producer(tile.inputs[0])
    multiples = const_value(graph, tile.inputs[1])
    x, out = graph.tensors[tile.inputs[0]], graph.tensors[tile.outputs[0]]
    if before is None or before.kind != "RESHAPE" or multiples is None:
        return False
    source = graph.tensors[before.inputs[0]]
    if not same_quant(source, x) or not same_quant(x, out) or source.size != x.size:
        return False
    counts = multiples.reshape(-1).tolist()
    tiled = [i for i, n in enumerate(counts) if n != 1]
    if len(counts) != len(x.shape) or len(tiled) != 1 or x.shape[tiled[0]] != 1:
        return False
    axis, count = _axis(source.shape, math.prod(x.shape[: tiled[0]])), counts[tiled[0]]
    if axis is None or count < 1 or out.size != source.size * count:
        return False
    repeats = [count if i == axis else 1 for i in range(len(source.shape))]
    shape = tuple(n * r for n, r in zip(source.shape, repeats, strict=True))
    result = graph.add_tensor(dataclasses.replace(out, shape=shape))
    reshape = Op("RESHAPE", [result], tile.outputs, {}, tile.index)
    tile.inputs, tile.outputs = before.inputs[:1], [result]
    tile.attrs = {"repeats": tuple(repeats)}
    graph.ops.insert(graph.ops.index(tile) + 1, reshape)
    return True


def _axis(shape: tuple[int, ...], outer: int) -> int | None:
    """The axis that ends ``outer`` elements: those of it and the axes before it."""
    for axis, size in enumerate(shape):
        if size > 1 and math.prod(shape[: axis + 1]) == outer:
            return axis
    return None


def _join(graph: Graph, tile: Op) -> bool:
    """Two TILEs with ``repeats``, one after the other, become one."""
    before = graph.producer(tile.inputs[0])
    if before is None or before.kind != "TILE" or "repeats" not in before.attrs:
        return False
    pairs = zip(before.attrs["repeats"], tile.attrs["repeats"], strict=True)
    tile.attrs["repeats"] = tuple(a * b for a, b in pairs)
    tile.inputs = list(before.inputs)
    return True
