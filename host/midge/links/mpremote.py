"""A board through the real ``mpremote``, run as a subprocess."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from midge.errors import LinkError, MidgeError
from midge.links import ports
from midge.links.base import DEFAULT_TIMEOUT_S, Link, ScriptError

# mpremote itself waits 10 s for a raw REPL, twice with a soft reset.
CONTACT_TIMEOUT_S = 25.0
CLOSE_TIMEOUT_S = 10.0  # for mpremote to end after its output has
_NO_REPL = ("could not enter raw repl", "unexpected read during raw paste", "could not exec")
_LOST = ("disconnected", "returned no data", "Input/output error", "waiting for", "Connection")


class TookTooLongError(LinkError):
    """The board did not finish within its time."""


class MpremoteLink(Link):
    """A board on a serial port, or on any URL that pyserial opens.

    Args:
        port: a device path, or ``socket://host:port``.
        description: what people call the board.
        soft_reset_first: whether the first ``run`` starts with a soft reset, as all later
            ones do. The emulated Pico cannot take one right after its boot.
    """

    def __init__(self, port: str, description: str = "", *, soft_reset_first: bool = True):
        if importlib.util.find_spec("mpremote") is None:
            raise LinkError("mpremote is not installed", where=port, do="pip install mpremote")
        self._port = port
        self._description = description or f"board on {port}"
        self._fresh = not soft_reset_first

    @property
    def description(self) -> str:
        return self._description

    def check(self) -> str:
        """Makes sure that MicroPython answers; returns its platform, e.g. "rp2".

        Raises:
            LinkError: no such port, no permission, port busy, or no MicroPython there.
        """
        try:
            return self.exec("import sys; print(sys.platform)", CONTACT_TIMEOUT_S).strip()
        except TookTooLongError:
            raise self._no_micropython() from None

    def run(self, script: Path, timeout_s: float = DEFAULT_TIMEOUT_S) -> Iterator[str]:
        if not script.is_file():
            raise LinkError("no such script", where=str(script))
        resume = ["resume"] if self._fresh else []
        self._fresh = False
        return self._lines([*resume, "run", str(script)], timeout_s, where=str(script))

    def exec(self, code: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> str:
        lines = self._lines(["resume", "exec", code], timeout_s, where=self._description)
        return "".join(f"{line}\n" for line in lines)

    def put(self, local: Path, remote: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        if not local.is_file():
            raise LinkError("no such file", where=str(local))
        copy = ["resume", "fs", "cp", str(local), f":{remote}"]
        for _ in self._lines(copy, timeout_s, where=f"{local} to {self._description}"):
            pass  # its progress, which says nothing on a pipe

    def _lines(self, command: list[str], timeout_s: float, where: str) -> Iterator[str]:
        """Runs mpremote and yields its lines; raises what its failure means."""
        full = [sys.executable, "-m", "mpremote", "connect", self._port, *command]
        lines: list[str] = []
        with tempfile.TemporaryFile() as stderr:
            process = subprocess.Popen(
                full,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
            try:
                for line in _stream(process, timeout_s):
                    lines.append(line)
                    yield line
            except TimeoutError:
                raise self._silent(timeout_s, lines) from None
            finally:
                _end(process)
            if process.returncode != 0:
                raise self._failure(_text(stderr), lines, where)

    def _silent(self, timeout_s: float, lines: list[str]) -> LinkError:
        last = f"; its last line was {lines[-1]!r}" if lines else ", not one line came"
        return TookTooLongError(
            f"the board was still busy after {timeout_s:g} s{last}",
            where=self._description,
            do="allow it more time, or look for an endless loop; on the emulated Pico wait "
            "with machine.lightsleep(), as time.sleep() runs slower than real time there",
        )

    def _no_micropython(self) -> LinkError:
        return LinkError(
            "no MicroPython answers there",
            where=self._description,
            do="is it the right port, and has the board MicroPython on it (`midge flash`)? "
            "Unplug it and plug it in again",
        )

    def _failure(self, stderr: str, lines: list[str], where: str) -> MidgeError:
        """What a non-zero exit of mpremote means."""
        last = stderr.strip().splitlines()[-1] if stderr.strip() else ""
        if "failed to access" in stderr:
            return ports.cannot_open(self._port)
        if not last:
            return ScriptError(lines, where=where)
        if any(text in stderr for text in _NO_REPL):
            return self._no_micropython()
        if any(text in last for text in _LOST):
            return LinkError(
                f"the board stopped answering: {last}",
                where=self._description,
                do="check the cable and run it again",
            )
        return LinkError(last.removeprefix("mpremote: "), where=self._description)


def _stream(process: subprocess.Popen[bytes], timeout_s: float) -> Iterator[str]:
    """Lines of the process's stdout as they come.

    Raises:
        TimeoutError: it took longer than ``timeout_s`` in all.
    """
    assert process.stdout is not None
    deadline = time.monotonic() + timeout_s
    fd, pending = process.stdout.fileno(), b""
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if not selector.select(max(0.0, left) if left < math.inf else None):
                raise TimeoutError
            chunk = os.read(fd, 1 << 16)
            if not chunk:
                break
            *complete, pending = (pending + chunk).split(b"\n")
            for line in complete:
                yield _decode(line)
    if pending:
        yield _decode(pending)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(CLOSE_TIMEOUT_S)


def _decode(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")


def _text(stderr: IO[bytes]) -> str:
    stderr.seek(0)
    return stderr.read().decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(2.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert process.stdout is not None
    process.stdout.close()
