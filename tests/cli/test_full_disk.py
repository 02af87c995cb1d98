"""A disk that becomes full in the midst of a command: one clear error, nothing half-written."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from midge.cli import main

FullDisk = Callable[[int], contextlib.AbstractContextManager[None]]

PROJECT = """[project]
name = "tool"
[data]
source = "recordings"
[sensor]
channels = ["x", "y"]
rate_hz = 100
[window]
length = 20
[model]
recipe = "{recipe}"
epochs = 1
"""


def project(folder: Path, recipe: str) -> Path:
    rng = np.random.default_rng(0)
    for kind, label in enumerate(("idle", "saw")):
        for number in range(4):
            path = folder / "recordings" / label / f"{number}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = [f"{x + 300 * kind},{y}" for x, y in rng.integers(-200, 200, (60, 2))]
            path.write_text("\n".join(["x,y", *rows]) + "\n")
    (folder / "midge.toml").write_text(PROJECT.format(recipe=recipe))
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*") if path.is_file()
    }  # fmt: skip


def fails(
    folder: Path, command: list[str], room: int, full_disk: FullDisk,
    capsys: pytest.CaptureFixture[str],
) -> str:  # fmt: skip
    """What it said of the error; nothing appeared or changed."""
    before = files(folder)
    with full_disk(room):
        assert main([*command, "--project", str(folder)]) == 1
    assert files(folder) == before
    said = [line for line in capsys.readouterr().err.splitlines() if "warning" not in line]
    (error,) = [line for line in said if "error: " in line]
    assert "File too large" in error and str(folder) in error, error
    assert "ulimit -f" in said[said.index(error) + 1]
    return error


@pytest.mark.parametrize("room", [0, 300])
def test_import_and_classical_training_and_report(
    tmp_path: Path, room: int, full_disk: FullDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sklearn", reason="needs the extra: pip install .[trees]")
    folder = project(tmp_path, "random_forest")
    source = str(folder / "recordings" / "idle" / "0.csv")
    into = ["data", "--into", str(folder / "more"), "--label", "idle", source]
    assert "0.npz" in fails(folder, into, room, full_disk, capsys)
    fails(folder, ["train"], room, full_disk, capsys)
    assert main(["train", "--no-report", "--project", str(folder)]) == 0
    # an old model stays whole, with its sidecar
    fails(folder, ["train"], room, full_disk, capsys)
    fails(folder, ["report"], 20 * room, full_disk, capsys)
    assert main(["report", "--project", str(folder)]) == 0


@pytest.mark.slow
def test_training_and_conversion(
    tmp_path: Path, full_disk: FullDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    """The checkpoint is left out with a warning, then the float network does not fit."""
    pytest.importorskip("tensorflow", reason="training needs the extra: pip install .[train]")
    fails(project(tmp_path, "conv1d"), ["train"], 5000, full_disk, capsys)
