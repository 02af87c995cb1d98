"""MicroPython's unix port with Midge and models in it: the binding on the PC, for tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from midge import paths
from midge.firmware import micropython, sources, stage, toolchain
from midge.firmware.files import Progress, locked, say, write_if_changed, write_whole
from midge.firmware.process import run

if TYPE_CHECKING:
    from midge.compile import CompiledModel

# asyncio as on a board; the rest is what Midge freezes
_MANIFEST = 'include("$(MPY_DIR)/extmod/asyncio")\nfreeze("{frozen}")\n'

# what needs libraries or sources that Midge has no use for
_WITHOUT = ("BTREE", "FFI", "SSL")


def build_unix(
    models: Sequence[CompiledModel],
    out_dir: str | Path,
    progress: Progress | None = None,
    freeze: Iterable[str | Path] = (),
) -> Path:
    """Builds ``micropython`` for this PC with ``models`` compiled in.

    Takes the arguments of :func:`midge.firmware.build.build`; returns the program, ``out_dir/
    micropython``.

    Raises:
        BuildError: a tool, a source or a build step failed.
    """
    toolchain.check("unix")
    tree = sources.fetch(progress=progress)
    key = stage.digest([], str(tree), str(paths.firmware_modules_dir()))[:8]
    place = paths.cache_dir() / "builds" / f"unix-{key}"
    out = Path(out_dir) / "micropython"
    with locked(place.with_suffix(".lock"), "building for unix", progress):
        stage.generated(models, place / "generated")
        stage.frozen(map(Path, freeze), place / "frozen")
        built = _make(tree, place, progress)
        out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(out, built.read_bytes())
        out.chmod(0o755)
    return out


def _make(tree: Path, place: Path, progress: Progress | None) -> Path:
    manifest = place / "manifest.py"
    write_if_changed(manifest, _MANIFEST.format(frozen=place / "frozen").encode())
    settings: dict[str, str | Path | int] = {
        "FROZEN_MANIFEST": manifest,
        "MPY_LIB_DIR": micropython.library(tree, "unix")[0],
        **{f"MICROPY_PY_{name}": 0 for name in _WITHOUT},
    }
    return make_port(tree, place, "unix", settings, "micropython", "cc", progress)


def make_port(
    tree: Path,
    place: Path,
    port: str,
    settings: dict[str, str | Path | int],
    product: str,
    compiler: str,
    progress: Progress | None,
) -> Path:
    """Builds a port that has a makefile, with Midge in it; returns ``product``, in its build
    folder. ``place`` has ``generated/`` and ``frozen/``; the caller holds its lock."""
    build, log = place / "build", place / "build.log"
    log.unlink(missing_ok=True)
    micropython.build_mpy_cross(tree, log, progress)
    midge = {
        "BUILD": build,
        "USER_C_MODULES": paths.firmware_modules_dir(),
        "MIDGE_GENERATED": place / "generated",
    }
    words = [f"{name}={value}" for name, value in (midge | settings).items()]
    jobs = f"-j{os.cpu_count() or 1}"
    command: list[str | Path] = ["make", "-C", tree / "ports" / port, jobs, *words]
    with micropython.unfinished(place / "unfinished", build):
        if write_if_changed(place / "settings.txt", _settings(words, compiler)):
            shutil.rmtree(build, ignore_errors=True)
        if write_if_changed(place / "sources.txt", _sources(place)):
            # make does not see that a source has gone: link anew
            (build / product).unlink(missing_ok=True)
        say(progress, f"compiling MicroPython's {port} port")
        run("compiling", command, log, micropython.environment(tree))
    return build / product


def _settings(words: list[str], name: str) -> bytes:
    """What make does not look at: compiler, options, Midge's own makefile."""
    makefile = paths.firmware_modules_dir() / "midge_mpy" / "micropython.mk"
    compiler = subprocess.run([name, "--version"], capture_output=True, text=True).stdout
    return "\n".join([*words, compiler, makefile.read_text()]).encode()


def _sources(place: Path) -> bytes:
    folders = (place / "generated", paths.firmware_modules_dir() / "midge")
    return "\n".join(sorted(str(p) for f in folders for p in f.glob("*.c"))).encode()
