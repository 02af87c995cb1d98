"""What the host sees of the emulated RP2040 that it could not see of a real one.

Runs in the emulator's process. ``GpioLog`` records what the firmware drives its pins to.
``Mailbox`` lets a script on the board mark a moment, and give the host a buffer to fill, by
writing watchdog scratch registers, which nothing else uses and a real board ignores:

- SCRATCH0 (0x4005800C) = n: mark n. The host notes n, the CPU's cycle count and the time.
- SCRATCH1 (0x40058010) = address: where the next load goes.
- SCRATCH2 (0x40058014) = slot: the host's bytes of that slot are copied to the address.
  With bit 30 set, the slot's lower bits are a number of bytes: the next so many of what the
  emulated microphone plays. SCRATCH1 then reads as how many there were; after 0 were asked for, as
  a number that says that this is an emulator.
- SCRATCH3 (0x40058018) = 1 paints the unused stack, 0 measures how much of it was used since.
"""

from __future__ import annotations

import dataclasses
from typing import Any

SRAM_BASE = 0x20000000
SCRATCH0, SCRATCH1, SCRATCH2, SCRATCH3 = 0x0C, 0x10, 0x14, 0x18  # offsets in the block
LIMIT = 1_000_000  # transitions or marks kept, so that a long run cannot fill the memory
PAINT = 0xA5
STREAM = 1 << 30
EMULATED = 0x4D494347
SP = 13


@dataclasses.dataclass(frozen=True)
class Edge:
    """A pin that the firmware drives has changed: ``level`` is 0 or 1."""

    pin: int
    level: int
    seconds: float  # emulated, since boot


@dataclasses.dataclass(frozen=True)
class Mark:
    """A script wrote ``value`` to SCRATCH0."""

    value: int
    cycles: int  # that the CPU has executed since boot, sleep not counted
    seconds: float  # emulated, since boot


class GpioLog:
    """Every change of a pin driven by plain output (``machine.Pin``), with its time."""

    def __init__(self, rp2040: Any):
        from rp2040py.gpio_pin import FUNCTION_SIO, GPIOPinState

        self.edges: list[Edge] = []
        self._clock = rp2040.clock
        self._sio = FUNCTION_SIO
        self._levels = {GPIOPinState.LOW: 0, GPIOPinState.HIGH: 1}
        self._last: dict[int, int] = {}
        for pin in rp2040.gpio:
            pin.add_listener(self._listener(pin))

    def _listener(self, pin: Any) -> Any:
        def changed(new: Any, _old: Any) -> None:
            level = self._levels.get(new)
            if level is None or pin.function_select != self._sio:
                return
            if self._last.get(pin.index, 0) != level and len(self.edges) < LIMIT:
                self.edges.append(Edge(pin.index, level, self._clock.nanos * 1e-9))
            self._last[pin.index] = level

        return changed


class Mailbox:
    """Marks, host-filled buffers and the stack gauge; see the module's docstring."""

    def __init__(self, rp2040: Any):
        self.marks: list[Mark] = []
        self.slots: dict[int, bytes] = {}
        self.stream = b""  # what the microphone plays: int16, little endian
        self.streamed = 0  # bytes of it so far
        self.stack_bottom: int | None = None  # lowest address of the stack, from the ELF
        self.stack_used: list[int] = []
        self._mcu = rp2040
        self._address = 0
        self._painted_from = 0
        self._write = rp2040.watchdog.write_uint32
        rp2040.watchdog.write_uint32 = self._on_write

    def _on_write(self, offset: int, value: int) -> None:
        if offset == SCRATCH0 and len(self.marks) < LIMIT:
            seconds = self._mcu.clock.nanos * 1e-9
            self.marks.append(Mark(value, int(self._mcu.core.cycles), seconds))
        elif offset == SCRATCH1:
            self._address = value
        elif offset == SCRATCH2 and value & STREAM:
            self._write(SCRATCH1, self._stream(value ^ STREAM))
        elif offset == SCRATCH2:
            self._load(self.slots.get(value, b""))
        elif offset == SCRATCH3:
            self._paint() if value else self._measure()
        self._write(offset, value)

    def _load(self, data: bytes) -> None:
        start = self._address - SRAM_BASE
        sram = self._mcu.sram
        if not 0 <= start <= len(sram) - len(data):
            raise ValueError(f"load of {len(data)} bytes to {self._address:#x} is outside SRAM")
        sram[start : start + len(data)] = data

    def _stream(self, count: int) -> int:
        """Copies the next bytes of the microphone; says how many, or that it is one."""
        if not self.stream or not count:
            return EMULATED if self.stream else 0
        part = self.stream[self.streamed : self.streamed + count]
        self.streamed += len(part)
        self._load(part)
        return len(part)

    def _paint(self) -> None:
        """Paints from the stack's bottom to the stack pointer: nothing there is alive."""
        if self.stack_bottom is None:
            return
        self._painted_from = int(self._mcu.core.registers[SP])
        start, end = self.stack_bottom - SRAM_BASE, self._painted_from - SRAM_BASE
        self._mcu.sram[start:end] = bytes([PAINT]) * (end - start)

    def _measure(self) -> None:
        if self.stack_bottom is None or not self._painted_from:
            return
        start, end = self.stack_bottom - SRAM_BASE, self._painted_from - SRAM_BASE
        painted = bytes(self._mcu.sram[start:end])
        untouched = len(painted) - len(painted.lstrip(bytes([PAINT])))
        self.stack_used.append(len(painted) - untouched)
        self._painted_from = 0
