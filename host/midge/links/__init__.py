"""Links to boards: ``open_link`` finds the right one.

Another kind of link is a :class:`~midge.links.base.Link` and one line in ``open_link``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from midge.errors import LinkError
from midge.links.base import Link, Progress, ScriptError

if TYPE_CHECKING:
    from midge.emulator.sensors import Sensor

__all__ = ["Link", "ScriptError", "open_link"]


def open_link(
    device: str | None = None,
    uf2: Path | None = None,
    sensors: Sequence[Sensor] = (),
    progress: Progress | None = None,
) -> Link:
    """Opens a board.

    Args:
        device: a serial port; "emulator"; or "auto" (None): the first serial port on which
            MicroPython shows up, else the emulated Pico.
        uf2: the firmware for the emulated Pico.
        sensors: what is wired to the emulated Pico; a real board has its own.
        progress: called with a line of text when something takes a moment.

    Raises:
        LinkError: no such port, no permission, port busy, no MicroPython there; for the
            emulator: no firmware, or it does not boot.
    """
    say = progress or (lambda _text: None)
    if device in (None, "auto"):
        device = _first_board() or "emulator"
    assert device is not None
    if device == "emulator":
        return _emulator(uf2, sensors, say)
    kind, _, rest = device.partition(":")
    if rest and not rest.startswith("//") and kind in ("rshell", "mpremote"):
        if kind == "rshell":
            raise LinkError(
                "links through rshell are not part of this version",
                where=device,
                do=f"use mpremote: --device {rest}",
            )
        device = rest
    return _serial(device, say)


def _first_board() -> str | None:
    from midge.links.ports import serial_ports

    return next((port.device for port in serial_ports() if port.micropython), None)


def _emulator(uf2: Path | None, sensors: Sequence[Sensor], say: Progress) -> Link:
    from midge.links.emulated import EmulatedLink

    if uf2 is None:
        raise LinkError("no firmware to boot", where="emulated Pico", do="run `midge build` first")
    say(f"booting {uf2.name} on the emulated Pico")
    return EmulatedLink(uf2, sensors)


def _serial(port: str, say: Progress) -> Link:
    from midge.links.mpremote import MpremoteLink

    say(f"connecting to {port}")
    link = MpremoteLink(port)
    link.check()
    return link
