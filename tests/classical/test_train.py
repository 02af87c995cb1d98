"""`midge train` with classical recipes, from recordings to a model that the commands take."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from midge.classical.recipes import RECIPES
from midge.cli import main
from midge.errors import ModelError
from midge.meta import load_meta
from midge.project import load_project

pytest.importorskip("sklearn", reason="needs scikit-learn: pip install midge[trees]")

PROJECT = """
[project]
name = "spiky"
[data]
source = "spikes"
[sensor]
rate_hz = 100
channels = ["adc"]
[window]
length = 64
{features}
[model]
recipe = "{recipe}"
parameters = {{ {parameters} }}
"""
FEATURES = """
[features]
kind = "statistics"
names = ["std", "peak_to_peak", "kurtosis", "crest"]
"""


def project(folder: Path, recipe: str, features: str = FEATURES, parameters: str = "") -> Path:
    text = PROJECT.format(recipe=recipe, features=features, parameters=parameters)
    (folder / "midge.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_a_recipe_learns_and_agrees(recipe: str, tmp_path: Path) -> None:
    from midge.train import train

    parameters = "max_iter = 60" if recipe == "mlp" else ""  # enough to be better than chance
    path = train(load_project(project(tmp_path, recipe, FEATURES, parameters)))
    assert path == tmp_path / "build" / "spiky.npz"
    accuracy = load_meta(path).extra["accuracy"]
    assert accuracy["agreement"] >= (0.98 if recipe == "mlp" else 0.995)
    assert accuracy["int8"] > 0.7


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    from midge.train import train

    path = train(load_project(project(tmp_path, "random_forest", "")))
    first = path.read_bytes(), path.with_suffix(".json").read_bytes()
    train(load_project(tmp_path))
    assert (path.read_bytes(), path.with_suffix(".json").read_bytes()) == first


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Train, check; and the model takes windows of counts, which have no features in front."""
    import midge

    folder = project(tmp_path, "random_forest", "", "n_estimators = 5, max_depth = 4")
    assert main(["train", "--project", str(folder), "--json"]) == 0
    trained = json.loads(capsys.readouterr().out)
    assert trained["parameters"] == {"n_estimators": 5, "max_depth": 4}
    assert main(["check", "--project", str(folder), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [layer["kernel"] for layer in report["layers"]] == ["trees"]
    assert report["cycles"] > 0 and report["code_bytes"] > 0
    model = midge.load(trained["model"])
    assert model.info()["inputs"][0]["dtype"] == "int16"
    label, score = model.classify(np.zeros((64, 1), np.int16))
    assert label in trained["labels"] and 0 < score <= 1


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ("depth = 3", "RandomForestClassifier: .*'depth'"),
        ("max_depth = -1", "scikit-learn: .*max_depth"),
    ],
)
def test_parameters_that_cannot_be(parameters: str, why: str, tmp_path: Path) -> None:
    from midge.train import train

    with pytest.raises(ModelError, match=why):
        train(load_project(project(tmp_path, "random_forest", FEATURES, parameters)))
    assert not (tmp_path / "build").exists()
