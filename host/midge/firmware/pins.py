"""Reads ``versions.toml``, the one file that says which sources firmware is built from."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import tomllib
from importlib import resources
from typing import Any


@dataclasses.dataclass(frozen=True)
class GitPin:
    """An upstream tag. ``commit`` or ``tree_sha256`` (over the folders ``tree``) is checked."""

    url: str
    tag: str
    commit: str = ""
    tree: tuple[str, ...] = ()
    tree_sha256: str = ""
    submodules: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class DebianPin:
    """A file of a Debian package. ``kind``: "source" (upstream tarball) or "binary" (.deb)."""

    package: str
    kind: str
    suite: str
    file: str
    sha256: str
    folder: str = ""


@dataclasses.dataclass(frozen=True)
class Pin:
    """One source. ``place`` is its folder, seen from MicroPython's top folder."""

    name: str
    version: str
    place: str
    git: GitPin
    debian: DebianPin


@dataclasses.dataclass(frozen=True)
class Pins:
    """All sources of a firmware; the first is MicroPython itself."""

    sources: tuple[Pin, ...]
    source_date_epoch: int
    digest: str  # of versions.toml: names the assembled tree

    @property
    def micropython(self) -> str:
        """MicroPython's version."""
        return self.sources[0].version


@functools.cache
def load_pins() -> Pins:
    """The pins that this version of Midge builds from."""
    data = resources.files("midge.firmware").joinpath("versions.toml").read_bytes()
    table = tomllib.loads(data.decode())
    epoch = int(table.pop("source_date_epoch"))
    pins = tuple(_pin(name, fields) for name, fields in table.items())
    return Pins(pins, epoch, hashlib.sha256(data).hexdigest())


def _pin(name: str, fields: dict[str, Any]) -> Pin:
    git: dict[str, Any] = dict(fields["git"])
    git |= {key: tuple(value) for key, value in git.items() if isinstance(value, list)}
    return Pin(
        name=name,
        version=fields["version"],
        place=fields["place"],
        git=GitPin(**git),
        debian=DebianPin(**fields["debian"]),
    )
