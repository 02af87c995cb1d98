"""The wheel: everything in it, and it works where nothing of the checkout is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PARTS = ("host", "device", "boards", "firmware_modules", "examples")
FILES = ("pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory) -> Path:
    """Built from a copy: setuptools leaves its scraps in the source folder."""
    source = tmp_path_factory.mktemp("source")
    for part in PARTS:
        shutil.copytree(
            root / part, source / part,
            ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"),
        )  # fmt: skip
    for name in FILES:
        shutil.copy(root / name, source)
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation",
         "--no-index", "-w", str(out), str(source)],
        check=True,
    )  # fmt: skip
    (built,) = out.glob("midge-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A fresh environment's ``bin``: the wheel in it, its dependencies lent by this one.

    A path in a .pth file brings packages but not that folder's own .pth files: an editable
    Midge does not come along.
    """
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps",
         "--no-index", str(wheel)],
        check=True,
    )  # fmt: skip
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    lent = folder / "lib" / version / "site-packages" / "lent.pth"
    lent.write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def run(installed: Path, cwd: Path, *argv: str) -> str:
    """Output of a program of the fresh environment, away from the checkout."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [str(installed / argv[0]), *argv[1:]], cwd=cwd, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_file_of_the_rooms_is_in_it(root, wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    rooms = {
        "host/midge": "midge",
        "device/midge": "midge/device",
        "firmware_modules": "midge/_firmware_modules",
        "boards": "midge/_boards",
        "examples": "midge/_examples",
    }
    for room, place in rooms.items():
        files = [path for path in (root / room).rglob("*") if path.is_file()]
        wanted = [path for path in files if not {"__pycache__", "build"} & set(path.parts)]
        assert wanted, room
        missing = [p for p in wanted if f"{place}/{p.relative_to(root / room)}" not in names]
        assert not missing, f"pyproject.toml leaves out {missing}"
    assert not [name for name in names if "__pycache__" in name or "/build/" in name]


def test_runs_where_nothing_of_the_checkout_is(installed, tmp_path):
    place = run(installed, tmp_path, "python", "-c", "import midge; print(midge.__file__)")
    assert place.startswith(str(installed.parent))
    assert run(installed, tmp_path, "midge", "--version").startswith("midge ")
    run(installed, tmp_path, "midge", "new", "walk")
    assert (tmp_path / "walk" / "midge.toml").is_file()


def test_loads_and_checks_a_model(installed, tmp_path, shared_models):
    model = str(shared_models / "ad01_int8.tflite")
    code = (
        "import sys, numpy, midge\n"
        "m = midge.load(sys.argv[1])\n"
        "print(len(m.predict(numpy.zeros(640, 'b'))), midge.Window(4).length)\n"
    )
    assert run(installed, tmp_path, "python", "-c", code, model) == "640 4\n"
    assert "fits RPI_PICO" in run(installed, tmp_path, "midge", "check", model)


def test_finds_its_own_folders(installed, tmp_path):
    code = (
        "from midge import paths\n"
        "for folder in (paths.firmware_modules_dir() / 'midge' / 'midge.h',\n"
        "               paths.boards_dir() / 'RPI_PICO' / 'board.toml',\n"
        "               paths.device_dir() / 'window.py'):\n"
        "    assert folder.is_file(), folder\n"
    )
    run(installed, tmp_path, "python", "-c", code)
