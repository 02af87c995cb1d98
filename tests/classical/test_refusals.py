"""What cannot be converted or read: one error that names it, and nothing half-written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import classical_kit
import numpy as np
import pytest
from sklearn import ensemble, neighbors, neural_network, pipeline, preprocessing, svm, tree

import midge
from midge.classical import convert, store
from midge.compile import compile_model
from midge.errors import MidgeError, ModelError

X = np.random.default_rng(0).normal(0, 1, (60, 3)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


def small(**more: Any) -> Any:
    return tree.DecisionTreeClassifier(**more).fit(X, Y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("model", "why"),
    [
        (lambda: svm.SVC().fit(X, Y), "sklearn.svm._classes.SVC cannot be converted"),
        (lambda: np.zeros(3), "numpy.ndarray cannot be converted"),
        (tree.DecisionTreeClassifier, "is not fitted"),
        (
            lambda: tree.DecisionTreeRegressor().fit(X, np.stack([Y, Y], 1)),
            "n_outputs_ is 2, needed: 1",
        ),
        (
            lambda: pipeline.make_pipeline(
                preprocessing.Normalizer(), tree.DecisionTreeClassifier()
            ).fit(X, Y),
            "step Normalizer of the Pipeline cannot be converted",
        ),
        (
            lambda: pipeline.make_pipeline(
                preprocessing.MinMaxScaler(clip=True), tree.DecisionTreeClassifier()
            ).fit(X, Y),
            "MinMaxScaler with clip=True",
        ),
        (
            lambda: neighbors.KNeighborsClassifier(metric="cosine").fit(X, Y),
            "KNeighborsClassifier: metric is 'cosine'",
        ),
        (
            lambda: neighbors.KNeighborsClassifier(weights=np.abs).fit(X, Y),
            "weights is <ufunc 'absolute'>",
        ),
        (lambda: neighbors.KNeighborsClassifier(p=3).fit(X, Y), "p 3"),
        (
            lambda: neural_network.MLPClassifier(max_iter=2).fit(X, np.stack([Y, 1 - Y], 1)),
            "out_activation_ is 'logistic': several labels",
        ),
    ],
)
def test_models_that_cannot_be(model: Callable[[], Any], why: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=why) as err:
        convert(model(), tmp_path / "m.npz", X)
    assert err.value.do
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"samples": X[:, :2]}, "samples have 2 features, the model 3"),
        ({"samples": X[0]}, r"samples of shape \(3,\)"),
        ({"samples": np.full((2, 3), np.nan)}, "needed: finite numbers"),
        ({"input_type": "int4"}, "input_type 'int4'"),
        ({"input_type": "int8", "input_scale": 0.0}, "input_scale 0"),
        (
            {"wide_leafs": True},
            "DecisionTreeClassifier: no option wide_leafs; known: scaled, wide_leaves",
        ),
    ],
)
def test_arguments_that_cannot_be(arguments: dict[str, Any], why: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=why):
        convert(small(), tmp_path / "m.npz", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_network_needs_samples(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="MLPClassifier: needs samples"):
        convert(classical_kit.fitted("mlp_relu").estimator, tmp_path / "m.npz")


def test_an_options_value(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="option output is 'odds', needed: probabilities or"):
        mixed = classical_kit.fitted("mixture_full").estimator
        convert(mixed, tmp_path / "m.npz", output="odds")


def test_a_name_without_npz(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"ends in '.json', needed: .npz"):
        convert(small(), tmp_path / "m.json")


def test_the_trap_of_one_scale_for_all(tmp_path: Path) -> None:
    """A feature that an integer input's steps leave no room is named, with both numbers."""
    x, y, *_ = classical_kit.unlike()
    forest = ensemble.RandomForestClassifier(5, max_depth=4, random_state=0).fit(x, y)
    scale = float(np.abs(x).max()) / 32767
    with pytest.raises(ModelError, match=r"feature \d+ has \d+ thresholds, .* tell \d+ apart"):
        convert(forest, tmp_path / "m.npz", x, input_type="int16", input_scale=scale)
    assert list(tmp_path.iterdir()) == []


def test_too_many_trees(tmp_path: Path) -> None:
    stumps = ensemble.RandomForestClassifier(4100, max_depth=1, bootstrap=False, max_features=1)
    stumps.n_estimators = 1
    stumps.fit(X, Y)
    stumps.estimators_ = stumps.estimators_ * 4100
    with pytest.raises(ModelError, match="4100 trees, at most 4095"):
        convert(stumps, tmp_path / "m.npz")


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MidgeError, match="scikit-learn is not installed"):
        convert(object(), tmp_path / "m.npz")


def test_a_file_needs_no_scikit_learn(tmp_path: Path) -> None:
    path = convert(small(), tmp_path / "m.npz", X)
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import midge, numpy\n"
        "print(midge.load(sys.argv[1]).classify(numpy.ones(3, 'f'))[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(small().predict(np.ones((1, 3)))[0])]


def damaged(change: Callable[[dict[str, np.ndarray]], None], path: Path) -> Path:
    """A good file with something changed in it."""
    with np.load(convert(small(), path, X)) as archive:
        arrays = {name: archive[name] for name in archive.files}
    change(arrays)
    np.savez(path, **arrays)
    return path


def header(**changed: Any) -> Callable[[dict[str, np.ndarray]], None]:
    def change(arrays: dict[str, np.ndarray]) -> None:
        text = json.loads(arrays["header"].tobytes()) | changed
        arrays["header"] = np.frombuffer(json.dumps(text).encode(), np.uint8)

    return change


def array(name: str, at: int, value: float) -> Callable[[dict[str, np.ndarray]], None]:
    def change(arrays: dict[str, np.ndarray]) -> None:
        arrays[name].reshape(-1)[at] = value

    return change


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (header(format=2), "another format; this Midge reads 1"),
        (header(kind="oracle"), "kind 'oracle'"),
        (header(features=0), "0 features, needed: 1...32767"),
        (header(outputs=3), "value has shape .*, outputs are 3"),
        (header(input_type="int4"), "input 'int4'"),
        (header(colour="red"), "colour"),
        (lambda arrays: arrays.pop("left"), "it has no 'left'"),
        (lambda arrays: arrays.pop("header"), "it has no 'header'"),
        (array("threshold", 0, np.nan), "threshold is empty, or has NaN"),
        (array("left", 0, 0), "left leads out of a tree, or back"),
        (array("right", 0, 1000), "right leads out of a tree, or back"),
        (array("root", 0, 1), "root does not rise from 0"),
        (array("feature", 0, 3), "feature 3 of 3"),
        (lambda arrays: arrays.update(left=arrays["left"].astype(float)), "left is float64"),
    ],
)
def test_damaged_files(change: Any, why: str, tmp_path: Path) -> None:
    path = damaged(change, tmp_path / "m.npz")
    with pytest.raises(ModelError, match=why) as err:
        compile_model(path)
    assert str(path) in str(err.value)


@pytest.mark.parametrize(
    ("case", "change", "why"),
    [
        ("mixture_full", array("weights", 0, -1.0), "not lower triangular"),
        ("mixture_full", array("weights", 1, 1.0), "not lower triangular"),
        ("naive_bayes", array("low", 0, 1e9), "low is above high"),
        ("naive_bayes", array("constant", 0, 1e9), "constant 1e[+]09 is out of range"),
        ("k_neighbors", array("target", 0, 10), "target is no class of 10"),
        ("k_neighbors", array("target", 0, 0.5), "target is no class of 10"),
        ("k_neighbors", array("size", 0, 0), "size is not above 0"),
        ("mlp_relu", array("range_0", 0, 0), "range_0 is not above 0"),
        ("mlp_relu", lambda arrays: arrays.pop("bias_1"), "it has no 'bias_1'"),
    ],
)
def test_damaged_files_of_other_kinds(case: str, change: Any, why: str, tmp_path: Path) -> None:
    with np.load(classical_kit.fitted(case).compiled.program.path) as archive:
        arrays = {name: archive[name].copy() for name in archive.files}
    change(arrays)
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.raises(ModelError, match=why):
        compile_model(tmp_path / "m.npz")


@pytest.mark.parametrize(
    ("case", "changed", "why"),
    [
        ("k_neighbors", {"neighbors": 0}, "0 neighbours of"),
        ("k_neighbors", {"power": 3}, "option power is 3"),
        ("mlp_relu", {"layers": 65}, "65 layers"),
        ("mlp_relu", {"activation": "swish"}, "option activation is 'swish'"),
        ("naive_bayes", {"full": 1}, "option full is 1"),
        ("naive_bayes", {"output": "score"}, "3 outputs of 3 classes"),
    ],
)
def test_options_that_cannot_be(
    case: str, changed: dict[str, Any], why: str, tmp_path: Path
) -> None:
    with np.load(classical_kit.fitted(case).compiled.program.path) as archive:
        arrays = {name: archive[name].copy() for name in archive.files}
    options = json.loads(arrays["header"].tobytes())["options"] | changed
    header(options=options)(arrays)
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.raises(ModelError, match=why):
        compile_model(tmp_path / "m.npz")


def test_no_pickle_is_read(tmp_path: Path) -> None:
    """An array of objects would run code."""
    path = tmp_path / "m.npz"
    np.savez(path, header=np.array([print], object))
    with pytest.raises(ModelError, match="not a classical model: Object arrays"):
        midge.load(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04}."])
def test_files_of_another_kind(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="not a classical model"):
        store.load(path)
    with pytest.raises(ModelError, match="cannot read it: No such file"):
        store.load(tmp_path / "none.npz")
