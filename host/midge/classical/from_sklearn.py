"""Which scikit-learn models become what, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from midge.classical import gaussian, neighbors, network, trees
from midge.classical.store import Classical
from midge.errors import MidgeError, ModelError

Describe = Callable[..., Classical]

_TREES = (
    "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier",
    "ExtraTreeRegressor", "RandomForestClassifier", "RandomForestRegressor",
    "ExtraTreesClassifier", "ExtraTreesRegressor",
)  # fmt: skip
_KINDS: dict[str, Describe] = {
    **dict.fromkeys(_TREES, trees.from_sklearn),
    "GaussianNB": gaussian.naive_bayes,
    "GaussianMixture": gaussian.mixture,
    "EllipticEnvelope": gaussian.envelope,
    "KNeighborsClassifier": neighbors.from_sklearn,
    "KNeighborsRegressor": neighbors.from_sklearn,
    "MLPClassifier": network.from_sklearn,
    "MLPRegressor": network.from_sklearn,
}
# Of classes: what convert() takes besides, and the values it may have (none: true or false).
_OPTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    **{name: {"scaled": (), "wide_leaves": ()} for name in _TREES},
    "GaussianMixture": {"output": ("probabilities", "score")},
}


def describe(model: Any, samples: np.ndarray | None, options: dict[str, Any]) -> Classical:
    """The model's parameters in Midge's form.

    Raises:
        ModelError, MidgeError: as :func:`midge.classical.convert`.
    """
    need_sklearn()
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    steps, last = _steps(model)
    name = type(last).__name__
    make = _KINDS.get(name) if type(last).__module__.startswith("sklearn.") else None
    if make is None:
        raise ModelError(
            f"{type(last).__module__}.{name} cannot be converted",
            do=f"use one of {', '.join(_KINDS)}",
        )
    try:
        check_is_fitted(last)
    except NotFittedError as err:
        raise ModelError("is not fitted", where=name, do="call its fit() first") from err
    features = int(last.n_features_in_)
    if make is trees.from_sklearn and last.n_outputs_ != 1:
        raise ModelError(
            f"n_outputs_ is {last.n_outputs_}, needed: 1", where=name, do="train one model each"
        )
    if samples is not None and samples.shape[1] != features:
        raise ModelError(
            f"samples have {samples.shape[1]} features, the model {features}", where=name
        )
    offset, scale = _front(steps, features)
    made = make(last, offset, scale, *((samples,) if make is network.from_sklearn else ()))
    if made.kind == "gaussian" and samples is not None:
        made.arrays |= {"low": samples.min(axis=0), "high": samples.max(axis=0)}
    _check_options(name, options)
    made.options |= options
    if made.options.get("output") == "score":
        made.outputs = 1
    return made


def _check_options(name: str, options: dict[str, Any]) -> None:
    known = _OPTIONS.get(name, {})
    for option, value in options.items():
        if option not in known:
            names = ", ".join(known) or "none"
            raise ModelError(f"no option {option}; known: {names}", where=name)
        allowed = known[option] or (True, False)
        if value not in allowed:
            raise ModelError(
                f"option {option} is {value!r}, needed: {' or '.join(map(str, allowed))}",
                where=name,
            )


def labels(model: Any, made: Classical) -> list[str]:
    """Names of the outputs: the classes, or none in regression and of components."""
    if made.options.get("output") == "decision":
        return ["outlier", "inlier"]
    classes = getattr(_steps(model)[1], "classes_", None)
    return [] if classes is None else [str(name) for name in classes]


def need_sklearn() -> None:
    """Raises:
    MidgeError: scikit-learn is not installed.
    """
    try:
        import sklearn  # noqa: F401
    except ImportError as err:
        raise MidgeError("scikit-learn is not installed", do="pip install 'midge[trees]'") from err


def _steps(model: Any) -> tuple[list[Any], Any]:
    """The steps before the estimator of a Pipeline, and that estimator."""
    if type(model).__name__ != "Pipeline":
        return [], model
    found = [step for _, step in model.steps if step is not None and step != "passthrough"]
    return found[:-1], found[-1]


def _front(steps: list[Any], features: int) -> tuple[np.ndarray, np.ndarray]:
    """Offset and scale of all scalers in a row: ``(x - offset) / scale``."""
    offset, scale = np.zeros(features), np.ones(features)
    for step in steps:
        mine, by = _scaler(step, features)
        offset, scale = offset + scale * mine, scale * by
    return offset, scale


def _scaler(step: Any, features: int) -> tuple[np.ndarray, np.ndarray]:
    name = type(step).__name__
    zeros, ones = np.zeros(features), np.ones(features)
    if name == "StandardScaler":
        mine = step.mean_ if step.with_mean else zeros
        return mine, step.scale_ if step.with_std else ones
    if name == "RobustScaler":
        mine = step.center_ if step.with_centering else zeros
        return mine, step.scale_ if step.with_scaling else ones
    if name == "MaxAbsScaler":
        return zeros, step.scale_
    if name == "MinMaxScaler" and not step.clip:
        return -step.min_ / step.scale_, 1 / step.scale_
    what = "MinMaxScaler with clip=True" if name == "MinMaxScaler" else name
    raise ModelError(
        f"step {what} of the Pipeline cannot be converted",
        do="use StandardScaler, RobustScaler, MinMaxScaler or MaxAbsScaler, or compute it before",
    )
