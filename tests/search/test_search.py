"""`midge search` on a small data set: budget, front, picture, pick, and the same twice."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("optuna", reason="needs the extra: pip install .[search]")
pytest.importorskip("tensorflow", reason="training needs the extra: pip install .[train]")

from midge import exits
from midge.cli import main
from midge.search import candidates, shared
from midge.train.recipes import configured

pytestmark = pytest.mark.slow

TRIALS = 4
LATENCY_MS = 0.06  # the recipe takes about 0.05 ms
TOML = f"""
[project]
name = "waves"
[data]
source = "recordings"
labels = ["slow", "fast"]
[sensor]
rate_hz = 100
[window]
length = 16
[model]
recipe = "dense"
net = {{units = [8]}}
epochs = 3
copies = 1
batch_size = 32
[budget]
latency_ms = {LATENCY_MS}
[search]
windows = [12]
confirm = 1
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sinusoids of two frequencies in noise."""
    folder = tmp_path_factory.mktemp("search") / "waves"
    (folder / "recordings").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name, hz in (("slow", 6), ("fast", 13)):
        for number in range(8):
            phase = 2 * np.pi * (hz / 100 * np.arange(96) + rng.random())
            counts = 900 * np.sin(phase) + rng.normal(0, 700, 96)
            np.savez(
                folder / "recordings" / f"{name}_{number}.npz", label=name,
                samples=counts.astype(np.int16)[:, np.newaxis],
            )  # fmt: skip
    (folder / "midge.toml").write_text(TOML, "utf-8")
    (folder / "main.py").write_text("import midge\n", "utf-8")
    return folder


def search(folder: Path, *options: str, code: int = 0) -> int:
    found = main(["search", "--project", str(folder), "--trials", str(TRIALS), *options])
    assert found == code
    return found


@pytest.fixture(scope="module")
def trials(project: Path) -> list[Any]:
    """All trials of a finished search."""
    search(project)
    storage = shared.open_storage(str(project / "build" / "search" / "study.journal"))
    study = shared.import_optuna().load_study(study_name="waves", storage=storage)
    return list(study.trials)


def ended(trials: list[Any], *how: str) -> list[Any]:
    return [trial for trial in trials if shared.outcome(trial) in how]


def test_the_budget_is_hard_and_what_is_over_it_is_never_trained(trials: list[Any]) -> None:
    over = ended(trials, shared.OVER)
    assert over, "this budget excludes a part of the space"
    for trial in over:
        assert trial.user_attrs["figures"]["cycles"] / 125e3 > LATENCY_MS
        assert max(trial.user_attrs["excess"]) > 0
        assert not {"rung0", "epochs", "sha256"} & set(trial.user_attrs)  # no epoch was run
    trained = ended(trials, shared.TRAINED)
    assert len(trained) + len(ended(trials, shared.STOPPED)) == TRIALS
    for trial in trained:
        assert trial.values[1] / 125e3 <= LATENCY_MS
        assert "rung0" in trial.user_attrs
        before, after = trial.user_attrs["untrained"], trial.user_attrs["figures"]
        assert before["cycles"] == pytest.approx(after["cycles"], rel=0.05)  # as the cost model


def test_the_first_is_the_project_itself(trials: list[Any]) -> None:
    assert trials[0].params["window"] == 16 and trials[0].params["dense.units1"] == 8
    assert shared.outcome(trials[0]) == shared.TRAINED


def test_show_prints_the_front_and_draws_it(
    project: Path, trials: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    search(project, "--show", "--json")
    found = json.loads(capsys.readouterr().out)
    values = {t.number: t.values for t in ended(trials, shared.TRAINED)}
    errors = {t.number: t.user_attrs["error"] for t in ended(trials, shared.TRAINED)}

    def beaten(number: int, others: Iterable[int]) -> bool:
        """By one that costs no more and is no less accurate than by a standard error."""
        right, *costs = values[number]
        return any(
            values[other][0] >= right - errors[number]
            and all(a <= b for a, b in zip(values[other][1:], costs, strict=True))
            for other in others
            if values[other] != values[number]
        )

    points = found["front"]
    numbers = [one["number"] for one in points]
    assert not any(beaten(number, numbers) for number in numbers)
    assert all(beaten(n, numbers) or values[n] in [values[m] for m in numbers] for n in values)
    again = {one["number"]: one["again"] for one in found["trained"] if one["again"]}
    assert 0 in again and 1 <= len(again) <= 2  # the recipe and one of the front, if it is not it
    assert all(0 <= right <= 1 and 0 < error < 0.5 for right, error in again.values())
    assert {one["number"] for one in found["named"]} <= set(again) - {0}
    assert [one["cycles"] for one in points] == sorted(one["cycles"] for one in points)
    assert Path(found["picture"]).read_bytes()[:4] == b"\x89PNG"
    search(project, "--show")
    text = capsys.readouterr().out
    assert text.count("\n|") >= 1 + len(points) and "the recipe:" in text


def test_a_pick_is_a_project_that_keeps_the_budget(
    project: Path, trials: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best = min(ended(trials, shared.TRAINED), key=lambda trial: trial.values[1])
    out = tmp_path / "deep" / "picked"
    search(project, "--pick", str(best.number), "--out", str(out))
    assert (out / "main.py").is_file() and (out / "build" / "waves.tflite").is_file()
    capsys.readouterr()
    assert main(["check", "--project", str(out), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["budget"][0]["ok"] is True
    assert report["cycles"] == pytest.approx(best.values[1], rel=0.05)
    search(project, "--pick", str(best.number), "--out", str(out), code=exits.ERROR)
    assert "is there already" in capsys.readouterr().err
    search(project, "--pick", "999", code=exits.ERROR)
    assert "numbers there are: 0" in capsys.readouterr().err


def test_the_same_seed_finds_the_same_models(
    project: Path, trials: list[Any], tmp_path: Path
) -> None:
    journal = tmp_path / "again.journal"
    search(project, "--storage", str(journal))
    storage = shared.open_storage(str(journal))
    again = shared.import_optuna().load_study(study_name="waves", storage=storage).trials
    for name in ("params", "values"):
        assert [getattr(t, name) for t in again] == [getattr(t, name) for t in trials]
    models = [[t.user_attrs.get("sha256") for t in some] for some in (trials, again)]
    assert models[0] == models[1] and len(set(models[0]) - {None}) > 2


def test_random_networks_are_alive() -> None:
    """With biases of 0 one may give 0 for every input, which no integer scale can hold."""
    nothing = SimpleNamespace(
        real=np.zeros((1, 8, 8), np.float32), data=SimpleNamespace(labels=list("abc"))
    )
    net = {"filters": [4] * 4, "widths": [3] * 4, "strides": [4] * 4}
    model = candidates.untrained(configured("conv1d", net, "here"), nothing, seed=1)
    assert np.ptp(model(nothing.real).numpy()) > 0.01


def test_a_changed_project_does_not_join_the_study(
    project: Path, trials: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / "midge.toml"
    file.write_text(TOML.replace("epochs = 3", "epochs = 5"), "utf-8")
    try:
        search(project, code=exits.ERROR)
    finally:
        file.write_text(TOML, "utf-8")
    assert "about another model" in capsys.readouterr().err


def test_an_unreachable_budget_names_the_nearest(
    project: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared, "MOST_SKIPPED", 4)
    file = project / "midge.toml"
    file.write_text(TOML.replace(str(LATENCY_MS), "0.001"), "utf-8")
    options = ["--storage", str(tmp_path / "tight.journal"), "--trials", "1"]
    try:
        assert main(["search", "--project", str(project), *options]) == exits.BUDGET
    finally:
        file.write_text(TOML, "utf-8")
    error = capsys.readouterr().err
    assert "none of 4 networks keeps the budget; the nearest, number" in error
    assert "latency_ms = 0.0" in error and "(the budget: 0.001)" in error


def test_classical_models_are_searched_too(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside a network: judged after their fit, which takes no time, and picked as it is."""
    pytest.importorskip("sklearn", reason="needs the extra: pip install .[trees]")
    file, flash_kb = project / "midge.toml", 2.0
    text = TOML.replace('recipe = "dense"\nnet = {units = [8]}', 'recipe = "random_forest"')
    text = text.replace("[budget]", f"[budget]\nflash_kb = {flash_kb}")
    text = text.replace(
        "[search]", '[features]\nkind = "statistics"\nnames = ["std", "zero_crossings"]\n[search]'
    )
    file.write_text(text, "utf-8")
    options = ["--storage", str(tmp_path / "trees.journal")]
    try:
        search(project, *options, "--json")
        found = json.loads(capsys.readouterr().out)
        storage = shared.open_storage(options[1])
        study = shared.import_optuna().load_study(study_name="waves", storage=storage)
        over = ended(study.trials, shared.OVER)
        assert any(t.user_attrs["figures"]["flash_bytes"] > 1024 * flash_kb for t in over)
        assert not any("sha256" in trial.user_attrs for trial in over)
        best = found["front"][0]
        assert best["flash_bytes"] <= 1024 * flash_kb and best["accuracy"] > 0.6
        assert best["what"].startswith("random_forest (n_estimators ")
        out = tmp_path / "forest"
        search(project, *options, "--pick", str(best["number"]), "--out", str(out))
    finally:
        file.write_text(TOML, "utf-8")
    assert (out / "build" / "waves.npz").is_file()
    assert "random_forest" in (out / "midge.toml").read_text("utf-8")
