"""Ops of classical models (:mod:`midge.classical`): their constants are integers already."""

from __future__ import annotations

from midge.graph import Op
from midge.lower import leads
from midge.lower.context import Lowering
from midge.program import Param


def scale_features(low: Lowering, op: Op) -> None:
    """Features to int16, each in steps of its own."""
    x = low.tensor(op.inputs[0])
    mult, shift, bias = (low.operand(t) for t in op.inputs[1:])
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "mult": mult,
        "shift": shift,
        "bias": bias,
        "size": x.size,
        "in_bytes": x.itemsize,
        "limit": op.attrs["limit"],
        "out": low.result(op.outputs[0]),
    }
    lead = leads.elements(x.size, x.itemsize, 2)
    low.step(op, "scale_features", params, leads={"in": lead})


def rank_features(low: Lowering, op: Op) -> None:
    """Features to int16: their ranks among thresholds."""
    x = low.tensor(op.inputs[0])
    starts, keys = (low.operand(t) for t in op.inputs[1:])
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "starts": starts,
        "keys": keys,
        "size": x.size,
        "out": low.result(op.outputs[0]),
    }
    low.step(op, "rank_features", params, leads={"in": leads.elements(x.size, 4, 2)})


def tree_ensemble(low: Lowering, op: Op) -> None:
    """The sum of a leaf of each tree."""
    x, out = low.tensor(op.inputs[0]), low.tensor(op.outputs[0])
    roots, nodes, leaves = op.inputs[1:]
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "roots": low.operand(roots),
        "nodes": low.operand(nodes),
        "leaves": low.operand(leaves),
        "trees": low.tensor(roots).size,
        "outputs": out.size,
        "in_bytes": x.itemsize,
        "leaf_bytes": low.tensor(leaves).itemsize,
        "out": low.result(op.outputs[0]),
    }
    low.step(op, "trees", params)
