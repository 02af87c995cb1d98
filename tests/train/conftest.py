"""What several tests of training need: the example projects, trained once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def gesture_data():
    """BasicMotions out of the cached wheel; downloads it once."""
    from midge.train import basic_motions

    return basic_motions.load()


@pytest.fixture(scope="session")
def train_example(root: Path) -> Callable[[str, Path], Path]:
    """A function that trains a copy of an example in a new folder and returns the .tflite."""
    pytest.importorskip("tensorflow", reason="training needs the extra: pip install .[train]")
    from midge.project import load_project
    from midge.train import train

    def train_copy(name: str, folder: Path) -> Path:
        folder.mkdir(parents=True)
        shutil.copy(root / "examples" / name / "midge.toml", folder)
        return train(load_project(folder))

    return train_copy


@pytest.fixture(scope="session")
def gesture_model(train_example, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_example("gesture", tmp_path_factory.mktemp("trained") / "gesture")


@pytest.fixture(scope="session")
def spikes_model(train_example, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_example("spikes", tmp_path_factory.mktemp("trained") / "spikes")


@pytest.fixture(scope="session")
def convert_layers(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that runs a script of this folder, which writes models into the folder that it
    is given and that is returned: in a process of its own, as TensorFlow is slow to start."""
    pytest.importorskip("tensorflow", reason="needs the extra: pip install .[train]")

    def convert(script: str) -> Path:
        folder = tmp_path_factory.mktemp("layers")
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name(script)), str(folder)],
            env=os.environ | {"PYTHONPATH": str(root / "host")},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return folder

    return convert
