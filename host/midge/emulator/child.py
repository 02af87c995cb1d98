"""The process that an emulated Pico runs in.

``python -m midge.emulator.child UF2 SENSORS FILESYSTEM START END``: what it boots, what is wired
to it (see midge.emulator.sensors), an image of the filesystem ("" for none) and where in flash
the filesystem lies.

It serves the board's USB console on a TCP port of its own choosing, answers the host's
questions (one JSON object a line) on stdin and stdout, and ends when stdin closes, so that it
never outlives its host.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from midge.emulator import devices, probes, sensors

BOOT_TIMEOUT_S = 20.0  # a boot takes about 1 s; a firmware that hangs never enumerates


class Wiring:
    """Attaches sensors and probes to the RP2040 before it starts."""

    def __init__(self, parts: list[sensors.Sensor]):
        self._parts = parts
        self.devices: list[devices.Mpu6050Device | devices.AdcDevice] = []
        self.gpio: probes.GpioLog
        self.mailbox: probes.Mailbox

    def attach(self, rp2040: Any) -> None:
        """Called by rp2040py with the chip it has built."""
        self.devices = devices.wire(rp2040, self._parts)
        self.gpio = probes.GpioLog(rp2040)
        self.mailbox = probes.Mailbox(rp2040)
        for part in self._parts:
            if isinstance(part, sensors.Sound):
                self.mailbox.stream = part.samples.astype("<i2").tobytes()


class Board:
    """The running emulator and the answers to the host's questions."""

    def __init__(
        self, uf2: Path, parts: list[sensors.Sensor], filesystem: Path | None, place: slice
    ):
        from rp2040py.boards import BoardSpec
        from rp2040py.cli.socket_repl import SocketInteractiveRepl
        from rp2040py.device import MicroPythonDevice

        self.wiring = Wiring(parts)
        self.device = MicroPythonDevice(board=BoardSpec(extras=(lambda: self.wiring,), image=uf2))
        self._place = place
        if filesystem is not None and filesystem.exists():
            self._load_filesystem(filesystem)
        simulator = self.device.simulator
        self.repl = SocketInteractiveRepl(
            self.device.cdc, simulator, on_quit=simulator.shutdown_request.request
        )

    def _load_filesystem(self, path: Path) -> None:
        image, size = path.read_bytes(), self._place.stop - self._place.start
        if len(image) != size:
            raise ValueError(f"{path}: {len(image)} bytes, a filesystem image has {size}")
        self.device.mcu.flash[self._place] = image

    async def start(self) -> dict[str, Any]:
        """Boots the firmware and opens the TCP port."""
        await self.repl.start()
        await self.device.astart(timeout=BOOT_TIMEOUT_S)
        return {"ready": True, "port": self.repl.port}

    async def stop(self) -> None:
        self.device.stop()
        await self.repl.stop()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answers one request; what can be asked are the ``do_`` methods below."""
        do = getattr(self, f"do_{request.pop('do')}")
        return {"result": do(**request)}

    def do_clock(self) -> dict[str, Any]:
        mcu = self.device.mcu
        return {"seconds": mcu.clock.nanos * 1e-9, "cycles": int(mcu.core.cycles)}

    def do_gpio(self) -> list[dict[str, Any]]:
        return [dataclasses.asdict(edge) for edge in self.wiring.gpio.edges]

    def do_marks(self) -> list[dict[str, Any]]:
        return [dataclasses.asdict(mark) for mark in self.wiring.mailbox.marks]

    def do_stack(self) -> list[int]:
        return self.wiring.mailbox.stack_used

    def do_set_stack_bottom(self, address: int) -> None:
        self.wiring.mailbox.stack_bottom = address

    def do_clear(self) -> None:
        self.wiring.gpio.edges.clear()
        self.wiring.mailbox.marks.clear()
        self.wiring.mailbox.stack_used.clear()

    def do_fill(self, slot: int, path: str) -> None:
        self.wiring.mailbox.slots[slot] = Path(path).read_bytes()

    def do_snapshot(self, sram: str, rom: str) -> None:
        mcu = self.device.mcu
        Path(sram).write_bytes(bytes(mcu.sram))
        Path(rom).write_bytes(b"".join(int(word).to_bytes(4, "little") for word in mcu.bootrom))

    def do_power_cycle_sensors(self) -> None:
        for device in self.wiring.devices:
            device.power_on()
        self.wiring.mailbox.streamed = 0

    def do_save_filesystem(self, path: str) -> None:
        Path(path).write_bytes(bytes(self.device.mcu.flash[self._place]))


async def _requests() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def _say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


async def serve(board: Board) -> int:
    """Runs the board until the host closes stdin; returns the process's exit code."""
    reader = await _requests()
    try:
        _say(await board.start())
        while line := await reader.readline():
            simulator = board.device.simulator
            if not simulator.executing:
                _say({"error": f"the emulator stopped: {simulator.engine_room_error}"})
                return 1
            try:
                _say(board.answer(json.loads(line)))
            except (OSError, ValueError) as err:
                _say({"error": str(err)})
        return 0
    except TimeoutError:
        _say({"error": f"the firmware does not come up on USB within {BOOT_TIMEOUT_S:g} s"})
        return 1
    except (OSError, RuntimeError) as err:
        _say({"error": str(err)})
        return 1
    finally:
        with contextlib.suppress(Exception):
            await board.stop()


def main(argv: list[str]) -> int:
    uf2, wiring, filesystem, start, end = argv
    parts = sensors.load(Path(wiring))
    try:
        image = Path(filesystem) if filesystem else None
        board = Board(Path(uf2), parts, image, slice(int(start), int(end)))
    except (OSError, ValueError) as err:
        _say({"error": str(err)})
        return 1
    return asyncio.run(serve(board))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
