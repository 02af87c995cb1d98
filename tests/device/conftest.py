"""MicroPython's unix port, to run the device package on."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "cases")]  # cases import case_kit by name, as on a board

from device_runner import DEVICE, Results, run_cases  # noqa: E402


def _find_device_package() -> None:
    # Installed, it is found; with nothing but host/ on the path, it is taken from the checkout.
    if importlib.util.find_spec("midge.device") is None:
        spec = importlib.util.spec_from_file_location("midge.device", DEVICE / "__init__.py")
        assert spec is not None and spec.loader is not None
        package = importlib.util.module_from_spec(spec)
        sys.modules["midge.device"] = package
        spec.loader.exec_module(package)


_find_device_package()


@pytest.fixture(scope="session")
def micropython() -> Path:
    """MicroPython's unix port: ``$MIDGE_MICROPYTHON``, or built by Midge, or on the path."""
    if named := os.environ.get("MIDGE_MICROPYTHON"):
        return Path(named)
    from midge.errors import MidgeError

    try:
        from midge.firmware.unix import build_unix

        return build_unix([]).binary
    except MidgeError as err:
        if found := shutil.which("micropython"):
            return Path(found)
        pytest.skip(f"no MicroPython to run the cases with: {err}")


@pytest.fixture(scope="session")
def on_micropython(micropython: Path) -> Callable[[str], Results]:
    """Runs a file of cases once under MicroPython; gives {function: (result, why)}."""
    done: dict[str, Results] = {}

    def run(module: str) -> Results:
        if module not in done:
            done[module] = run_cases(micropython, module)
        return done[module]

    return run
