"""What a search may vary, and the projects that come of it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("optuna", reason="needs the extra: pip install .[search]")

from optuna.trial import FixedTrial

from midge.classical import recipes as classical
from midge.classical.recipes import estimator
from midge.errors import MidgeError
from midge.project import load_project
from midge.search import pick
from midge.search.space import OPTIONS, Space
from midge.train.recipes import RECIPES

MOTION = """
[project]
name = "motion"
[data]
source = "basic_motions"
[window]
length = 100
hop = 50
[model]
recipe = "conv1d"
"""
SOUND = """
[project]
name = "sound"
[data]
source = "recordings"
[window]
length = 8000
hop = 2560
cut = "word"
[features]
frame = 256
step = 128
blocks = [{block = "highpass", hz = 80}, {block = "logmel", bands = 40}]
[model]
recipe = "ds_cnn"
[search]
recipes = ["dense"]
windows = [6000]
features = [{}, {kind = "statistics", names = ["rms", "kurtosis"]}]
"""
SENSORS = """
[project]
name = "two"
[data]
source = "recordings"
[[sensors]]
name = "imu"
kind = "mpu6050"
rate_hz = 100
channels = ["ax", "ay", "az"]
window = {length = 100}
[[sensors]]
name = "mic"
kind = "adc"
rate_hz = 1000
channels = ["v"]
window = {length = 1000}
[model]
recipe = "two_branch"
"""


def space(folder: Path, text: str) -> Space:
    (folder / "midge.toml").write_text(text, "utf-8")
    return Space.of(load_project(folder))


@pytest.mark.parametrize("text", [MOTION, SOUND])
def test_the_first_candidate_is_the_project_as_it_is(tmp_path: Path, text: str) -> None:
    found = space(tmp_path, text)
    assert found.candidate(FixedTrial(found.first())) == found.project
    assert found.warm()[0] == found.first()


def test_a_search_also_starts_from_more_channels(tmp_path: Path) -> None:
    found = space(tmp_path, MOTION.replace("conv1d", "ds_cnn"))
    sizes = [
        found.candidate(FixedTrial(params)).model.net.get("filters") for params in found.warm()
    ]
    assert sizes == [None, 32, 16, 96]  # the recipe's own 64 is no option of the project


CLASSICAL = [name for name in OPTIONS if name in classical.RECIPES]


@pytest.mark.parametrize("recipe", [name for name in OPTIONS if name not in CLASSICAL])
def test_each_recipe_starts_from_its_own_options(tmp_path: Path, recipe: str) -> None:
    """A recipe's defaults are a point of the space."""
    found = space(tmp_path, MOTION.replace("conv1d", recipe))
    candidate = found.candidate(FixedTrial(found.first()))
    assert candidate.model == found.project.model  # no net: the defaults
    half = found.candidate(FixedTrial(found.warm()[1])).model.net
    options = RECIPES[recipe].__kwdefaults__
    assert set(half) == set(options) >= set(OPTIONS[recipe])
    size = next(name for name in ("filters", "units") if name in half)
    smaller, own = half[size], options[size]
    assert smaller == ([n // 2 for n in own] if isinstance(smaller, list) else own // 2)


@pytest.mark.parametrize("recipe", CLASSICAL)
def test_classical_recipes_start_from_their_own_parameters(tmp_path: Path, recipe: str) -> None:
    found = space(tmp_path, MOTION.replace("conv1d", recipe))
    assert found.candidate(FixedTrial(found.first())) == found.project
    options = {**found.warm()[2], "k_neighbors.n_neighbors": 1}  # it has no size to halve
    smaller = found.candidate(FixedTrial(options)).model
    own = classical.RECIPES[recipe].parameters
    assert smaller.net == {} and set(smaller.parameters) >= {*own, *OPTIONS[recipe]}
    estimator(recipe, smaller.parameters, 1, "here")  # scikit-learn takes them
    assert smaller.parameters != own


def test_parameters_that_are_not_varied_are_kept(tmp_path: Path) -> None:
    text = MOTION.replace("conv1d", "random_forest")
    given = 'parameters = {n_estimators = 12, criterion = "entropy"}\n'
    given += '[search]\nrecipes = ["dense"]\n'
    found = space(tmp_path, text + given)
    half = found.candidate(FixedTrial(found.warm()[1])).model.parameters
    assert half == {
        "n_estimators": 4, "max_depth": 4, "min_samples_leaf": 1, "criterion": "entropy"
    }  # fmt: skip
    other = {"window": 100, "recipe": "dense", "dense.layers": 0}
    made = found.candidate(FixedTrial(other)).model
    assert (made.recipe, made.net, made.parameters) == ("dense", {"units": []}, {})
    with pytest.raises(MidgeError, match="n_estimators needs a whole number to be varied"):
        space(tmp_path, text + given.replace("12", '"many"')).first()


def test_a_project_whose_net_is_set_starts_from_it(tmp_path: Path) -> None:
    net = "{filters = [8, 12], widths = [3, 5], strides = [1, 2], separable = true}"
    found = space(tmp_path, f"{MOTION}net = {net}\n")
    assert found.first()["conv1d.layers"] == 2 and found.first()["conv1d.separable"] is True
    assert found.candidate(FixedTrial(found.first())).model.net["filters"] == [8, 12]


def test_options_that_are_not_varied_are_kept(tmp_path: Path) -> None:
    found = space(tmp_path, MOTION.replace("conv1d", "resnet") + "net = {picture = true}\n")
    for params in found.warm():
        assert found.candidate(FixedTrial(params)).model.net["picture"] is True


def test_windows_features_and_recipes_make_other_projects(tmp_path: Path) -> None:
    found = space(tmp_path, SOUND)
    params = {
        **found.first(), "window": 6000, "bands0": 20, "recipe": "dense", "dense.layers": 2,
        "dense.units1": 8, "dense.units2": 4,
    }  # fmt: skip
    made = found.candidate(FixedTrial(params))
    assert (made.window.length, made.window.hop, made.window.cut) == (6000, 2560, "word")
    assert made.features.blocks[1] == {"block": "logmel", "bands": 20}
    assert made.features.frame == 256 and found.project.features.blocks[1]["bands"] == 40
    assert (made.model.recipe, made.model.net) == ("dense", {"units": [8, 4]})
    other = found.candidate(FixedTrial({**found.first(), "features": 2}))
    assert other.features.blocks == [{"block": "statistics", "names": ["rms", "kurtosis"]}]
    assert found.candidate(FixedTrial({**found.first(), "features": 1})).features.blocks == []


def test_half_the_window_is_tried_where_recordings_are_cut(tmp_path: Path) -> None:
    found = space(tmp_path, MOTION)
    assert found.windows == (50, 100)
    half = found.candidate(FixedTrial({**found.first(), "window": 50}))
    assert (half.window.length, half.hop) == (50, 50)
    word = SOUND.replace("windows = [6000]\n", "")
    assert space(tmp_path, word).windows == (8000,)


def test_what_cannot_be_searched_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MidgeError, match=r"recipe 'magic' has no options.*\n.*conv1d"):
        space(tmp_path, MOTION.replace("conv1d", "magic"))
    for recipe in ("anomaly", "naive_bayes"):
        with pytest.raises(MidgeError, match=f"recipe '{recipe}' has no options to vary"):
            space(tmp_path, MOTION.replace("conv1d", recipe))
    with pytest.raises(MidgeError, match=r"projects of one sensor\n.*each sensor's network"):
        space(tmp_path, SENSORS)
    with pytest.raises(MidgeError, match="unknown key bandz"):
        space(tmp_path, SOUND.replace("[{}, ", "[{bandz = 3}, "))
    with pytest.raises(MidgeError, match="whole numbers above 0, found"):
        space(tmp_path, SOUND.replace("[6000]", "[6000, 0]"))


@pytest.mark.parametrize("text", [MOTION, SOUND])
def test_a_written_project_reads_back(tmp_path: Path, text: str) -> None:
    found = space(tmp_path, text)
    params = found.warm()[2]
    made = found.candidate(FixedTrial(params))
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "midge.toml").write_text(pick.toml(made, "a note: \"quoted\", 'so'"), "utf-8")
    again = load_project(copy)
    for name in ("project", "data", "sensor", "window", "features", "model", "budget", "search"):
        assert getattr(again, name) == getattr(made, name), name
