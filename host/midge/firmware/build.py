"""Builds MicroPython firmware with models compiled in.

The first build for a board takes about a minute; after a change of models it is seconds, since
only they are compiled and linked anew; an unchanged build is taken from the cache.
"""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from midge import paths
from midge.boards import Board
from midge.budget import check_fit
from midge.errors import BudgetError
from midge.firmware import rp2, sources, stage, toolchain
from midge.firmware.files import Progress, locked, new_folder, say, write_whole
from midge.firmware.memmap import MemoryMap, ModelFacts, measure, read_memory
from midge.version import version

if TYPE_CHECKING:
    from midge.compile import CompiledModel

_KEPT = 12  # finished firmwares in the cache; some MB each
# suffixes of what the user gets, and what they are called in the cache; the UF2 comes last, so
# that who sees it sees the others
_PARTS = {
    ".memory.json": "memory.json",
    ".elf": "firmware.elf",
    ".bin": "firmware.bin",
    ".uf2": "firmware.uf2",
}


@dataclasses.dataclass(frozen=True)
class BuildResult:
    """A built firmware. ``memory`` is also beside the UF2, as JSON."""

    uf2: Path
    bin: Path
    elf: Path
    memory: MemoryMap


def build(
    models: Sequence[CompiledModel],
    board: Board,
    out_dir: str | Path,
    progress: Progress | None = None,
    freeze: Iterable[str | Path] = (),
) -> BuildResult:
    """Builds firmware for ``board`` with ``models`` compiled in; none is valid as well.

    Args:
        out_dir: gets ``midge-<board>-<models>-<version>`` with ``.uf2``, ``.bin``, ``.elf`` and
            ``.memory.json``; each is complete or not there.
        progress: gets a line for each step.
        freeze: ``.py`` files, or folders of them (packages), to be importable on the board.

    Raises:
        BudgetError: the models do not fit: before anything is built as far as that can be known,
            else after linking, by how many bytes.
        BuildError: a tool, a source or a build step failed.
    """
    check_fit(list(models), board)
    toolchain.check(board.port)
    tree = sources.fetch(progress=progress)
    place = build_place(board)
    with locked(place.with_suffix(".lock"), f"building for {board.name}", progress):
        say(progress, "generating C")
        files = stage.generated(models, place / "generated")
        files += stage.frozen(map(Path, freeze), place / "frozen")
        done = paths.cache_dir() / "firmware" / _digest(board, tree, files)
        if not all((done / name).exists() for name in _PARTS.values()):
            shutil.rmtree(done, ignore_errors=True)
            with new_folder(done) as work:
                _make(board, tree, place, models, work, progress)
            _prune(done.parent)
        done.touch()
        return _hand_out(done, Path(out_dir), _stem(board, models))


def build_place(board: Board) -> Path:
    """The build folder: one for each board, source tree and copy of Midge's C files."""
    tree = sources.fetch()
    key = stage.digest([], str(tree), str(paths.firmware_modules_dir()), str(board.path))[:8]
    return paths.cache_dir() / "builds" / f"{board.name}-{key}"


def _digest(board: Board, tree: Path, staged: list[Path]) -> str:
    """Of all that decides the firmware's bytes, and of the code that makes its memory map."""
    files = [p for p in board.path.rglob("*") if p.is_file()]
    files += board.path.parent.glob("*.py")
    for folder in ("midge", "midge_mpy"):
        files += (p for p in (paths.firmware_modules_dir() / folder).glob("*") if p.is_file())
    files += Path(__file__).parent.glob("*.py")
    compiler = subprocess.run(["arm-none-eabi-gcc", "--version"], capture_output=True, text=True)
    return stage.digest([*files, *staged], repr(board), str(tree), compiler.stdout)


def _make(
    board: Board,
    tree: Path,
    place: Path,
    models: Sequence[CompiledModel],
    out: Path,
    progress: Progress | None,
) -> None:
    elf = rp2.make(board, tree, place, progress)
    binary = elf.with_suffix(".bin")
    _check_flash(board, binary)
    facts = [_facts(model) for model in models]
    memory = measure(board, elf, elf.with_suffix(".elf.map"), binary, facts)
    _check_heap(board, memory)
    rp2.uf2(board, tree, binary, out / "firmware.uf2", place / "build.log")
    shutil.copyfile(binary, out / "firmware.bin")
    shutil.copyfile(elf, out / "firmware.elf")
    memory.save(out / "memory.json")


def _facts(model: CompiledModel) -> ModelFacts:
    from midge.c_text import identifier

    name = model.meta.name
    return ModelFacts(name, identifier(name), model.kernels, model.program.arena_bytes)


def _check_flash(board: Board, binary: Path) -> None:
    need, have = binary.stat().st_size, board.firmware_flash_bytes
    if need > have:
        raise BudgetError(
            f"the firmware needs {need} bytes of flash, {have} are free below the filesystem: "
            f"{need - have} too many",
            where=board.name,
            do="use fewer or smaller models, or freeze less",
        )


def _check_heap(board: Board, memory: MemoryMap) -> None:
    need, have = board.heap_min_bytes, memory.heap_bytes
    if have < need:
        raise BudgetError(
            f"Python's heap needs {need} bytes, {have} are left: {need - have} too few",
            where=board.name,
            do="use models with a smaller arena",
        )


def _stem(board: Board, models: Sequence[CompiledModel]) -> str:
    from midge.c_text import identifier

    names = "-".join(identifier(model.meta.name) for model in models) or "no-models"
    if len(names) > 80:
        names = f"{len(models)}-models"
    return f"midge-{board.name}-{names}-{version()}"


def _hand_out(done: Path, out_dir: Path, stem: str) -> BuildResult:
    out_dir.mkdir(parents=True, exist_ok=True)
    out = {suffix: out_dir / f"{stem}{suffix}" for suffix in _PARTS}
    for suffix, name in _PARTS.items():
        write_whole(out[suffix], (done / name).read_bytes())
    return BuildResult(out[".uf2"], out[".bin"], out[".elf"], read_memory(out[".memory.json"]))


def _prune(folder: Path) -> None:
    done = sorted(folder.glob("[0-9a-f]*"), key=lambda path: path.stat().st_mtime)
    for old in done[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
