"""MicroPython's rp2 port: CMake, ninja, UF2."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from midge import paths
from midge.boards import Board
from midge.firmware import micropython
from midge.firmware.files import Progress, say, write_whole
from midge.firmware.process import run


def make(board: Board, tree: Path, place: Path, progress: Progress | None) -> Path:
    """Builds in ``place`` (which has ``generated/`` and ``frozen/``) and returns the ELF file.

    Beside it are ``firmware.bin`` and ``firmware.elf.map``. The caller holds the place's lock.
    """
    build, log = place / "build", place / "build.log"
    log.unlink(missing_ok=True)
    env = micropython.environment(tree)
    micropython.build_mpy_cross(tree, log, progress)
    with micropython.unfinished(place / "unfinished", build):
        _configure(board, tree, place, log, env, progress)

        run("compiling", ["ninja", "-C", build, "firmware"], log, env, progress)
    return build / "firmware.elf"


def uf2(board: Board, tree: Path, binary: Path, out: Path, log: Path) -> None:
    """Wraps a binary as a UF2 file for the board's boot loader."""
    tool = tree / "tools" / "uf2conv.py"
    options: list[str | Path] = [
        "-c",
        "-f",
        board.uf2_family,
        "-b",
        hex(board.flash_base),
        "-o",
        out,
    ]
    command = [sys.executable, tool, *options, binary]
    run("making the UF2", command, log, micropython.environment(tree))


def _configure(
    board: Board,
    tree: Path,
    place: Path,
    log: Path,
    env: dict[str, str],
    progress: Progress | None,
) -> None:
    build = place / "build"
    options = _options(board, tree, place)
    # CMake is run again only when what it is told has changed
    stamp = build / "midge-options.txt"
    text = "\n".join(options)
    if stamp.is_file() and stamp.read_text() == text and (build / "build.ninja").is_file():
        return
    shutil.rmtree(build, ignore_errors=True)
    say(progress, "configuring")
    source = tree / "ports" / board.port
    run("configuring", ["cmake", "-G", "Ninja", "-S", source, "-B", build, *options], log, env)
    write_whole(stamp, text.encode())


def _options(board: Board, tree: Path, place: Path) -> list[str]:
    lib, port_manifest = micropython.library(tree, board.port)
    variables: dict[str, str | Path] = {
        "MICROPY_BOARD": board.mp_board,
        "MICROPY_FROZEN_MANIFEST": board.manifest,
        "MICROPY_LIB_DIR": lib,
        "MICROPY_MANIFEST_MIDGE_PORT_MANIFEST": port_manifest,
        "MICROPY_MANIFEST_MIDGE_FROZEN": place / "frozen",
        "USER_C_MODULES": paths.firmware_modules_dir() / "midge_mpy" / "micropython.cmake",
        "MIDGE_GENERATED": place / "generated",
        "Python3_EXECUTABLE": sys.executable,
        "CMAKE_MESSAGE_LOG_LEVEL": "WARNING",
    }
    return [*board.cmake_args, *(f"-D{name}={value}" for name, value in variables.items())]
