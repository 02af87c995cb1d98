"""What the builds of all MicroPython ports share."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from midge import paths
from midge.firmware import process
from midge.firmware.files import Progress, locked, say
from midge.firmware.pins import load_pins


def environment(tree: Path) -> dict[str, str]:
    """The environment of a build: the same bytes on every day and in every folder."""
    pins = load_pins()
    return process.environment(
        MICROPY_MPYCROSS=str(mpy_cross(tree)),
        SOURCE_DATE_EPOCH=str(pins.source_date_epoch),
        # or the version would be that of a git repository around the cache
        MICROPY_GIT_TAG=f"v{pins.micropython}",
        MICROPY_GIT_HASH="midge",
    )


def mpy_cross(tree: Path) -> Path:
    """The compiler of frozen Python; see :func:`build_mpy_cross`."""
    return tree / "mpy-cross" / "build" / "mpy-cross"


def build_mpy_cross(tree: Path, log: Path, progress: Progress | None) -> None:
    """Builds mpy-cross in the source tree, once."""
    lock = tree.with_name(f".{tree.name}.lock")
    with locked(lock, "building mpy-cross", progress):
        build = mpy_cross(tree).parent
        if (build / "complete").exists():
            return
        say(progress, "building mpy-cross")
        shutil.rmtree(build, ignore_errors=True)
        jobs = f"-j{os.cpu_count() or 1}"
        command: list[str | Path] = ["make", "-C", tree / "mpy-cross", jobs, "USER_C_MODULES="]
        process.run("building mpy-cross", command, log, process.environment())
        (build / "complete").touch()


def library(tree: Path, port: str) -> tuple[Path, Path]:
    """micropython-lib's folder and the port's manifest that goes with it.

    Without micropython-lib (Debian has none) the folder is one that only looks like it, and
    the manifest one that asks nothing of it.
    """
    lib = tree / "lib" / "micropython-lib"
    if (lib / "README.md").is_file():
        return lib, tree / "ports" / port / "boards" / "manifest.py"
    return tree / "lib", paths.boards_dir() / "port_without_lib.py"


@contextlib.contextmanager
def unfinished(mark: Path, build: Path) -> Iterator[None]:
    """Removes ``build`` if an earlier run of the block was cut off.

    A failed step leaves nothing half-made behind; a killed one may: a file with a new time and
    half its text, which the next run would take as done.
    """
    if mark.exists():
        shutil.rmtree(build, ignore_errors=True)
    mark.touch()
    try:
        yield
    except Exception:
        mark.unlink()
        raise
    mark.unlink()
