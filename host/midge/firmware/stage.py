"""Lays out what Midge adds to MicroPython's sources: generated C and frozen Python."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from midge import paths
from midge.errors import BuildError
from midge.firmware.files import write_if_changed

if TYPE_CHECKING:
    from midge.compile import CompiledModel


def generated(models: Sequence[CompiledModel], folder: Path) -> list[Path]:
    """Writes the models' C files and their registry; removes those of earlier models.

    Files that stay the same keep their time, so that nothing is compiled twice.
    """
    from midge.emit_c import emit, emit_registry

    written = [path for model in models for path in emit(model, folder)]
    written.append(emit_registry(list(models), folder))
    _only(folder, written)
    return written


def frozen(freeze: Iterable[Path], folder: Path) -> list[Path]:
    """Copies device/midge/ and the user's files or folders into ``folder``, ``.py`` only.

    Raises:
        BuildError: a file to freeze is missing, is no Python, or would hide another one.
    """
    wanted = {Path("midge") / p.relative_to(top): p for top in (paths.device_dir(),)
              for p in _python_files(top)}  # fmt: skip
    for path in freeze:
        for name, source in _named(path):
            if name in wanted:
                raise BuildError(
                    f"two files to freeze as {name}", where=str(source), do="rename one of them"
                )
            wanted[name] = source
    written = []
    for name, source in wanted.items():
        write_if_changed(folder / name, source.read_bytes())
        written.append(folder / name)
    _only(folder, written)
    return written


def digest(files: Iterable[Path], *facts: str) -> str:
    """SHA-256 over names and contents of files and over texts: what a build depends on."""
    total = hashlib.sha256()
    for fact in facts:
        total.update(hashlib.sha256(fact.encode()).digest())
    for path in sorted(files):
        total.update(hashlib.sha256(str(path).encode()).digest())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _named(path: Path) -> list[tuple[Path, Path]]:
    """What a path to freeze is called on the board: a file by its name, a folder as a package."""
    if path.is_file() and path.suffix == ".py":
        return [(Path(path.name), path)]
    if path.is_dir() and (files := _python_files(path)):
        return [(Path(path.resolve().name) / file.relative_to(path), file) for file in files]
    what = "has no .py file" if path.is_dir() else "is no .py file"
    raise BuildError(
        what if path.exists() else "no such file", where=str(path),
        do="freeze a .py file or a folder of them",
    )  # fmt: skip


def _python_files(top: Path) -> list[Path]:
    return sorted(p for p in top.rglob("*.py") if "__pycache__" not in p.parts)


def _only(folder: Path, written: Iterable[Path]) -> None:
    keep = set(written)
    for path in folder.rglob("*"):
        if path.is_file() and path not in keep:
            path.unlink()
