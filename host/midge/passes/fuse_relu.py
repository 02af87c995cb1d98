"""Moves a RELU, RELU6 or RELU_N1_TO_1 that stands alone into the op before it.

Exact where input and output have the same scale and zero point: the op then only clamps the
integers, to the limits that the fused activation of the op before would clamp them to. Only
where nothing else reads the value before the clamp.
"""

from __future__ import annotations

from midge.graph import Graph, Op
from midge.passes.rewrite import bypass, same_quant

# Real limits of the activations that are clamps.
LIMITS: dict[str, tuple[float, float]] = {
    "NONE": (float("-inf"), float("inf")),
    "RELU": (0.0, float("inf")),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}
_CLAMPING = {
    "ADD",
    "AVERAGE_POOL_2D",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "MAX_POOL_2D",
    "MUL",
    "SUB",
    "TRANSPOSE_CONV",
}


def apply(graph: Graph) -> bool:
    """Returns whether an activation was moved."""
    changed = False
    for op in list(graph.ops):
        before = graph.producer(op.inputs[0]) if op.kind in LIMITS else None
        if before is None or not _may_move(graph, op, before):
            continue
        fused = _fused(before.attrs.get("fused_activation_function", "NONE"), op.kind)
        if fused is not None and bypass(graph, op):
            before.attrs["fused_activation_function"] = fused
            changed = True
    return changed


def _may_move(graph: Graph, op: Op, before: Op) -> bool:
    value = op.inputs[0]
    return (
        before.kind in _CLAMPING
        and same_quant(graph.tensors[value], graph.tensors[op.outputs[0]])
        and graph.tensors[value].shape == graph.tensors[op.outputs[0]].shape
        and graph.consumers(value) == [op]
        and value not in graph.outputs
    )


def _fused(first: str, second: str) -> str | None:
    """The one activation that clamps as both do, one after the other; ``None`` if none does."""
    if first not in LIMITS:
        return None
    (low_1, high_1), (low_2, high_2) = LIMITS[first], LIMITS[second]
    both = (max(low_1, low_2), min(high_1, high_2))
    return next((name for name, limits in LIMITS.items() if limits == both), None)
