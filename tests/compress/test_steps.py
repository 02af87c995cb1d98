"""The steps of [model] steps, on a project."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import midge
from midge.errors import MidgeError
from midge.meta import load_meta
from midge.project import load_project
from midge.train import load_dataset, spikes, train
from midge.train.evaluate import decide, predict_windows
from midge.train.representative import choose


def project(root, folder, changes: dict[str, str]):
    text = (root / "examples/spikes/midge.toml").read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    folder.mkdir(exist_ok=True)
    (folder / "midge.toml").write_text(text)
    return load_project(folder)


@pytest.mark.slow
def test_steps_keep_the_best_and_record_everything(root, tmp_path, monkeypatch):
    monkeypatch.setattr(spikes, "load", functools.partial(spikes.load, train=200, test=100))
    made = project(
        root, tmp_path,
        {"epochs = 40": 'epochs = 10\nsteps = ["distill", "low_rank", "prune"]\nteachers = 1'},
    )  # fmt: skip
    path = train(made)
    steps = load_meta(path).extra["steps"]
    assert [s["name"] for s in steps[:3]] == ["train", "distill", "low_rank"]
    assert steps[2]["why"] == "nothing in this network to change"  # two convolutions of width 3
    assert {s["name"] for s in steps[3:]} == {"prune"}
    kept = [s for s in steps if s["kept"]]
    compiled = midge.load(str(path)).compiled
    # The last one kept is the model that was written, and what is recorded of it is so.
    assert kept[-1]["arena_bytes"] == compiled.program.arena_bytes
    scores = predict_windows(path, (test := load_dataset(made).test).counts)
    assert kept[-1]["accuracy"]["int8"] == (decide(scores) == test.classes).mean()
    assert all(set(s["accuracy"]) == {"float", "int8"} for s in kept)
    assert sorted(p.name for p in path.parent.iterdir()) == ["spikes.json", "spikes.tflite"]


@pytest.mark.parametrize(
    ("steps", "message"),
    [('["prone"]', r"\[model\] steps: needs some of .*prune.*found 'prone'")],
)
def test_wrong_steps(root, tmp_path, steps, message):
    made = project(root, tmp_path, {"epochs = 40": f"epochs = 1\nsteps = {steps}"})
    with pytest.raises(MidgeError, match=message):
        train(made)


@pytest.mark.parametrize("recipe", ["anomaly", "random_forest"])
def test_steps_of_what_is_no_classifying_network(root, tmp_path, recipe):
    changes = {
        "epochs = 40": 'epochs = 1\nsteps = ["prune"]',
        'recipe = "spikes"': f'recipe = "{recipe}"',
    }
    with pytest.raises(MidgeError, match=rf"\[model\] steps: .*found recipe '{recipe}'"):
        train(project(root, tmp_path, changes))


def test_representative_windows_hold_the_extremes_and_every_class():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(900, 16, 2)).astype(np.float32)
    classes = np.repeat([0, 1, 2], [600, 290, 10])
    real[123, 4, 0], real[777, 9, 1] = 50.0, -70.0
    chosen = choose(real, classes, 90)
    assert len(chosen) == len(set(chosen)) == 90
    assert {123, 777} <= set(chosen)
    assert (np.bincount(classes[chosen]) >= [35, 35, 10]).all()
    assert (choose(real, classes, 90) == chosen).all()
    assert (choose(real[:50], classes[:50], 90) == np.arange(50)).all()
