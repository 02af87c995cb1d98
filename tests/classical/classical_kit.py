"""Classical models for the tests: fitted by scikit-learn on its digits, converted, run."""

from __future__ import annotations

import dataclasses
import functools
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs scikit-learn: pip install midge[trees]")

import bare_kit
from sklearn import (
    covariance,
    datasets,
    ensemble,
    mixture,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    tree,
)
from sklearn.exceptions import ConvergenceWarning

from midge import core
from midge.classical import convert
from midge.compile import CompiledModel, compile_model

TRAINED_ON = 1000  # of 1,797 digits; the rest is what agreement is counted on


@functools.cache
def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """8x8 pictures, 0...16, float32; classes; those not trained on; their classes."""
    x, y = datasets.load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order].astype(np.float32), y[order]
    return x[:TRAINED_ON], y[:TRAINED_ON], x[TRAINED_ON:], y[TRAINED_ON:]


def few() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """150 of the digits to train on: neighbours are kept, all of them."""
    x, y, tested, wanted = digits()
    return x[:150], y[:150], tested, wanted


@functools.cache
def unlike() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Digits' pictures with features of very unlike size, 1e-3...1e5, and offsets."""
    a, y, b, z = digits()
    rng = np.random.default_rng(1)
    size = 10.0 ** rng.uniform(-3, 5, a.shape[1])
    offset = size * rng.uniform(-20, 20, a.shape[1])
    noise = [rng.uniform(-0.5, 0.5, x.shape) for x in (a, b)]
    left, right = (
        ((x + n) * size + offset).astype(np.float32) for x, n in zip((a, b), noise, strict=True)
    )
    return left, y, right, z


@functools.cache
def wine() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """13 features of unlike size, 3 classes."""
    x, y = datasets.load_wine(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order].astype(np.float32), y[order]
    return x[:90], y[:90], x[90:], y[90:]


@functools.cache
def diabetes() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ten features, a number to predict. Values that differ only by a rounding are common."""
    x, y = datasets.load_diabetes(return_X_y=True)
    x = x.astype(np.float32)
    return x[:300], y[:300], x[300:], y[300:]


def high_or_low() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The same with two classes."""
    x, y, tested, wanted = diabetes()
    return x, y > 100, tested, wanted > 100


@dataclasses.dataclass(frozen=True)
class Case:
    """A model to fit, its data, and how it is converted."""

    make: Callable[[], Any]
    data: Callable[[], tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = unlike
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    # of decisions with scikit-learn's, at least; below 1 where near ties of probabilities, rounded
    # to a leaf's 255 steps, may turn
    agreement: float = 1.0
    tolerance: float = 0.5 / 255  # of probabilities: a leaf's are in 255 steps; or of a range


def forest(kind: Any, **more: Any) -> Callable[[], Any]:
    return functools.partial(
        kind, **{"n_estimators": 20, "max_depth": 8, "random_state": 0, **more}
    )


def scaled(kind: Any, **parameters: Any) -> Callable[[], Any]:
    """Behind a StandardScaler."""
    return lambda: pipeline.make_pipeline(preprocessing.StandardScaler(), kind(**parameters))


def network(activation: str, *layers: int, max_iter: int = 40) -> Callable[[], Any]:
    return scaled(
        neural_network.MLPClassifier, hidden_layer_sizes=layers, activation=activation,
        max_iter=max_iter, random_state=0,
    )  # fmt: skip


_neighbors = neighbors.KNeighborsClassifier
# Of these, 0.995 and 0.005: densities and distances are of features in steps of 2**-15 of their
# range, and points that tie, or nearly, may be taken in another order (0.2: one of 5 neighbours).
# 0.98 and 0.3: networks have int8 weights.
OTHERS = {
    "naive_bayes": Case(naive_bayes.GaussianNB, wine, {}, 0.995, 0.005),
    "naive_bayes_int16": Case(
        naive_bayes.GaussianNB, digits, {"input_type": "int16"}, 0.995, 0.02
    ),
    "k_neighbors": Case(scaled(_neighbors), few, {}, 0.995, 0.21),
    "k_neighbors_distance": Case(
        scaled(_neighbors, weights="distance"), wine, {}, 0.995, 0.01
    ),
    "k_neighbors_manhattan": Case(
        lambda: _neighbors(3, p=1), few, {"input_type": "int8"}, 0.995, 0.34
    ),
    "mlp_relu": Case(network("relu", 24), digits, {}, 0.98, 0.3),
    "mlp_tanh": Case(network("tanh", 12, 8), unlike, {}, 0.98, 0.3),
    "mlp_logistic": Case(network("logistic", 12, max_iter=150), wine, {}, 0.98, 0.3),
    **{
        f"mixture_{kind}": Case(
            scaled(
                mixture.GaussianMixture, n_components=3, covariance_type=kind, random_state=0,
                reg_covar=1e-3,
            ), wine, {}, 0.995, 0.005,
        )
        for kind in ("full", "tied", "diag", "spherical")
    },
}  # fmt: skip
REGRESSION = {
    "one_leaf": Case(lambda: tree.DecisionTreeRegressor(max_leaf_nodes=2), diabetes),
    "random_forest_regressor": Case(forest(ensemble.RandomForestRegressor), diabetes),
    "k_neighbors_regressor": Case(neighbors.KNeighborsRegressor, diabetes),
    "k_neighbors_distance_regressor": Case(
        lambda: neighbors.KNeighborsRegressor(weights="distance"), diabetes
    ),
    # 0.02 of the range: int8 weights
    "mlp_regressor": Case(
        lambda: neural_network.MLPRegressor(
            hidden_layer_sizes=(12,), max_iter=300, random_state=0
        ), diabetes,
        tolerance=0.02,
    ),
}  # fmt: skip
# Logarithms of densities, and distances from the normal: see test_agreement.py.
DENSITIES = {
    "mixture_score": Case(
        scaled(mixture.GaussianMixture, n_components=3, random_state=0, reg_covar=1e-3),
        wine, {"output": "score"},
    ),
    "elliptic_envelope": Case(lambda: covariance.EllipticEnvelope(random_state=0), wine),
}  # fmt: skip
CASES = {
    "decision_tree": Case(lambda: tree.DecisionTreeClassifier(max_depth=8, random_state=0)),
    "extra_tree": Case(lambda: tree.ExtraTreeClassifier(random_state=0)),
    "random_forest": Case(forest(ensemble.RandomForestClassifier), agreement=0.995),
    "random_forest_wide": Case(
        forest(ensemble.RandomForestClassifier), options={"wide_leaves": True}
    ),
    # 0.995: the issue's; a feature within 1/64,000 of a range of a threshold may go wrong
    "random_forest_scaled": Case(
        forest(ensemble.RandomForestClassifier),
        options={"scaled": True},
        agreement=0.995,
        tolerance=0.06,  # such a feature turns one tree of 20
    ),
    "random_forest_int16": Case(
        forest(ensemble.RandomForestClassifier), digits, {"input_type": "int16"}, 0.995
    ),
    "extra_trees_int8": Case(
        forest(ensemble.ExtraTreesClassifier), digits, {"input_type": "int8"}, 0.995
    ),
    "two_classes": Case(
        forest(ensemble.RandomForestClassifier, n_estimators=3, max_depth=1), high_or_low
    ),
    **OTHERS,
    **REGRESSION,
    **DENSITIES,
}


@dataclasses.dataclass
class Fitted:
    """A case that was fitted and converted.

    ``inputs`` [n, features] are the test data as the model's input type; ``scores`` what the
    host's core gives for them, in the output's type.
    """

    case: Case
    estimator: Any
    compiled: CompiledModel
    inputs: np.ndarray
    scores: np.ndarray

    @property
    def real(self) -> np.ndarray:
        """The scores as real values, float64."""
        port = self.compiled.program.outputs[0]
        assert port.quant is not None
        steps = self.scores.astype(np.float64) - port.quant.zero_point[0]
        return steps * np.float64(port.quant.scale[0])


_folder = tempfile.TemporaryDirectory(prefix="midge-classical-")


@functools.cache
def fitted(name: str) -> Fitted:
    """The case of that name: fitted, converted, compiled and run on the host, once."""
    case = CASES[name]
    x, y, tested, _ = case.data()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # few epochs, for the test's speed
        estimator = case.make().fit(x, y)
    path = convert(estimator, Path(_folder.name) / f"{name}.npz", x, **case.options)
    compiled = compile_model(path)
    inputs = tested.astype(compiled.program.inputs[0].dtype)
    runner = compiled.runner()
    scores = np.concatenate([runner.run([row])[0] for row in inputs])
    return Fitted(case, estimator, compiled, inputs, scores)


def tested(name: str) -> np.ndarray:
    """The inputs as scikit-learn takes them."""
    return CASES[name].data()[2]


def records(name: str, count: int) -> list[bare_kit.Record]:
    """Runs on some inputs, and on the ends of their type; the whole arena must come out alike."""
    one = fitted(name)
    program = one.compiled.program
    at = program.buffers[program.inputs[0].buffer].offset
    made = []
    for row in [*one.inputs[:count], *ends(one.inputs)]:
        before = np.full(program.arena_bytes, 0xA5, np.uint8)
        before[at : at + row.nbytes] = np.ascontiguousarray(row).view(np.uint8)
        after = core.aligned_array(before)
        core.load().run(one.compiled.words, core.aligned_bytes(one.compiled.consts), after)
        outputs = [(0, after.tobytes())]
        made.append(bare_kit.Record(one.compiled.words, one.compiled.consts, before, outputs))
    return made


def ends(inputs: np.ndarray) -> list[np.ndarray]:
    """Inputs at and beyond what there is: the type's ends, no numbers, the smallest ones."""
    if inputs.dtype == np.float32:
        odd = (np.inf, -np.inf, np.nan, -np.nan, 3.4e38, -3.4e38, 1e-45, -1e-45, 0.0, -0.0)
    else:
        odd = (np.iinfo(inputs.dtype).min, np.iinfo(inputs.dtype).max)
    mixed = np.resize(np.array(odd, inputs.dtype), inputs.shape[1])
    return [*(np.full(inputs.shape[1], value, inputs.dtype) for value in odd), mixed]
