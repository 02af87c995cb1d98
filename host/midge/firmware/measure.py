"""Measures what of a board's memory is not the models': the numbers in its ``board.toml``.

``python -m midge.firmware.measure RPI_PICO`` prints them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from midge.boards import Board, load_board
from midge.firmware.build import build, build_place
from midge.firmware.memmap import BINDING, CORE, FILL, INTERPRETER, MemoryMap

# in the archive, but only the host calls it: no firmware has it
_HOST_ONLY = "midge_run_words.c"


def measure(board: Board) -> dict[str, int]:
    """Builds firmware without models; returns the measured keys of ``board.toml``."""
    with tempfile.TemporaryDirectory() as folder:
        result = build([], board, folder, progress=_tell)
    archive = build_place(board) / "build" / "libmidge_core.a"
    return {
        "interpreter_flash_bytes": result.memory.flash_used - result.memory.code_bytes,
        "interpreter_ram_bytes": _ram(result.memory),
        "core_flash_bytes": _core(archive),
        "core_ram_bytes": _core(archive, ".time_critical"),
    }


def _ram(memory: MemoryMap) -> int:
    return sum(memory.ram.get(part, 0) for part in (INTERPRETER, BINDING, CORE, FILL))


def _core(archive: Path, prefix: str = "") -> int:
    """All kernels together: what a model takes that uses every one of them.

    prefix: of the sections that count; ".time_critical" is code that runs from SRAM.
    """
    command = ["arm-none-eabi-objdump", "-h", str(archive)]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    total, size, counts, host_only = 0, 0, False, False
    for line in listing.splitlines():
        row = line.replace(",", " ").split()
        if "file format" in line:  # the next object file
            host_only = row[0].startswith(_HOST_ONLY)
        elif row and row[0].isdigit():
            size, counts = int(row[2], 16), not host_only and row[1].startswith(prefix)
        elif "ALLOC" in row and counts:  # the flags of that section
            total += size
    return total


def _tell(text: str) -> None:
    print(f"# {text}", file=sys.stderr)


def main() -> None:
    """Prints the lines for ``board.toml``."""
    for key, value in measure(load_board(sys.argv[1])).items():
        print(f"{key} = {value}")


if __name__ == "__main__":
    main()
