"""docs/sensors.md: two sensors of two rates, from recordings to the emulated Pico."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "sensors.md").read_text("utf-8")
TOML = re.findall(r"```toml\n(.*?)```", TEXT, flags=re.S)
SCRIPTS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.S)
LABELS = ["idle", "carried", "drilling"]
HEAD = (
    '[project]\nname = "tool"\n[data]\nsource = "recordings"\n'
    'labels = ["idle", "carried", "drilling"]\n'
)
SECONDS = 4


def record(folder: Path, label: str, take: int, rng: np.random.Generator) -> None:
    """A take: carried tools move slowly, drilling ones only hum; the hum has no times."""
    folder.mkdir(parents=True, exist_ok=True)
    t = np.arange(int(SECONDS * 62.5)) / 62.5
    motion = rng.normal(0, 60, (len(t), 6))
    if label == "carried":
        phase = rng.uniform(0, 6, 6)
        motion += 2500 * np.sin(2 * np.pi * 1.5 * t[:, None] + phase)
    t = np.arange(SECONDS * 1000) / 1000
    level = rng.normal(0, 20, len(t))
    if label == "drilling":
        level += 600 * np.sin(2 * np.pi * rng.uniform(110, 140) * t)
    rows = np.rint(motion).astype(int).tolist()
    lines = [f"{1000 + 16 * i},{','.join(map(str, row))}" for i, row in enumerate(rows)]
    head = "timestamp_ms,ax,ay,az,gx,gy,gz"
    (folder / f"{take}.imu.csv").write_text("\n".join([head, *lines]) + "\n", "utf-8")
    counts = np.clip(np.rint(level + 2048), 0, 4095).astype(int)
    (folder / f"{take}.drill.csv").write_text("level\n" + "\n".join(map(str, counts)) + "\n")


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tool")
    rng = np.random.default_rng(3)
    for label in LABELS:
        for take in range(5):
            record(folder / "recordings" / label, label, take, rng)
    text = HEAD + TOML[0] + "epochs = 12\ncopies = 1\nbatch_size = 16\n"
    (folder / "midge.toml").write_text(text, "utf-8")
    return folder


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.firmware
def test_train_build_run(
    tool: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow", reason="training needs the extra: pip install .[train]")
    import midge
    from midge.boards import load_board
    from midge.boot_test import boot_test
    from midge.commands.run import agreement_of, sensors_of
    from midge.compile import compile_model
    from midge.firmware.build import build
    from midge.links import open_link
    from midge.project import load_project
    from midge.run import run_script
    from midge.train import branches as several
    from midge.train import train

    project = load_project(tool)
    with monkeypatch.context() as patch:  # interrupted behind the last epoch: goes on from there
        patch.setattr(several, "convert", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(project)
    capfd.readouterr()
    assert [p.name for p in (tool / "build").iterdir()] == [".tool-1.training.npz"]
    made = train(project)
    assert "epoch" not in capfd.readouterr().err
    assert not list(made.parent.glob(".*.npz"))
    meta = json.loads(made.with_suffix(".json").read_text())
    assert [one["rate_hz"] for one in meta["features"]] == [62.5, 1000]
    assert meta["extra"]["accuracy"]["int8"] >= 0.9
    compiled = compile_model(made)
    assert [port.shape[-1] for port in compiled.program.inputs] == [12, 16]
    assert midge.load(str(made)).check() is True

    script = tool / "main.py"
    script.write_text(SCRIPTS[0], "utf-8")
    uf2 = build([compiled], load_board("RPI_PICO"), tool / "build").uf2
    rng = np.random.default_rng(1)
    shapes = [port.shape for port in compiled.program.inputs]
    pairs = [tuple(rng.integers(-128, 128, s).astype(np.int8) for s in shapes) for _ in range(3)]
    assert boot_test(uf2, [compiled], {"tool": pairs}).windows == 3
    with open_link("emulator", uf2, sensors=sensors_of(project)) as link:
        result = run_script(script, link, 300.0)
    agreement = agreement_of(project, result.records)
    assert str(agreement) == "all 8 windows equal the PC's prediction, bit for bit"
    (end,) = result.of_kind("end")
    assert (end["overruns"], end["errors"]) == (0, 0)
    found = {window["label"] for window in result.of_kind("window")}
    assert found == set(LABELS)  # takes of four seconds follow each other; 4.6 s were played


def test_what_else_the_page_declares(tmp_path: Path) -> None:
    from midge import several
    from midge.project import load_project

    (tmp_path / "midge.toml").write_text(HEAD + TOML[1], "utf-8")
    project = load_project(tmp_path)
    assert project.sensor.channels == ["ax", "ay", "az", "lux"]
    assert several.named(project)[1].rate == 10
    for script in SCRIPTS:
        compile(script, "sensors.md", "exec")


def test_windows_that_are_not_ready_together(tmp_path: Path) -> None:
    """A step, here the hop, that does not divide its frame makes a stream's first window late."""
    from midge.errors import ModelError
    from midge.project import load_project
    from midge.train.branches import pipelines

    text = TOML[0].replace("hop = 32", "hop = 24").replace("hop = 512", "hop = 384")
    (tmp_path / "midge.toml").write_text(HEAD + text, "utf-8")
    with pytest.raises(ModelError, match="imu after 1.152 s, drill after 1.024 s"):
        pipelines(load_project(tmp_path))


def test_another_recipe_is_refused(tmp_path: Path) -> None:
    from midge.errors import ModelError
    from midge.project import load_project
    from midge.train import train

    for old, new, says in (
        ('"two_branch"', '"conv1d"', "'conv1d' is for one window"),
        ('"two_branch"', '"two_branch"\nquantization = "int16x8"', "'int16x8' is for one window"),
    ):
        (tmp_path / "midge.toml").write_text(HEAD + TOML[0].replace(old, new), "utf-8")
        with pytest.raises(ModelError, match=says):
            train(load_project(tmp_path))
