"""What several passes need to change a graph."""

from __future__ import annotations

import numpy as np

from midge.graph import Graph, Op, Tensor


def same_quant(a: Tensor, b: Tensor) -> bool:
    """Whether both tensors map the same integers to the same reals (same type as well)."""
    if a.dtype != b.dtype:
        return False
    if a.quant is None or b.quant is None:
        return a.quant is None and b.quant is None
    return np.array_equal(a.quant.scale, b.quant.scale) and np.array_equal(
        a.quant.zero_point, b.quant.zero_point
    )


def replace_uses(graph: Graph, old: int, new: int) -> None:
    """Makes every op that reads ``old`` read ``new``."""
    for op in graph.ops:
        op.inputs = [new if t == old else t for t in op.inputs]


def bypass(graph: Graph, op: Op) -> bool:
    """Takes out ``op``, whose output is its first input bit for bit. Returns whether it could.

    A model output keeps its tensor (and so its name): the op before then writes it directly,
    which is not possible where that value is a model input, a constant or an output itself.
    """
    source, result = op.inputs[0], op.outputs[0]
    if result not in graph.outputs:
        replace_uses(graph, result, source)
    else:
        before = graph.producer(source)
        if before is None or source in graph.outputs:
            return False
        before.outputs = [result if t == source else t for t in before.outputs]
        op.inputs = [-1]
        replace_uses(graph, source, result)
    graph.ops.remove(op)
    return True


def const_value(graph: Graph, tensor: int) -> np.ndarray | None:
    """The data of a constant operand, or ``None`` (also for an absent one)."""
    return None if tensor == -1 else graph.tensors[tensor].data
