"""Makes the models of ``recurrent_layers.py``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from midge import paths

SCRIPT = Path(__file__).with_name("recurrent_layers.py")


def make(folder: Path, legacy: bool, *names: str) -> Path:
    """Converts them into ``folder``, in a process of its own: the choice of Keras is one for
    a whole process."""
    pytest.importorskip("tensorflow", reason="needs the extra: pip install .[train]")
    if legacy:
        pytest.importorskip("tf_keras", reason="needs the extra: pip install .[train]")
    environment = {"PYTHONPATH": str(paths.firmware_modules_dir().parent / "host")}
    environment["TF_USE_LEGACY_KERAS"] = str(int(legacy))
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), *names],
        env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return folder
