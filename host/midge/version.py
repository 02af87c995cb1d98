"""The one version: of the installed package, or of pyproject.toml in a bare checkout."""

from __future__ import annotations

import functools


@functools.cache
def version() -> str:
    """Midge's version, e.g. ``0.1.0``."""
    from importlib import metadata

    try:
        return metadata.version("midge")
    except metadata.PackageNotFoundError:
        return _from_checkout()


def _from_checkout() -> str:
    import tomllib

    from midge.paths import checkout_root

    root = checkout_root()
    if root is None:
        return "0+unknown"
    with (root / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
