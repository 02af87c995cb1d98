"""The counts of classical models' kernels; see :mod:`midge.cost.counts`.

A walk through a tree is as long as the data make it: counted is a leaf's mean depth, each tree's
leaves alike, which is a little more than the walks of usual data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from midge.cost.counts import Args, Counts


def trees(a: Args) -> Counts:
    nodes, roots = a.data("nodes"), a.data("roots")
    assert nodes is not None and roots is not None
    steps = [_mean_depth(nodes[root:]) for root in roots.reshape(-1) if root >= 0]
    return {"steps": sum(steps), "trees": a.trees, "outputs": a.trees * a.outputs}


def _mean_depth(nodes: np.ndarray) -> float:
    """Nodes on the way to a leaf of the tree that begins with the first node."""
    level, depth, total, leaves = np.zeros(1, np.int64), 0, 0, 0
    while level.size:
        depth += 1
        children = nodes.reshape(-1, 4)[level, 2:].reshape(-1).astype(np.int64)
        found = int((children < 0).sum())
        total, leaves = total + depth * found, leaves + found
        level = children[children >= 0]
    return total / leaves


def scale_features(a: Args) -> Counts:
    return {"float_features" if a.in_bytes == 4 else "features": a.size}


def rank_features(a: Args) -> Counts:
    starts = a.data("starts")
    assert starts is not None
    sizes = np.diff(starts.reshape(-1))
    return {
        "features": a.size,
        "used": int((sizes > 0).sum()),
        "halvings": float(np.log2(sizes + 1.0).sum()),
    }


def gaussian(a: Args) -> Counts:
    classes = a.classes - a.plain
    if not a.full:
        return {"classes": a.classes, "alone": classes * a.size}
    return {
        "classes": a.classes,
        "rows": classes * a.size,
        "products": classes * a.size * (a.size + 1) // 2,
    }


def neighbors(a: Args) -> Counts:
    return {
        "differences" if a.power == 1 else "squares": a.count * a.size,
        "points": a.count,
        "votes": a.neighbors * (a.outputs + 1),
        "weighed": a.neighbors * (a.outputs + 1) * a.by_distance,
        "outputs": a.outputs,
    }


def size(a: Args) -> Counts:
    return {"inputs": a.size}
