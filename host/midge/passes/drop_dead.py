"""Drops ops whose results nothing reads, and tensors that no op has any more."""

from __future__ import annotations

from midge.graph import Graph


def apply(graph: Graph) -> bool:
    """Returns whether an op or a tensor was dropped."""
    live = set(graph.outputs)
    kept = []
    for op in reversed(graph.ops):
        if live & set(op.outputs):
            live |= set(op.inputs)
            kept.append(op)
    live |= set(graph.inputs) | {t for op in kept for t in (*op.outputs, *op.intermediates)}
    changed = len(kept) < len(graph.ops) or not set(graph.tensors) <= live
    graph.ops = kept[::-1]
    graph.tensors = {k: t for k, t in graph.tensors.items() if k in live}
    return changed
