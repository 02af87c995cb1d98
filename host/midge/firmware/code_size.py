"""How much flash and SRAM the core's objects take, and which need which: read from the archive.

Makes ``host/midge/cost/<cpu>-code.toml``, from which :mod:`midge.cost.code` knows a model's code
before anything is built.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from midge.cost.code import Object

_HOST_ONLY = "midge_run_words"  # in the archive, but no firmware has it
_IN_RAM = ".time_critical"
_MEMBER = re.compile(r"^(?:.*[:(])?(\w+)\.c\.o(?:bj)?\)?:")


def read(archive: Path, prefix: str = "arm-none-eabi-") -> dict[str, Object]:
    """The objects of a core's archive, by the names of their sources."""
    sizes = _sizes(_run(prefix + "objdump", "-h", str(archive)))
    defined: dict[str, str] = {}
    wanted: dict[str, set[str]] = {name: set() for name in sizes}
    name = ""
    for line in _run(prefix + "nm", str(archive)).splitlines():
        if found := _MEMBER.match(line):
            name = found[1]
        elif line.split() and name in sizes:
            kind, symbol = line.split()[-2:]
            if kind == "U":
                wanted[name].add(symbol)
            elif kind.isupper():
                defined[symbol] = name
    return {
        name: Object(
            flash, ram, tuple(sorted({defined[s] for s in wanted[name] & defined.keys()}))
        )
        for name, (flash, ram) in sorted(sizes.items())
    }


def _sizes(listing: str) -> dict[str, tuple[int, int]]:
    """(flash, SRAM) by object; code for SRAM takes both, since it is copied there."""
    sizes: dict[str, tuple[int, int]] = {}
    name, size, in_ram = "", 0, False
    for line in listing.splitlines():
        row = line.replace(",", " ").split()
        if found := _MEMBER.match(line):
            name = "" if found[1] == _HOST_ONLY else found[1]
        elif row and row[0].isdigit():
            size, in_ram = int(row[2], 16), row[1].startswith(_IN_RAM)
        elif "ALLOC" in row and name and size:
            flash, ram = sizes.get(name, (0, 0))
            sizes[name] = flash + size, ram + (size if in_ram else 0)
    return sizes


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def toml(objects: dict[str, Object], source: str) -> str:
    """The file's text."""
    lines = [
        f"# Bytes of the core's objects: {source}. Made by",
        "#   python -m midge.firmware.measure RPI_PICO --code",
        "",
    ]
    for name, each in objects.items():
        needs = ", ".join(f'"{need}"' for need in each.needs)
        lines.append(f"{name} = {{ flash = {each.flash}, ram = {each.ram}, needs = [{needs}] }}")
    return "\n".join(lines) + "\n"
