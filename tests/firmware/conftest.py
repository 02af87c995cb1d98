"""What the firmware's tests share: the unix port and an RPI_PICO firmware, built once."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from small_models import (
    features_model,
    float_model,
    pair_model,
    picture_model,
    relu_model,
    two_sensors_model,
    wide_model,
)

if TYPE_CHECKING:
    from midge.compile import CompiledModel
    from midge.firmware.build import BuildResult


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[CompiledModel]:
    """``relu``, ``floats``, ``pair``, of int16 ``wide`` and ``counts``, with features
    ``heard`` and ``both``."""
    folder = tmp_path_factory.mktemp("models")
    wide = [wide_model(folder), wide_model(folder, "counts", raw=False)]
    return [
        relu_model(folder),
        float_model(folder),
        pair_model(folder),
        *wide,
        features_model(folder),
        picture_model(folder),
        two_sensors_model(folder),
    ]


@pytest.fixture(scope="session")
def micropython(models: list[CompiledModel], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MicroPython's unix port with the models compiled in."""
    from midge.firmware.unix import build_unix

    return build_unix(models, tmp_path_factory.mktemp("unix"))


@pytest.fixture(scope="session")
def board_python(micropython: Path) -> Callable[[str], str]:
    """Runs a script in the unix port and returns what it printed."""

    def run(code: str) -> str:
        done = subprocess.run(
            [micropython, "-c", code], capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture(scope="session")
def pico_firmware(
    models: list[CompiledModel], tmp_path_factory: pytest.TempPathFactory
) -> BuildResult:
    """RPI_PICO firmware with the models compiled in."""
    from midge.boards import load_board
    from midge.firmware.build import build

    return build(models, load_board("RPI_PICO"), tmp_path_factory.mktemp("pico"))
