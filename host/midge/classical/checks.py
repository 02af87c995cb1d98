"""What a model file's numbers have to be, beyond types and sizes. ValueError says what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from midge.classical.store import Classical

ACTIVATIONS = ("identity", "relu", "tanh", "logistic")
MAX_LAYERS = 64

# Options of each kind, and their values: a tuple, or a type.
_OPTIONS: dict[str, dict[str, Any]] = {
    "trees": {"task": ("classification", "regression")},
    "gaussian": {"output": ("probabilities", "score", "decision"), "full": bool},
    "neighbors": {"neighbors": int, "power": (1, 2), "by_distance": bool, "average": bool},
    "network": {"activation": ACTIVATIONS, "end": ("softmax", "identity"), "layers": int},
}


def options(model: Classical) -> None:
    """Before the arrays: these say which there are."""
    for name, allowed in _OPTIONS[model.kind].items():
        value = model.options[name]
        good = type(value) is allowed if isinstance(allowed, type) else value in allowed
        if not good:
            raise ValueError(f"option {name} is {value!r}")
    if model.kind == "network" and not 1 <= model.options["layers"] <= MAX_LAYERS:
        raise ValueError(f"{model.options['layers']} layers, needed: 1...{MAX_LAYERS}")


def numbers(model: Classical) -> None:
    """Whether the arrays fit together."""
    check = {"trees": _trees, "gaussian": _gaussian, "neighbors": _neighbors, "network": _network}
    check[model.kind](model)
    a = model.arrays
    if "low" in a and (a["low"] > a["high"]).any():
        raise ValueError("low is above high")


def _trees(model: Classical) -> None:
    """Each node's children come after it, in its own tree: so a walk ends."""
    a = model.arrays
    nodes = np.arange(len(a["feature"]))
    inner = a["feature"] >= 0
    root = a["root"]
    if root[0] != 0 or (np.diff(root) <= 0).any() or root[-1] >= len(nodes):
        raise ValueError("root does not rise from 0 to a node")
    end = np.append(root[1:], len(nodes))[np.searchsorted(root, nodes, "right") - 1]
    for side in ("left", "right"):
        child = a[side][inner]
        if (child <= nodes[inner]).any() or (child >= end[inner]).any():
            raise ValueError(f"{side} leads out of a tree, or back")
    if (a["feature"] >= model.features).any():
        raise ValueError(f"feature {a['feature'].max()} of {model.features}")
    if (
        model.options["task"] == "classification"
        and not ((a["value"] >= 0) & (a["value"] <= 1)).all()
    ):
        raise ValueError("value of a class is outside 0...1")


def _gaussian(model: Classical) -> None:
    a, full = model.arrays, model.options["full"]
    components, rows, n = a["weights"].shape
    classes = len(a["constant"])
    if rows != (n if full else 1) or classes < components:
        raise ValueError(f"{rows} rows of weights, {components} components of {classes} classes")
    if model.outputs != (1 if model.options["output"] == "score" else classes):
        raise ValueError(f"{model.outputs} outputs of {classes} classes")
    diagonal = np.diagonal(a["weights"], axis1=1, axis2=2) if full else a["weights"]
    if (diagonal <= 0).any() or (full and np.triu(a["weights"], 1).any()):
        raise ValueError("weights are not lower triangular with a positive diagonal")


def _neighbors(model: Classical) -> None:
    a = model.arrays
    if (a["size"] <= 0).any():
        raise ValueError("size is not above 0")
    target = a["target"]
    classes = (target == np.rint(target)) & (target >= 0) & (target < model.outputs)
    if not model.options["average"] and not classes.all():
        raise ValueError(f"target is no class of {model.outputs}")
    if model.options["average"] and model.outputs != 1:
        raise ValueError(f"{model.outputs} outputs of an average")


def _network(model: Classical) -> None:
    for number in range(model.options["layers"]):
        if model.arrays[f"range_{number}"][0] <= 0:
            raise ValueError(f"range_{number} is not above 0")
