"""The steps of [model] steps, on a project."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import midge
from midge.compress import steps as steps_module
from midge.errors import MidgeError
from midge.meta import load_meta, sidecar
from midge.project import load_project
from midge.train import load_dataset, pipeline, spikes, train
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


def in_this_process(saved, shown, out, kind):
    """The converter, without the seconds that a process of its own takes."""
    from midge.train.converter import convert_here
    from midge.train.tf import import_tensorflow

    loaded = import_tensorflow().keras.models.load_model(saved, compile=False)
    out.write_bytes(convert_here(loaded, shown, kind))
    return out


WAVES = """\
[project]
name = "waves"
[data]
source = "waves.npz"
[sensor]
rate_hz = 50
channels = ["x", "y"]
[window]
length = 16
[model]
recipe = "dense"
net = {units = [32, 24]}
epochs = 4
copies = 1
steps = ["distill", "low_rank", "prune"]
teachers = 1
max_drop = 1.0
"""


def waves(folder):
    """Three frequencies in noise, twelve recordings of two windows each."""
    rng = np.random.default_rng(4)
    folder.mkdir()
    time = np.arange(32)[:, None] + rng.uniform(0, 20, (36, 1, 2))
    hertz = np.repeat([2, 5, 9], 12)[:, None, None]
    signal = 800 * np.sin(2 * np.pi * hertz / 50 * time) + rng.normal(0, 300, time.shape)
    np.savez(
        folder / "waves.npz", samples=signal.astype(np.int16).reshape(-1, 2),
        length=np.full(36, 32), rate_hz=50, label=np.repeat(["slow", "middle", "fast"], 12),
    )  # fmt: skip
    (folder / "midge.toml").write_text(WAVES)
    return load_project(folder)


@pytest.mark.slow
def test_same_seed_same_bytes_after_steps_with_a_larger_teacher(keras, tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "convert", in_this_process)
    monkeypatch.setattr(steps_module, "_SHARES", (0.5,))
    monkeypatch.setattr(steps_module, "_WORK", (0.6,))
    trained, fit_recipe = [], pipeline.fit_recipe

    def watched(project, *arguments):
        trained.append(project.model.net["units"])
        return fit_recipe(project, *arguments)

    monkeypatch.setattr(pipeline, "fit_recipe", watched)
    first, second = (train(waves(tmp_path / name)) for name in "ab")
    steps = load_meta(first).extra["steps"]
    assert [(s["name"], s["kept"]) for s in steps[1:]] == [
        ("distill", True), ("low_rank", True), ("prune", True),
    ]  # fmt: skip
    assert trained[:2] == [[32, 24], [64, 48]]  # and the teacher's units
    cycles = [step["cycles"] for step in steps]
    assert cycles[0] > cycles[2] > cycles[3]
    assert first.read_bytes() == second.read_bytes()
    assert sidecar(first).read_bytes() == sidecar(second).read_bytes()


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
