"""``midge flash``: the firmware onto a board whose boot loader shows up as a USB drive."""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from midge.commands.common import (
    Progress,
    add_command,
    add_project,
    emit_json,
    firmware_of,
    need_file,
    project_or_none,
    say,
)
from midge.errors import LinkError

_EXAMPLES = """\
  midge flash
  midge flash build/midge-RPI_PICO-walk-0.1.0.uf2
  midge flash build/midge-RPI_PICO-walk-0.1.0.uf2 --drive /media/me/RPI-RP2
"""
_INFO = "INFO_UF2.TXT"  # every UF2 boot loader's drive carries it (UF2 specification)


def add_parser(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    parser = add_command(
        sub, "flash", "copy firmware to a board in its UF2 boot loader", do_flash, _EXAMPLES
    )
    parser.add_argument(
        "uf2", nargs="?", type=Path, help="the firmware (default: the project's build)"
    )
    parser.add_argument("--drive", type=Path, help="the boot loader's drive (default: found)")
    add_project(parser)


def do_flash(args: argparse.Namespace) -> int:
    """Copies the UF2 and flushes it; the board restarts by itself."""
    uf2 = args.uf2 or firmware_of(project_or_none(args))
    need_file(uf2, "run `midge build` first")
    drive = args.drive or find_drive()
    if not (drive / _INFO).is_file():
        raise LinkError(
            f"not the drive of a UF2 boot loader: no {_INFO} in it", where=str(drive),
            do="hold BOOTSEL while plugging the board in, then name the RPI-RP2 drive",
        )  # fmt: skip
    with Progress("flash") as progress:
        progress(f"{uf2.name} ({uf2.stat().st_size} B) to {drive}")
        _copy(uf2, drive / uf2.name)
    say(args, f"{uf2} is on the board, which restarts now")
    emit_json(args, {"uf2": uf2, "drive": drive, "bytes": uf2.stat().st_size})
    return 0


def find_drive() -> Path:
    """The one mounted drive of a UF2 boot loader.

    Raises:
        LinkError: there is none, or more than one.
    """
    mounts = (Path(line.split()[1].replace("\\040", " ")) for line in _mounts())
    found = [mount for mount in mounts if (mount / _INFO).is_file()]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(map(str, found))
        raise LinkError(f"{len(found)} boards wait: {names}", do="name one by --drive")
    raise LinkError(
        "no board in its boot loader found, one needed",
        do="hold BOOTSEL while plugging it in (or `mpremote bootloader`), mount the drive, "
        "and run this again",
    )


def _mounts() -> list[str]:
    try:
        return Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as reader, target.open("wb") as writer:
        shutil.copyfileobj(reader, writer)
        writer.flush()
        os.fsync(writer.fileno())
