"""The example `pump`: anomalies learnt from normal alone, found on the emulated Pico."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def pump(root: Path, tmp_path: Path) -> Path:
    """The example with its simulated recordings."""
    folder = tmp_path / "pump"
    shutil.copytree(root / "examples" / "pump", folder, ignore=shutil.ignore_patterns("build"))
    subprocess.run([sys.executable, "simulate.py"], cwd=folder, check=True)
    return folder


def test_only_normal_running_is_learnt(pump: Path) -> None:
    from midge.project import load_project
    from midge.train.data import load_dataset

    data = load_dataset(load_project(pump))
    assert not data.train.classes.any() and not data.test.classes.any()
    played = np.load(pump / "leak.npy")
    assert played.dtype == np.int16 and played.shape == (1200, 1)


@pytest.mark.slow
@pytest.mark.firmware
def test_a_leak_is_found_on_the_emulated_pico(pump: Path) -> None:
    pytest.importorskip("tensorflow", reason="training needs the extra: pip install .[train]")
    from midge.boards import load_board
    from midge.commands.run import agreement_of, sensors_of
    from midge.compile import compile_model
    from midge.firmware.build import build
    from midge.links import open_link
    from midge.meta import load_meta
    from midge.project import load_project
    from midge.run import run_script
    from midge.train import train

    project = load_project(pump)
    made = train(project)
    found = load_meta(made).extra["anomaly"]
    assert (found["held_out"], found["held_out_groups"]) == (270, 9)
    assert found["held_out_false_alarms"] <= 0.01 and found["test_false_alarms"] < 0.05
    script = pump / "main.py"
    text = script.read_text("utf-8")
    script.write_text(text.replace("WINDOWS = 16 ", "WINDOWS = 9 "), "utf-8")
    uf2 = build([compile_model(made)], load_board("RPI_PICO"), pump / "build").uf2
    with open_link("emulator", uf2, sensors=sensors_of(project)) as link:
        result = run_script(script, link, 300.0)
    agreement = agreement_of(project, result.records)
    assert str(agreement) == "all 9 windows equal the PC's prediction, bit for bit"
    # window n ends at 0.64 n + 1.28 s; the valve leaks from 4 s on
    over = [window["scores"][0] >= 0 for window in result.of_kind("window")]
    assert over[:4] == [False] * 4 and over[6:] == [True] * 3
    (alert,) = result.of_kind("alert")
    assert 4000 < alert["t"] < 6000
    (end,) = result.of_kind("end")
    assert (end["overruns"], end["errors"], end["alerts"]) == (0, 0, 1)
