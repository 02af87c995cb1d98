"""What takes how much of a firmware's flash and RAM: interpreter, core, each model, heap."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

from midge.boards import Board
from midge.cost.code import objects_of
from midge.firmware import linkmap

INTERPRETER, FROZEN, BINDING, CORE = "interpreter", "frozen Python", "binding", "core"
ARENA, STACK, HEAP, FILL = "arena", "stack", "heap", "alignment"

_CORE = re.compile(r"libmidge_core\.a\(midge_(\w+)\.c")
_FEATURES = re.compile(r"libmidge_gen\.a\(features\d+_")
_MODEL = re.compile(r"libmidge_gen\.a\((?:model|features\d+)_(\w+)\.c")


@dataclasses.dataclass
class ModelMemory:
    """One model, in bytes. ``constants``, ``tables`` and ``features`` are its flash; the arena is
    shared."""

    constants: int = 0  # weights, biases, requantization
    features: int = 0  # tables and parameters of the pipelines in front of its inputs
    features_ram: int = 0  # what those keep, and their scratch
    tables: int = 0  # each op's parameters, names, labels, golden sample
    code: int = 0  # the kernels it uses; models that use the same share them
    arena: int = 0

    @property
    def flash(self) -> int:
        """Flash of its own, without shared code."""
        return self.constants + self.tables + self.features


@dataclasses.dataclass
class MemoryMap:
    """All sizes in bytes. ``flash`` sums up to the binary, ``ram`` to the board's RAM."""

    board: str
    flash: dict[str, int]
    flash_region: int  # what firmware may take
    ram: dict[str, int]
    models: dict[str, ModelMemory]
    kernels: dict[str, int]  # flash of each part of the core

    @property
    def flash_used(self) -> int:
        """The size of the binary."""
        return sum(self.flash.values())

    @property
    def flash_free(self) -> int:
        """What is left below the filesystem; negative: too large by this much."""
        return self.flash_region - self.flash_used

    @property
    def heap_bytes(self) -> int:
        """RAM that is Python's."""
        return self.ram[HEAP]

    @property
    def code_bytes(self) -> int:
        """Flash of the core: all kernels that the models use."""
        return self.flash.get(CORE, 0)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dataclasses.asdict(self) | {
            "flash_used": self.flash_used,
            "flash_free": self.flash_free,
            "heap_bytes": self.heap_bytes,
            "code_bytes": self.code_bytes,
        }

    def save(self, path: Path) -> None:
        """Writes :meth:`as_dict` as JSON."""
        path.write_text(json.dumps(self.as_dict(), indent=1) + "\n", encoding="utf-8")

    def __str__(self) -> str:
        rows = [(f"{self.board}, bytes", "flash", "RAM")]
        order = list(self.flash) + [name for name in self.ram if name not in self.flash]
        for name in order:
            flash, ram = self.flash.get(name, 0), self.ram.get(name, 0)
            if flash or ram:
                rows.append((name, _number(flash), _number(ram)))
            if name.startswith("model "):
                rows += _details(self.models[name.removeprefix("model ")])
        rows.append(("used", _number(self.flash_used), _number(self._ram_used)))
        rows.append(("free", f"{self.flash_free:,}", f"{self.heap_bytes:,}"))
        return "\n".join(f"{name:<28}{flash:>10}{ram:>10}" for name, flash, ram in rows)

    @property
    def _ram_used(self) -> int:
        return sum(self.ram.values()) - self.heap_bytes


def read_memory(path: Path) -> MemoryMap:
    """Reads what :meth:`MemoryMap.save` wrote."""
    fields = json.loads(path.read_text(encoding="utf-8"))
    models = {name: ModelMemory(**values) for name, values in fields["models"].items()}
    names = (field.name for field in dataclasses.fields(MemoryMap))
    return MemoryMap(**{name: fields[name] for name in names} | {"models": models})


@dataclasses.dataclass(frozen=True)
class ModelFacts:
    """What the map needs to know of a model: its names, its kernels, its arena."""

    name: str
    ident: str  # in C
    kernels: frozenset[str]
    arena: int


def measure(
    board: Board, elf: Path, map_file: Path, binary: Path, models: list[ModelFacts]
) -> MemoryMap:
    """Reads the memory map of a linked firmware."""
    idents = {model.ident: model.name for model in models}
    flash: dict[str, int] = dict.fromkeys((INTERPRETER, FROZEN, BINDING, CORE), 0)
    ram: dict[str, int] = dict.fromkeys((INTERPRETER, BINDING, CORE, ARENA), 0)
    kernels: dict[str, int] = {}
    own = {model.name: ModelMemory(arena=model.arena) for model in models}
    ram_base = board.flash_base + board.flash_bytes
    for piece in linkmap.pieces(map_file, elf, ram_base):
        part = _part(piece, idents)
        if piece.in_flash:
            flash[part] = flash.get(part, 0) + piece.size
            if found := _CORE.search(piece.origin):
                kernels[found[1]] = kernels.get(found[1], 0) + piece.size
            if part.startswith("model "):
                _add(own[part.removeprefix("model ")], piece)
        if piece.in_ram:
            ram[part] = ram.get(part, 0) + piece.size
            if part.startswith("model ") and _FEATURES.search(piece.origin):
                own[part.removeprefix("model ")].features_ram += piece.size
    for model in models:
        used = (name.removeprefix("midge_") for name in objects_of(model.kernels, board.cpu))
        own[model.name].code = sum(kernels.get(name, 0) for name in used)
    flash[FILL] = binary.stat().st_size - sum(flash.values())
    _rest_of_ram(board, elf, ram)
    return MemoryMap(board.name, flash, board.firmware_flash_bytes, ram, own, kernels)


def _rest_of_ram(board: Board, elf: Path, ram: dict[str, int]) -> None:
    ram[STACK] = board.stack_bytes
    ram[HEAP] = linkmap.symbol(elf, "__GcHeapEnd") - linkmap.symbol(elf, "__GcHeapStart")
    ram[FILL] = board.ram_bytes - sum(ram.values())


def _part(piece: linkmap.Piece, idents: dict[str, str]) -> str:
    origin = piece.origin
    if found := _MODEL.search(origin):
        return f"model {idents[found[1]]}"
    if "libmidge_gen.a(midge_models.c" in origin:
        return ARENA if piece.section.startswith(".bss") else BINDING
    if _CORE.search(origin):
        return CORE
    if "/midge_mpy/" in origin:
        return BINDING
    if "frozen_content.c" in origin:
        return FROZEN
    return INTERPRETER


def _add(model: ModelMemory, piece: linkmap.Piece) -> None:
    if _FEATURES.search(piece.origin):
        model.features += piece.size
    elif piece.section == ".rodata.consts":
        model.constants += piece.size
    else:
        model.tables += piece.size


def _details(model: ModelMemory) -> list[tuple[str, str, str]]:
    features = [("  features", _number(model.features), _number(model.features_ram))]
    return [
        ("  constants", _number(model.constants), ""),
        *(features if model.features else []),
        ("  parameters, names, sample", _number(model.tables), ""),
        ("  of the core's code", f"({model.code:,})", f"({model.arena:,})"),
    ]


def _number(n: int) -> str:
    return f"{n:,}" if n else ""
