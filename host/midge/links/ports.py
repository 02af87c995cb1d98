"""Serial ports: which boards are there, and why one cannot be opened."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from midge.errors import LinkError

# USB ids under which MicroPython itself shows up (its ports' mpconfigport.h and boards).
MICROPYTHON_USB = frozenset({(0x2E8A, 0x0005), (0xF055, 0x9800), (0x303A, 0x4001)})


@dataclasses.dataclass(frozen=True)
class SerialPort:
    """A serial port with a USB device on it."""

    device: str
    name: str  # what the device calls itself
    micropython: bool  # whether it says that it runs MicroPython


def serial_ports() -> list[SerialPort]:
    """USB serial ports, those with MicroPython first.

    A board behind a USB-to-serial chip (most ESP32s) cannot be told from any other device, so
    it has to be named.
    """
    from serial.tools.list_ports import comports

    found = []
    for port in comports():
        if port.vid is None:
            continue
        by_name = "micropython" in (port.manufacturer or "").lower()
        by_id = (port.vid, port.pid) in MICROPYTHON_USB
        name = port.product or port.description or ""
        found.append(SerialPort(port.device, name, by_name or by_id))
    return sorted(found, key=lambda port: (not port.micropython, port.device))


def cannot_open(port: str) -> LinkError:
    """Why a port could not be opened: not there, not allowed, or busy."""
    path = Path(port)
    if "://" in port:
        return LinkError(
            "nothing answers at this address", where=port, do="start what it belongs to"
        )
    if not path.exists():
        there = ", ".join(p.device for p in serial_ports()) or "none"
        return LinkError(
            f"no such serial port; ports with a USB device: {there}",
            where=port,
            do="plug the board in with a data cable, or run with --device emulator",
        )
    if not os.access(path, os.R_OK | os.W_OK):
        return LinkError(
            "permission denied",
            where=port,
            do=f"sudo usermod -aG {_group(path)} $USER, then log out and in again",
        )
    holders = holders_of(path)
    who = ", ".join(f"{name} (process {pid})" for pid, name in holders)
    return LinkError(
        f"the port is busy: {who or 'another program'} has it open",
        where=port,
        do="close that program (a serial monitor, Thonny, another `midge run`?)",
    )


def holders_of(path: Path) -> list[tuple[int, str]]:
    """Other processes that have a file open, as far as this user may see: (id, name)."""
    target = os.path.realpath(path)
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        if pid == os.getpid():
            continue
        try:
            links = [os.readlink(fd) for fd in (folder / "fd").iterdir()]
            if target in links:
                found.append((pid, (folder / "comm").read_text(encoding="utf-8").strip()))
        except OSError:
            continue  # it has ended, or belongs to somebody else
    return found


def _group(path: Path) -> str:
    try:
        return path.group()
    except (KeyError, OSError):
        return "dialout"
