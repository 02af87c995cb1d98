"""Measures what of a board's memory is not the models': the numbers in its ``board.toml``.

``python -m midge.firmware.measure RPI_PICO`` prints them; with ``--code`` it writes the sizes of
the kernels' code (:mod:`midge.firmware.code_size`).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from midge import cost
from midge.boards import Board, load_board
from midge.cost.code import Object
from midge.firmware import code_size
from midge.firmware.build import build, build_place
from midge.firmware.memmap import BINDING, CORE, FILL, INTERPRETER, MemoryMap


def measure(board: Board) -> dict[str, int]:
    """Builds firmware without models; returns the measured keys of ``board.toml``."""
    with tempfile.TemporaryDirectory() as folder:
        result = build([], board, folder, progress=_tell)
    return {
        "interpreter_flash_bytes": result.memory.flash_used - result.memory.code_bytes,
        "interpreter_ram_bytes": _ram(result.memory),
    }


def _ram(memory: MemoryMap) -> int:
    return sum(memory.ram.get(part, 0) for part in (INTERPRETER, BINDING, CORE, FILL))


def measure_code(board: Board) -> dict[str, Object]:
    """Builds the core for the board; returns its objects (:mod:`midge.cost.code`)."""
    with tempfile.TemporaryDirectory() as folder:
        build([], board, folder, progress=_tell)
    return code_size.read(build_place(board) / "build" / "libmidge_core.a")


def _tell(text: str) -> None:
    print(f"# {text}", file=sys.stderr)


def main() -> None:
    """Prints the lines for ``board.toml``; with ``--code`` writes the core's code sizes."""
    board = load_board(sys.argv[1])
    if sys.argv[2:] == ["--code"]:
        file = Path(cost.__file__).with_name(f"{board.cpu}-code.toml")
        file.write_text(code_size.toml(measure_code(board), board.name), encoding="utf-8")
        return
    for key, value in measure(board).items():
        print(f"{key} = {value}")


if __name__ == "__main__":
    main()
