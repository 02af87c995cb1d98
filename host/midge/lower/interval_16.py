"""Which values an int16 activation can take, as far as the op that makes it says."""

from __future__ import annotations

from midge import quantmath
from midge.graph import Graph, Op

_KEEP = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "MAX_POOL_2D", "AVERAGE_POOL_2D", "PAD")
_RELUS = ("RELU", "RELU6", "RELU_N1_TO_1")
_POSITIVE = ("LOGISTIC", "SOFTMAX")


def interval(graph: Graph, tensor: int) -> tuple[int, int]:
    """The least and the greatest value of an activation; no input leads outside."""
    op = graph.producer(tensor)
    least, most = quantmath.INT16
    chain = []
    while op is not None and op.kind in _KEEP:
        chain.append(op)
        op = graph.producer(op.inputs[0])
    if op is not None:
        least, most = (0, most) if op.kind in _POSITIVE else _clamped(graph, op, least, most)
    for keeping in reversed(chain):
        if keeping.kind == "PAD":
            least, most = min(least, 0), max(most, 0)
        least, most = _clamped(graph, keeping, least, most)
    return least, most


def _clamped(graph: Graph, op: Op, least: int, most: int) -> tuple[int, int]:
    """The interval between the limits of the op's activation."""
    out = graph.tensors[op.outputs[0]]
    activation = op.attrs.get("fused_activation_function", "NONE")
    if op.kind in _RELUS:
        activation = op.kind
    if out.quant is None or out.dtype != "int16":
        return quantmath.INT16
    try:
        low, high = quantmath.activation_range(activation, out.scale, 0, out.dtype)
    except ValueError:
        return least, most
    return min(max(least, low), high), max(min(most, high), low)
