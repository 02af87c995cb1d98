"""Where Midge keeps things: its own folders, in a checkout or in a wheel, and the cache.

In a checkout the folders lie where ``docs/architecture.md`` says; in a wheel, inside the
package. Nothing else in Midge knows which of the two it runs from.
"""

from __future__ import annotations

import os
from pathlib import Path

from midge.errors import MidgeError

_PACKAGE = Path(__file__).resolve().parent


def checkout_root() -> Path | None:
    """The top of the git checkout this package runs from; None for an installed wheel."""
    root = _PACKAGE.parents[1]
    return root if (root / "firmware_modules").is_dir() and (root / "boards").is_dir() else None


def cache_dir() -> Path:
    """The cache for sources and builds: ``$MIDGE_CACHE``, or ``~/.cache/midge``.

    ``$XDG_CACHE_HOME`` is honoured. The folder is not created here.
    """
    if named := os.environ.get("MIDGE_CACHE"):
        return Path(named).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "midge"


def firmware_modules_dir() -> Path:
    """The C sources: ``midge/`` (the core) and ``midge_mpy/`` (the MicroPython binding)."""
    return _folder("firmware_modules", "_firmware_modules")


def boards_dir() -> Path:
    """One folder for each board."""
    return _folder("boards", "_boards")


def examples_dir() -> Path:
    """The runnable examples, which ``midge new`` copies."""
    return _folder("examples", "_examples")


def device_dir() -> Path:
    """The modules of the board's package ``midge``, which the wheel has as ``midge.device``."""
    return _folder("device/midge", "device")


def _folder(in_checkout: str, in_wheel: str) -> Path:
    root = checkout_root()
    path = root / in_checkout if root else _PACKAGE / in_wheel
    if not path.is_dir():
        raise MidgeError(
            "a folder of Midge itself is missing", where=str(path), do="install Midge again"
        )
    return path
