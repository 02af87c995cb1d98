"""Drops ops that give back their input bit for bit.

QUANTIZE to the scale and zero point its input has: the effective scale is exactly 1, so the
requantization multiplies by 2**30 * 2 / 2**31. RESHAPE (and SQUEEZE, EXPAND_DIMS) to the
shape its input has. PAD by nothing, SLICE of all, TILE once. CONCATENATION of one tensor.
"""

from __future__ import annotations

from midge.graph import Graph, Op
from midge.passes.rewrite import bypass, const_value, same_quant

_UNMOVED = {"PAD": 0, "MIRROR_PAD": 0, "SLICE": 0, "TILE": 1}  # values of the second operand


def apply(graph: Graph) -> bool:
    """Returns whether an op was dropped."""
    dropped = [bypass(graph, op) for op in list(graph.ops) if _is_identity(graph, op)]
    return any(dropped)


def _is_identity(graph: Graph, op: Op) -> bool:
    if not op.inputs or op.inputs[0] == -1 or len(op.outputs) != 1:
        return False
    source, result = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    if source.shape != result.shape or not same_quant(source, result):
        return False
    if op.kind == "CONCATENATION":
        return len(op.inputs) == 1 and op.attrs.get("fused_activation_function") == "NONE"
    if op.kind in _UNMOVED:
        operand = const_value(graph, op.inputs[1])
        return operand is not None and bool((operand == _UNMOVED[op.kind]).all())
    return op.kind in ("QUANTIZE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS")
