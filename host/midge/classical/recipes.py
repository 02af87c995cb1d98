"""Recipes of ``midge train`` that scikit-learn fits: ``[model] recipe`` and ``parameters``."""

from __future__ import annotations

import dataclasses
import importlib
from typing import Any

from midge.errors import ModelError


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A class of scikit-learn and the parameters it has by default here."""

    module: str
    name: str
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)
    seeded: bool = True
    scaled: bool = False  # a StandardScaler stands in front


RECIPES = {
    "decision_tree": Recipe("sklearn.tree", "DecisionTreeClassifier", {"max_depth": 8}),
    "random_forest": Recipe(
        "sklearn.ensemble", "RandomForestClassifier", {"n_estimators": 20, "max_depth": 8}
    ),
    "extra_trees": Recipe(
        "sklearn.ensemble", "ExtraTreesClassifier", {"n_estimators": 20, "max_depth": 8}
    ),
    "naive_bayes": Recipe("sklearn.naive_bayes", "GaussianNB", seeded=False),
    "k_neighbors": Recipe(
        "sklearn.neighbors", "KNeighborsClassifier", {"n_neighbors": 3}, seeded=False, scaled=True
    ),
    "mlp": Recipe(
        "sklearn.neural_network", "MLPClassifier",
        {"hidden_layer_sizes": (16,), "max_iter": 500}, scaled=True,
    ),
}  # fmt: skip


def estimator(name: str, parameters: dict[str, Any], seed: int, where: str) -> Any:
    """The unfitted scikit-learn model of a recipe.

    Raises:
        ModelError: a parameter that the class does not have.
    """
    recipe = RECIPES[name]
    make = getattr(importlib.import_module(recipe.module), recipe.name)
    seeded = {"random_state": seed} if recipe.seeded else {}
    try:
        last = make(**{**recipe.parameters, **seeded, **parameters})
    except TypeError as err:
        known = ", ".join(sorted(make().get_params()))
        raise ModelError(
            f"{recipe.name}: {err}", where=f"{where}: [model] parameters", do=f"known: {known}"
        ) from err
    if not recipe.scaled:
        return last
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), last)
