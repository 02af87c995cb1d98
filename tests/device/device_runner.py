"""Runs the cases, or any code, under MicroPython's unix port."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CASES = HERE / "cases"
DEVICE = ROOT / "device" / "midge"
_TIMEOUT_S = 60

Results = dict[str, tuple[str, str]]


def micropython(binary: Path, *args: str) -> str:
    """What MicroPython prints with ``device/`` and ``cases/`` on its path, before what is frozen.

    Raises:
        AssertionError: it exited with an error.
    """
    search = os.pathsep.join([str(ROOT / "device"), str(CASES), ".frozen"])
    finished = subprocess.run(
        [str(binary), *args],
        env={**os.environ, "MICROPYPATH": search},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    assert finished.returncode == 0, f"{args}:\n{finished.stdout}{finished.stderr}"
    return finished.stdout


def run_cases(binary: Path, module: str) -> Results:
    """Runs a file of cases; gives {function: (result, why)}."""
    lines = micropython(binary, str(HERE / "run_cases.py"), module).splitlines()
    reports = [json.loads(line[6:]) for line in lines if line.startswith("@case ")]
    return {name: (result, why) for name, result, why in reports}
