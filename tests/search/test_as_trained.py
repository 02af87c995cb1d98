"""What candidates cost before training and after it; and that `midge train` trains alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("optuna", reason="needs the extra: pip install .[search]")
pytest.importorskip("tensorflow", reason="training needs the extra: pip install .[train]")

from midge.boards import load_board
from midge.cli import main
from midge.project import load_project
from midge.search import candidates, shared
from midge.search.material import Materials
from midge.train import pipeline

pytestmark = pytest.mark.slow

CHANNELS = 8
TOML = """
[project]
name = "shapes"
[data]
source = "recordings"
[sensor]
rate_hz = 100
channels = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"]
[window]
length = {length}
[model]
recipe = "{recipe}"
net = {net}
epochs = 2
batch_size = 16
copies = 1
{more}
"""


def project_of(folder: Path, length: int, recipe: str, net: str, more: str = "") -> Any:
    """Sinusoids of three frequencies in noise, a gain and a phase for each of 8 channels."""
    rng = np.random.default_rng(2)
    (folder / "recordings").mkdir(parents=True)
    for name, hz in (("slow", 5), ("middle", 9), ("fast", 14)):
        for number in range(12):
            phase = 2 * np.pi * (hz / 100 * np.arange(3 * length)[:, np.newaxis])
            waves = np.sin(phase + rng.uniform(0, 6, CHANNELS)) * rng.uniform(300, 900, CHANNELS)
            samples = (waves + rng.normal(0, 300, waves.shape)).astype(np.int16)
            path = folder / "recordings" / f"{name}_{number}.npz"
            np.savez(path, label=name, samples=samples)
    text = TOML.format(length=length, recipe=recipe, net=net, more=more)
    (folder / "midge.toml").write_text(text, "utf-8")
    return load_project(folder)


@pytest.mark.parametrize(
    ("recipe", "net", "length"),
    [
        ("mobilenet", "{filters = [16, 24], blocks = 1}", 48),  # motion
        ("ds_cnn", "{filters = 24, blocks = 2}", 8),  # digits
        ("ds_cnn", "{filters = 32, blocks = 2, rows = 6, mean_norm = true}", 40),  # keyword
    ],
)
def test_cost_before_training_is_that_after_it(
    tmp_path: Path, recipe: str, net: str, length: int
) -> None:
    """Within 4%: which kernels are proven for a layer depends on its weights."""
    project = project_of(tmp_path, length, recipe, net)
    material, board = Materials(project).of(project), load_board(project.board)
    before = candidates.with_random_weights(project, material, board, tmp_path)
    after = candidates.train(project, material, board, tmp_path, lambda epoch, right: None)
    costs = []
    for compiled in (before, after.compiled):
        steps = compiled.program.steps
        costs.append([sum(s.cycles for s in steps), compiled.ram_bytes, len(compiled.consts)])
    assert costs[0] == pytest.approx(costs[1], rel=0.04)


def test_search_trains_as_train_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = "label_smoothing = 0.2\nseed = 5\n[search]\nwindows = [8]"
    project = project_of(tmp_path, 8, "dense", "{units = [4]}", more)
    seen: list[dict[str, Any]] = []

    def fit(_recipe: Any, _real: Any, _classes: Any, _n: int, **arguments: Any) -> Any:
        seen.append(arguments)
        raise shared.Skip(shared.UNFIT)

    monkeypatch.setattr(pipeline, "fit", fit)
    monkeypatch.setattr(shared, "MOST_SKIPPED", 1)
    with pytest.raises(shared.Skip):
        pipeline.train(project)
    main(["search", "--project", str(tmp_path), "--trials", "1"])
    train, search = seen
    assert train["label_smoothing"] == 0.2 and train["batch_size"] == 16
    assert search["watch"] is not None and search["checkpoint"] is None
    assert train["more"] is not None and search["more"] is not None
    own = {"watch", "checkpoint", "more"}  # and which windows are held out
    for name in (set(train) | set(search)) - own - {"parts"}:
        assert search[name] == train[name], name
