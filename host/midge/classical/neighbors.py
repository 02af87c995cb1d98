"""k nearest neighbours: the training points in int16, one step for all, as distances need it."""

from __future__ import annotations

from typing import Any

import numpy as np

from midge.classical import scaling
from midge.classical.maker import Maker, quant_of
from midge.classical.store import Classical
from midge.errors import ModelError

_MOST_NEIGHBORS = 255
_ROOM = 0.75  # of the whole range for the training points, the rest for what lies beyond them
_METRICS = {"euclidean": 2, "l2": 2, "manhattan": 1, "cityblock": 1, "l1": 1}


def from_sklearn(model: Any, offset: np.ndarray, scale: np.ndarray) -> Classical:
    """Of a fitted KNeighborsClassifier or KNeighborsRegressor."""
    name = type(model).__name__
    metric = model.effective_metric_
    power = _METRICS.get(metric)
    if metric == "minkowski":
        power = {1: 1, 2: 2}.get(model.p)
    if power is None:
        raise ModelError(
            f"metric is {metric!r}, p {model.p}", where=name, do="use euclidean or manhattan"
        )
    if model.weights not in ("uniform", "distance"):
        raise ModelError(
            f"weights is {model.weights!r}, needed: uniform or distance", where=name,
            do="train it with one of them",
        )  # fmt: skip
    if model.n_neighbors > _MOST_NEIGHBORS:
        raise ModelError(
            f"n_neighbors is {model.n_neighbors}, at most {_MOST_NEIGHBORS}", where=name,
            do="use fewer: so many average the classes away",
        )  # fmt: skip
    points = np.asarray(model._fit_X, np.float64)
    classes = getattr(model, "classes_", None)
    arrays = {
        "points": points * scale + offset,
        "target": np.asarray(model._y, np.float64).reshape(-1),
        "size": 1 / scale,
    }
    options = {
        "neighbors": int(model.n_neighbors),
        "power": power,
        "by_distance": model.weights == "distance",
        "average": classes is None,
    }
    outputs = 1 if classes is None else len(classes)
    return Classical("neighbors", name, len(offset), outputs, arrays, options=options)


def build(maker: Maker) -> None:
    """The points as an op.

    Raises:
        ValueError: more neighbours than points.
    """
    model = maker.model
    a, options = model.arrays, model.options
    points, size = maker.steps(a["points"]), a["size"] * maker.unit
    count, n = points.shape
    if not 1 <= options["neighbors"] <= min(count, _MOST_NEIGHBORS):
        raise ValueError(f"{options['neighbors']} neighbours of {count} points")
    # n differences of 2 * limit, squared or not, add up to less than 2^32
    limit = int((2**32 - 1) ** 0.5 / 2 / n**0.5) if options["power"] == 2 else (1 << 30) // n
    limit = min(limit, scaling.LIMIT)
    low, high = points.min(axis=0), points.max(axis=0)
    half = float(((high - low) / 2 * size).max())
    gain = size * _ROOM * limit / (half if half > 0 else 1.0)
    fitted = scaling.of_gain((low + high) / 2, gain, limit)
    maker.scale(fitted)
    steps = np.floor((points - fitted.offset) * fitted.gain + 0.5)
    targets, quant = a["target"], quant_of(1 / 32767)
    if options["average"]:
        middle = (targets.max() + targets.min()) / 2
        step = max(float(targets.max() - middle), abs(middle) * 1e-9, 1e-30) / 32767
        quant = quant_of(step, -round(middle / float(np.float32(step))))
        targets = np.rint((targets - middle) / step)
    consts = [
        maker.const("points", np.clip(steps, -limit, limit).astype(np.int16)),
        maker.const("targets", targets.astype(np.int16)),
    ]
    flags = {name: int(options[name]) for name in ("neighbors", "power", "by_distance", "average")}
    maker.op("K_NEIGHBORS", "scores", model.outputs, "int16", quant, consts, **flags)
