"""Fetches MicroPython and what it needs into the cache, checked, once.

``MIDGE_SOURCES`` chooses where from: ``git`` (pinned upstream tags), ``debian`` (source
packages, through the machine's own apt configuration) or ``auto`` (git if its host answers
within seconds, else debian). ``MIDGE_DEBIAN_SUITES="micropython=sid pico-sdk=forky"`` changes
the suites of ``versions.toml``.

Later calls find the assembled tree in the cache and use no network. A file of the right name
and SHA-256 that a person puts into the cache's ``downloads`` folder is used as it is.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Protocol

from midge import paths
from midge.errors import BuildError
from midge.firmware.apt import Debian
from midge.firmware.files import Progress, locked, new_folder, say
from midge.firmware.git import Git
from midge.firmware.pins import Pin, Pins, load_pins

STRATEGIES = ("git", "debian")


class Source(Protocol):
    """Where sources come from."""

    def unpack(self, pin: Pin, into: Path, progress: Progress | None) -> None:
        """Puts the checked source of ``pin`` into the existing, empty folder ``into``."""


def fetch(
    strategy: str | None = None, progress: Progress | None = None, pins: Pins | None = None
) -> Path:
    """MicroPython's source tree with all that a build needs, complete and checked.

    Args:
        strategy: "git", "debian" or "auto"; None: ``$MIDGE_SOURCES``, or "auto".
        progress: gets a line for each step of a first fetch.
        pins: other than those of ``versions.toml``; for tests.

    Raises:
        BuildError: nothing to fetch from, a checksum that differs, a pinned version gone.
    """
    pins = pins or load_pins()
    strategy = strategy or os.environ.get("MIDGE_SOURCES") or "auto"
    if strategy not in (*STRATEGIES, "auto"):
        raise BuildError(
            f"unknown way to fetch sources: {strategy!r}",
            where="MIDGE_SOURCES",
            do=f"use one of: {', '.join(STRATEGIES)}, auto",
        )
    if tree := cached(strategy, pins):
        return tree
    root = paths.cache_dir() / "sources"
    with locked(root / "lock", "fetching sources", progress):
        if tree := cached(strategy, pins):  # the other process has fetched it
            return tree
        name, source = _source(strategy, pins)
        tree = _tree(name, pins)
        with new_folder(tree) as work:
            assemble(source, pins, work, progress)
    return tree


def cached(strategy: str = "auto", pins: Pins | None = None) -> Path | None:
    """The tree that :func:`fetch` made before; None: there is none."""
    names = STRATEGIES if strategy == "auto" else (strategy,)
    trees = (_tree(name, pins or load_pins()) for name in names)
    return next((tree for tree in trees if tree.is_dir()), None)


def assemble(source: Source, pins: Pins, top: Path, progress: Progress | None = None) -> None:
    """Unpacks all pinned sources into one tree, in the places that MicroPython expects."""
    for pin in pins.sources:
        place = top / pin.place
        # a tree without its submodules has empty folders in these places
        if pin.place != "." and place.is_dir():
            shutil.rmtree(place)
        place.mkdir(parents=True, exist_ok=True)
        say(progress, f"sources: {pin.name} {pin.version}")
        source.unpack(pin, place, progress)


def _tree(strategy: str, pins: Pins) -> Path:
    name = f"micropython-{pins.micropython}-{strategy}-{pins.digest[:8]}"
    return paths.cache_dir() / "sources" / name


def _source(strategy: str, pins: Pins) -> tuple[str, Source]:
    downloads = paths.cache_dir() / "downloads"
    if strategy == "git" or (strategy == "auto" and Git.answers(pins.sources[0].git)):
        return "git", Git()
    return "debian", Debian(downloads, pins)


def main() -> int:
    """``python -m midge.firmware.sources``: fetches, says nothing if all is there."""
    import sys

    from midge import exits

    if cached():
        return exits.OK
    try:
        tree = fetch(progress=lambda text: print(text, file=sys.stderr, flush=True))
    except BuildError as err:
        print(f"sources: error: {err}", file=sys.stderr)
        return exits.BUILD
    print(f"sources: {tree}", file=sys.stderr)
    return exits.OK


if __name__ == "__main__":
    raise SystemExit(main())
