"""Reads what a linker did: the sections of an ELF file and the input sections of a map file."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

# " .text.midge_load  0x10033864  0xa8 CMakeFiles/firmware.dir/.../modmidge.c.o"
_INPUT = re.compile(r"^ (\.?[\w.*$-]+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$")
_NAME_ONLY = re.compile(r"^ (\.?[\w.*$-]+)$")


@dataclasses.dataclass(frozen=True)
class Piece:
    """A linked input section: where it is in memory, and the object file it came from."""

    section: str
    address: int
    size: int
    origin: str
    in_flash: bool  # takes flash: code, constants, initial values
    in_ram: bool


@dataclasses.dataclass(frozen=True)
class Section:
    """An output section that takes memory at run time."""

    name: str
    address: int
    size: int
    loaded: bool  # its bytes are in the binary

    def holds(self, address: int) -> bool:
        return self.address <= address < self.address + self.size


def sections(elf: Path) -> list[Section]:
    """The sections of an ELF file that take memory."""
    with elf.open("rb") as file:
        image = ELFFile(file)
        loads = [s for s in image.iter_segments("PT_LOAD") if s["p_filesz"]]

        def loaded(section: Any) -> bool:
            return any(load.section_in_segment(section) for load in loads)

        return [
            Section(s.name, s["sh_addr"], s["sh_size"], loaded(s))
            for s in image.iter_sections()
            if s["sh_flags"] & 2 and s["sh_size"]  # SHF_ALLOC
        ]


def symbol(elf: Path, name: str) -> int:
    """The address of a symbol."""
    with elf.open("rb") as file:
        table: Any = ELFFile(file).get_section_by_name(".symtab")
        found = table.get_symbol_by_name(name) if table is not None else None
        assert found, f"no symbol {name} in {elf}"
        return int(found[0]["st_value"])


def pieces(map_file: Path, elf: Path, ram_base: int) -> Iterator[Piece]:
    """All input sections that were linked, in order of the map file."""
    places = sections(elf)
    for name, address, size, origin in _inputs(map_file):
        place = next((s for s in places if s.holds(address)), None)
        if place is not None:
            yield Piece(name, address, size, origin, place.loaded, address >= ram_base)


def _inputs(map_file: Path) -> Iterator[tuple[str, int, int, str]]:
    text = map_file.read_text(encoding="utf-8", errors="replace")
    body = text.partition("Linker script and memory map")[2]
    name = ""
    for line in body.splitlines():
        if found := _NAME_ONLY.match(line):
            name = found[1]  # a long name: the rest is in the next line
            continue
        found = _INPUT.match(f" {name}{line}" if name else line)
        name = ""
        if found and int(found[3], 16):
            yield found[1], int(found[2], 16), int(found[3], 16), found[4]
