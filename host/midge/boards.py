"""Boards are data: one folder in ``boards/`` each, with ``board.toml`` and ``manifest.py``."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

from midge import paths
from midge.errors import MidgeError

FILE = "board.toml"


@dataclasses.dataclass(frozen=True)
class Board:
    """What Midge knows of a board. Sizes in bytes, currents in mA at ``supply_volts``.

    Where a number comes from stands beside it in the board's ``board.toml``.
    """

    name: str
    path: Path
    description: str
    mcu: str
    cpu: str
    clock_hz: int
    uf2_family: str
    mpy_arch: str  # of native .mpy files
    flash_base: int
    flash_bytes: int
    filesystem_bytes: int  # at the end of the flash; firmware must not reach into it
    ram_bytes: int
    stack_bytes: int
    interpreter_flash_bytes: int  # MicroPython, binding and frozen Python; no models, no core
    interpreter_ram_bytes: int
    heap_min_bytes: int  # left free for Python
    supply_volts: float
    active_ma: float
    lightsleep_ma: float
    dormant_ma: float
    xip_cache_bytes: int  # in front of the flash that code runs from; 0: none
    xip_cache_ways: int
    xip_line_bytes: int
    xip_miss_cycles: int  # that the core waits for a line
    port: str  # folder in MicroPython's ports/
    mp_board: str  # MicroPython's name for it
    cmake_args: tuple[str, ...] = ()

    @property
    def firmware_flash_bytes(self) -> int:
        """Flash for the firmware: what the filesystem leaves."""
        return self.flash_bytes - self.filesystem_bytes

    @property
    def model_flash_bytes(self) -> int:
        """Flash for models and their kernels, beside the interpreter."""
        return self.firmware_flash_bytes - self.interpreter_flash_bytes

    @property
    def model_ram_bytes(self) -> int:
        """RAM for arena, state and kernels that run from it, with the smallest heap kept free."""
        taken = self.interpreter_ram_bytes + self.stack_bytes + self.heap_min_bytes
        return self.ram_bytes - taken

    @property
    def manifest(self) -> Path:
        """The manifest of frozen Python."""
        return self.path / "manifest.py"


def names() -> list[str]:
    """The boards there are, sorted."""
    return sorted(file.parent.name for file in paths.boards_dir().glob(f"*/{FILE}"))


def load_board(name: str) -> Board:
    """A board by its name, the name of its folder.

    Raises:
        MidgeError: no such board (lists those there are), or its ``board.toml`` is not TOML,
            lacks a number or has one of the wrong type.
    """
    path = paths.boards_dir() / name
    if name not in names():
        raise MidgeError(f"no board {name!r}", do=f"boards there are: {', '.join(names())}")
    return read_board(path)


def read_board(path: Path) -> Board:
    """The board of a folder; see :func:`load_board`."""
    file = path / FILE
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise MidgeError(f"not TOML: {err}", where=str(file), do="mend that line") from err
    values = _flat(table)
    known = {field.name: field for field in dataclasses.fields(Board)}
    given: dict[str, Any] = {"name": path.name, "path": path}
    for key, value in values.items():
        if key not in known or key in given:
            raise MidgeError(f"unknown key {key!r}", where=str(file), do=_keys(known))
        given[key] = _checked(file, key, str(known[key].type), value)
    needed = {n for n, f in known.items() if f.default is dataclasses.MISSING}
    if missing := sorted(needed - given.keys()):
        raise MidgeError(f"lacks {', '.join(missing)}", where=str(file), do="add them")
    return _plausible(file, Board(**given))


def _flat(table: dict[str, Any]) -> dict[str, Any]:
    """Keys of the sections, which are there for people, beside those of the top."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat.update(value if isinstance(value, dict) else {key: value})
    return flat


def _checked(file: Path, key: str, kind: str, value: Any) -> Any:
    wanted: Any = {"int": int, "float": (int, float), "str": str, "tuple[str, ...]": list}[kind]
    texts = not isinstance(value, list) or all(isinstance(item, str) for item in value)
    if not isinstance(value, wanted) or isinstance(value, bool) or not texts:
        kind = {"tuple[str, ...]": "a list of strings"}.get(kind, kind)
        raise MidgeError(
            f"{key} needs {kind}, found {value!r}", where=str(file), do="mend that line"
        )
    if isinstance(value, (int, float)) and value < 0:
        raise MidgeError(f"{key} is {value}", where=str(file), do="give it as 0 or more")
    return tuple(value) if isinstance(value, list) else value


def _keys(known: dict[str, Any]) -> str:
    return f"keys there are: {', '.join(k for k in known if k not in ('name', 'path'))}"


def _plausible(file: Path, board: Board) -> Board:
    if board.model_flash_bytes <= 0 or board.model_ram_bytes <= 0:
        raise MidgeError(
            f"leaves {board.model_flash_bytes} bytes of flash and {board.model_ram_bytes} of RAM "
            "for models",
            where=str(file),
            do="check the sizes in [memory]",
        )
    return board
