"""MicroPython's unix port, to run the device package on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "cases")]  # cases import case_kit by name, as on a board

from device_runner import Results, run_cases  # noqa: E402

import midge  # noqa: E402

assert midge.device  # installed, or found in the checkout: from now on importable as midge.device


@pytest.fixture(scope="session")
def micropython(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MicroPython's unix port: ``$MIDGE_MICROPYTHON``, or built with Midge's C module."""
    if named := os.environ.get("MIDGE_MICROPYTHON"):
        return Path(named)
    from midge.firmware.unix import build_unix

    return build_unix([], tmp_path_factory.mktemp("unix"))


@pytest.fixture(scope="session")
def on_micropython(micropython: Path) -> Callable[[str], Results]:
    """Runs a file of cases once under MicroPython; gives {function: (result, why)}."""
    done: dict[str, Results] = {}

    def run(module: str) -> Results:
        if module not in done:
            done[module] = run_cases(micropython, module)
        return done[module]

    return run
