"""Makes one RESHAPE out of a chain of them, and writes SQUEEZE and EXPAND_DIMS as RESHAPE.

All of them leave the bytes as they are, so only the last shape counts. The shape operand goes:
the output tensor has the shape.
"""

from __future__ import annotations

from midge.graph import Graph, Op
from midge.passes.rewrite import same_quant

_KINDS = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")


def apply(graph: Graph) -> bool:
    """Returns whether an op was changed."""
    changed = False
    for op in graph.ops:
        if op.kind not in _KINDS or not _keeps_bytes(graph, op):
            continue
        if op.kind != "RESHAPE" or len(op.inputs) > 1 or op.attrs:
            op.kind, op.inputs, op.attrs = "RESHAPE", op.inputs[:1], {}
            changed = True
        before = graph.producer(op.inputs[0])
        if before is not None and before.kind in _KINDS and _keeps_bytes(graph, before):
            op.inputs = before.inputs[:1]
            changed = True
    return changed


def _keeps_bytes(graph: Graph, op: Op) -> bool:
    source, result = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    return source.size == result.size and same_quant(source, result)
