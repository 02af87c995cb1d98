"""Decision trees and forests: scikit-learn's arrays, and their integer form.

A tree of scikit-learn goes left where a float32 feature is at most a float64 threshold. Classes'
probabilities of the leaves reached are averaged; so are values in regression.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from midge.classical import scaling
from midge.classical.maker import Maker, quant_of
from midge.classical.store import Classical
from midge.errors import ModelError

_MOST_SUM = 32767
_MOST_LEAVES = 32768
_MOST_NODES = 32768  # of one tree


def from_sklearn(model: Any, offset: np.ndarray, scale: np.ndarray) -> Classical:
    """Of a fitted DecisionTree, RandomForest or ExtraTrees, classifier or regressor.

    ``offset``, ``scale``: a scaler's in front of it, ``(x - offset) / scale``; thresholds are
    brought before it.
    """
    estimators = getattr(model, "estimators_", [model])
    classes = getattr(model, "classes_", None)
    parts: dict[str, list[np.ndarray]] = {}
    first = 0
    for each in estimators:
        tree = each.tree_
        inner = tree.children_left >= 0
        feature = np.where(inner, tree.feature, -1)
        threshold = np.where(inner, tree.threshold * scale[feature] + offset[feature], 0.0)
        value = tree.value[:, 0, :]
        if classes is not None:
            value = value / value.sum(axis=1, keepdims=True)
        found = {
            "root": np.array([first]),
            "feature": feature,
            "threshold": threshold,
            "left": np.where(inner, tree.children_left + first, 0),
            "right": np.where(inner, tree.children_right + first, 0),
            "value": value,
        }
        for name, array in found.items():
            parts.setdefault(name, []).append(array)
        first += len(feature)
    arrays = {name: np.concatenate(each) for name, each in parts.items()}
    task = "regression" if classes is None else "classification"
    outputs = arrays["value"].shape[1]
    name = type(model).__name__
    return Classical("trees", name, len(offset), outputs, arrays, options={"task": task})


def build(maker: Maker) -> None:
    """The trees as ops.

    Raises:
        ValueError: a tree is too large for int16.
        ModelError: an integer input's steps are too coarse for the thresholds.
    """
    model = maker.model
    a = model.arrays
    nodes = _thresholds(maker)
    leaf, leaves, quant = _leaves(model)
    inner = a["feature"] >= 0
    if len(leaves) > _MOST_LEAVES:
        raise ValueError(f"{len(leaves)} different leaves, at most {_MOST_LEAVES}")
    # Leaves are not nodes; a child is the number of a node of its tree, or ~ a leaf's.
    number = np.cumsum(inner) - 1
    tree = np.searchsorted(a["root"], np.arange(len(inner)), "right") - 1
    start = np.append(number[a["root"]] + ~inner[a["root"]], inner.sum())
    most = int(np.diff(start).max())
    if most > _MOST_NODES:
        raise ValueError(f"{most} nodes in a tree, at most {_MOST_NODES}; limit max_depth")
    code = np.where(inner, number - start[tree], ~leaf)
    rows = np.zeros((int(inner.sum()), 4), np.int16)
    left, right = code[a["left"][inner]], code[a["right"][inner]]
    rows[:, 0] = a["feature"][inner]
    rows[:, 1] = nodes["threshold"]
    rows[:, 2] = np.where(nodes["never"], right, left)
    rows[:, 3] = right
    roots = np.where(inner[a["root"]], start[:-1], ~leaf[a["root"]])
    consts = [
        maker.const("roots", roots.astype(np.int32)),
        maker.const("nodes", rows if len(rows) else np.zeros((1, 4), np.int16)),
        maker.const("leaves", leaves),
    ]
    maker.op("TREE_ENSEMBLE", "scores", model.outputs, "int16", quant, consts)


def _thresholds(maker: Maker) -> dict[str, np.ndarray]:
    """Of the inner nodes: integer thresholds, and where no input goes left."""
    model = maker.model
    a = model.arrays
    inner = a["feature"] >= 0
    feature, threshold = a["feature"][inner], a["threshold"][inner]
    if model.input_type != "float32":
        return _integer_thresholds(model, feature, threshold)
    exact = threshold.astype(np.float32)  # the greatest float32 at most the threshold
    exact = np.where(exact > threshold, np.nextafter(exact, np.float32(-np.inf)), exact)
    make = _scaled if model.options.get("scaled") else _ranked
    return {"threshold": make(maker, feature, exact), "never": np.zeros(len(exact), bool)}


def _ranked(maker: Maker, feature: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Compares ranks: x <= t[j] of a feature's rising t is (how many of t are below x) <= j."""
    keys, starts = [], [0]
    ranks = np.zeros(len(feature), np.int64)
    for one in range(maker.model.features):
        mine = feature == one
        rising, place = np.unique(ordered(exact[mine]), return_inverse=True)
        if len(rising) > _MOST_SUM:
            raise ValueError(f"feature {one} has {len(rising)} thresholds, at most {_MOST_SUM}")
        ranks[mine] = place
        keys.append(rising)
        starts.append(starts[-1] + len(rising))
    consts = [
        maker.const("features/starts", np.array(starts, np.int32)),
        maker.const("features/keys", np.concatenate([*keys, np.zeros(1, np.int32)])),
    ]
    maker.op("RANK_FEATURES", "ranks", maker.model.features, "int16", quant_of(1.0), consts)
    return ranks


def ordered(values: np.ndarray) -> np.ndarray:
    """int32 in the order of float32 values, -0 as 0, as ``midge_rank_features.c`` has them."""
    bits = np.asarray(values, np.float32).view(np.int32).astype(np.int64)
    size = bits & 0x7FFFFFFF
    keys = np.where(bits < 0, -size, size)
    return np.where(size > 0x7F800000, (1 << 31) - 1, keys).astype(np.int32)


def _scaled(maker: Maker, feature: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Compares int16 steps: each feature's thresholds span the whole range."""
    n = maker.model.features
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(low, feature, exact)
    np.maximum.at(high, feature, exact)
    unused = low > high
    low[unused], high[unused] = -1.0, 1.0
    fitted = scaling.fit(low, high)
    maker.scale(fitted)
    nodes = np.arange(len(exact))
    at = np.zeros((len(exact), n), np.float32)
    at[nodes, feature] = exact
    return fitted.apply(at)[nodes, feature]


def _integer_thresholds(
    model: Classical, feature: np.ndarray, threshold: np.ndarray
) -> dict[str, np.ndarray]:
    """The last integer whose real value is at most the threshold."""
    ends = np.iinfo(model.input_type)
    steps = np.arange(ends.min, ends.max + 1)
    real = steps.astype(np.float32) * np.float32(model.input_scale)
    last = np.searchsorted(real, threshold, "right") - 1 + ends.min
    if not model.options.get("on_grid"):
        _check_steps(model, feature, threshold, last)
    return {"threshold": np.maximum(last, ends.min), "never": last < ends.min}


def _check_steps(
    model: Classical, feature: np.ndarray, threshold: np.ndarray, last: np.ndarray
) -> None:
    """Refuses an input that is too coarse for some feature: the trap of one scale for all."""
    for one in np.unique(feature):
        mine = feature == one
        wanted, kept = (len(np.unique(v[mine])) for v in (threshold, last))
        if wanted != kept:
            raise ModelError(
                f"feature {one} has {wanted} thresholds, of which the {model.input_type} input's "
                f"steps of {model.input_scale:g} tell {kept} apart",
                where=model.source,
                do='take input_type="float32", which scales each feature by itself; or scale the '
                "features alike before training; or, if they are whole steps, give samples",
            )


def _leaves(model: Classical) -> tuple[np.ndarray, np.ndarray, Any]:
    """Each node's number among the different leaves, those, and the sum's quantization."""
    value, trees = model.arrays["value"], len(model.arrays["root"])
    if model.options.get("task") == "classification":
        wide = bool(model.options.get("wide_leaves", False))
        levels = min(255 if not wide else _MOST_SUM, _MOST_SUM // trees)
        if levels < 8:
            raise ValueError(f"{trees} trees, at most {_MOST_SUM // 8}")
        steps = np.rint(value * levels).astype(np.int16 if wide else np.uint8)
        quant = quant_of(1 / (levels * trees))
    else:
        middle = (value.max() + value.min()) / 2
        half = max(float(value.max() - middle), abs(float(middle)) * 1e-9, 1e-30)
        levels = (_MOST_SUM - trees) // trees  # a rounding's half step for each tree
        if levels < 8:
            raise ValueError(f"{trees} trees, at most {_MOST_SUM // 9}")
        steps = np.rint((value - middle) / half * levels).astype(np.int16)
        scale = float(np.float32(half / (levels * trees)))
        quant = quant_of(scale, -round(float(middle) / scale))
    inner = model.arrays["feature"] >= 0
    steps = np.where(inner[:, None], steps[~inner][:1], steps)  # inner nodes have none
    leaves, leaf = np.unique(steps, axis=0, return_inverse=True)
    return leaf.reshape(-1), leaves, quant
