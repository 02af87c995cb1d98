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


def gaussian(low: Lowering, op: Op) -> None:
    """Logarithms of Gaussian densities."""
    x, out = low.tensor(op.inputs[0]), low.tensor(op.outputs[0])
    mean, weights, shift, constant = (low.operand(t) for t in op.inputs[1:])
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "mean": mean,
        "weights": weights,
        "shift": shift,
        "constant": constant,
        "scratch": low.scratch("gaussian/sums", 8 * out.size),
        "size": x.size,
        "classes": out.size,
        **{name: op.attrs[name] for name in ("plain", "full", "relative")},
        "out": low.result(op.outputs[0]),
    }
    low.step(op, "gaussian", params, macs=low.tensor(op.inputs[2]).size)


def softmax_32(low: Lowering, op: Op) -> None:
    """Probabilities of logarithms."""
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "exp_table": low.operand(op.inputs[1]),
        "size": low.tensor(op.inputs[0]).size,
        "out": low.result(op.outputs[0]),
    }
    low.step(op, "softmax_32", params)


def log_sum_exp(low: Lowering, op: Op) -> None:
    """The logarithm of a sum of numbers of which the logarithms are given."""
    exp_table, log_table = (low.operand(t) for t in op.inputs[1:])
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "exp_table": exp_table,
        "log_table": log_table,
        "size": low.tensor(op.inputs[0]).size,
        "out": low.result(op.outputs[0]),
    }
    low.step(op, "log_sum_exp", params)


def k_neighbors(low: Lowering, op: Op) -> None:
    """The nearest points vote, or are averaged."""
    x, points = low.tensor(op.inputs[0]), low.tensor(op.inputs[1])
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "points": low.operand(op.inputs[1]),
        "targets": low.operand(op.inputs[2]),
        "scratch": low.scratch("nearest", 8 * int(op.attrs["neighbors"])),
        "size": x.size,
        "count": points.shape[0],
        "outputs": low.tensor(op.outputs[0]).size,
        **{name: op.attrs[name] for name in ("neighbors", "power", "by_distance", "average")},
        "out": low.result(op.outputs[0]),
    }
    low.step(op, "neighbors", params, macs=points.size)
