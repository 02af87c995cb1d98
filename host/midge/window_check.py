"""Checks that convolutions and poolings have the output size their options give.

A good file always has; a damaged one would make a kernel walk far outside its input.
"""

from __future__ import annotations

from midge.errors import ModelError
from midge.graph import Graph, Op

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_POOLINGS = ("MAX_POOL_2D", "AVERAGE_POOL_2D")
MAX_OFFSET = (1 << 31) - 1  # kernels count elements from a window's start in int32


def check(graph: Graph) -> None:
    """Raises ``ModelError`` for a window op whose sizes do not follow from each other."""
    for op in graph.ops:
        if op.kind in (*_CONVOLUTIONS, *_POOLINGS):
            window = _window(graph, op)
            if window is not None:
                _check(graph, op, window)


def _window(graph: Graph, op: Op) -> tuple[int, int] | None:
    """(height, width) of the window; ``None`` where lowering will refuse the shapes anyway."""
    shapes = [graph.tensors[t].shape for t in (op.inputs[0], op.outputs[0])]
    if any(len(shape) != 4 for shape in shapes):
        return None
    if op.kind in _POOLINGS:
        return op.attrs["filter_height"], op.attrs["filter_width"]
    weights = graph.tensors[op.inputs[1]].shape
    return (weights[1], weights[2]) if len(weights) == 4 else None


def _check(graph: Graph, op: Op, window: tuple[int, int]) -> None:
    shape, out = graph.tensors[op.inputs[0]].shape, graph.tensors[op.outputs[0]].shape
    row = shape[2] * shape[3]
    for axis, name in enumerate("hw"):
        stride, size = op.attrs[f"stride_{name}"], shape[axis + 1]
        dilation = op.attrs.get(f"dilation_{name}_factor", 1)
        reach = (window[axis] - 1) * dilation + 1
        if min(stride, dilation, window[axis], size) < 1:
            what = f"stride {stride}, dilation {dilation}, window {window[axis]} over {size}"
            raise _damaged(graph, op, f"{what}; needed: above 0")
        if (size + reach) * row > MAX_OFFSET:
            raise _damaged(graph, op, f"a window that reaches over {reach} of {size}")
        room = size if op.attrs["padding"] == "SAME" else size - reach + 1
        needed = -(-room // stride)
        if out[axis + 1] != needed:
            raise _damaged(
                graph, op, f"output of shape {out}, needed: {needed} in axis {axis + 1}"
            )


def _damaged(graph: Graph, op: Op, what: str) -> ModelError:
    return ModelError(
        f"damaged .tflite file: {what}", where=op.where(graph), do="convert the model again"
    )
