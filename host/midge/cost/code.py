"""The code that a model's kernels bring into a firmware, known before anything is built."""

from __future__ import annotations

import dataclasses
import functools
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from midge import abi

DEFAULT_CPU = "cortex-m0plus"  # also where a CPU has no figures of its own
_HERE = Path(__file__).parent
_ALWAYS = ("midge_run", "midge_quantize_raw")  # what the binding calls


@dataclasses.dataclass(frozen=True)
class Object:
    """One object file of the core: bytes of flash (SRAM's part included) and of SRAM, and the
    objects whose functions or tables it uses."""

    flash: int
    ram: int
    needs: tuple[str, ...]


@functools.cache
def objects(cpu: str) -> dict[str, Object]:
    """All objects of the core as measured for a CPU, or for the default where there is no
    measurement."""
    file = _HERE / f"{cpu}-code.toml"
    if not file.is_file():
        file = _HERE / f"{DEFAULT_CPU}-code.toml"
    if not file.is_file():  # it is being measured for the first time
        return {}
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        name: Object(row["flash"], row["ram"], tuple(row["needs"])) for name, row in table.items()
    }


def all_ram_bytes(cpu: str) -> int:
    """SRAM of all inner loops that run from there: the most that any model's kernels take."""
    return sum(each.ram for each in objects(cpu).values())


@functools.cache
def _signal_blocks() -> dict[str, str]:
    """Which object has each signal block: several share one."""
    found = {}
    for path in abi.core_dir().glob("midge_dsp_*.c"):
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"^void midge_(dsp_\w+)\(", text, re.MULTILINE):
            found[name] = path.stem
    return found


def objects_of(kernels: Iterable[str], cpu: str) -> set[str]:
    """Names of the objects that have these kernels, and of those they use."""
    known = objects(cpu)
    where = _signal_blocks()
    todo = [where.get(name, f"midge_{name}") for name in kernels]
    found: set[str] = set()
    while todo:
        name = todo.pop()
        if name in known and name not in found:
            found.add(name)
            todo += known[name].needs
    return found


def code_bytes(kernels: Iterable[str], cpu: str) -> tuple[int, int]:
    """(flash, SRAM) of these kernels with all they use, at most: the linker leaves out functions
    of an object that nothing calls. SRAM's part is in flash too, from where it is copied."""
    known = objects(cpu)
    always = [name.removeprefix("midge_") for name in _ALWAYS]
    found = objects_of([*kernels, *always], cpu)
    return sum(known[n].flash for n in found), sum(known[n].ram for n in found)
