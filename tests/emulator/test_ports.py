"""Serial ports, on real pseudo-terminals: one with a board behind it, and what goes wrong."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import socket
import subprocess
import sys
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from firmwares import Firmware

from midge import exits
from midge.cli import main
from midge.emulator.pico import EmulatedPico
from midge.errors import LinkError
from midge.links import mpremote, open_link, ports

# Opens a port as a serial monitor does, and holds it until stdin closes.
HOLDER = """\
import serial, sys
port = serial.Serial(sys.argv[1], exclusive=True)
print("open", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def terminal() -> Iterator[tuple[int, str]]:
    """A pseudo-terminal: the master's descriptor and the slave's path."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    try:
        yield master, os.ttyname(slave)
    finally:
        os.close(slave)
        with contextlib.suppress(OSError):  # a test may have unplugged it
            os.close(master)


def bridge(master: int, pico: EmulatedPico, stop: threading.Event) -> None:
    """Carries bytes between the terminal and the emulated board's console."""
    host, port = pico.url.removeprefix("socket://").split(":")
    with socket.create_connection((host, int(port))) as board:
        while not stop.is_set():
            ready, _, _ = select.select([master, board], [], [], 0.05)
            with contextlib.suppress(OSError):
                if master in ready:
                    board.sendall(os.read(master, 4096))
                if board in ready:
                    os.write(master, board.recv(4096))


class SerialBoard:
    """A serial port with MicroPython behind it, which can be unplugged."""

    def __init__(self, path: str, master: int, pico: EmulatedPico):
        self.path = path
        self._master = master
        self._stop = threading.Event()
        self._carrier = threading.Thread(target=bridge, args=(master, pico, self._stop))
        self._carrier.start()

    def stop(self) -> None:
        self._stop.set()
        self._carrier.join()

    def unplug(self) -> None:
        self.stop()
        os.close(self._master)


@pytest.fixture
def board(firmware: Firmware) -> Iterator[SerialBoard]:
    with terminal() as (master, path), EmulatedPico(firmware.uf2) as pico:
        board = SerialBoard(path, master, pico)
        try:
            yield board
        finally:
            board.stop()


@pytest.mark.firmware
def test_a_board_on_a_serial_port(board: SerialBoard, tmp_path: Path) -> None:
    script = tmp_path / "hello.py"
    script.write_text("import midge\nprint('hello', midge.models())\n", encoding="utf-8")
    with open_link(board.path) as link:
        assert link.description == f"board on {board.path}"
        for _ in range(2):
            assert list(link.run(script)) == ["hello ('tiny',)"]
        assert link.exec("print(6 * 7)") == "42\n"


@pytest.mark.firmware
def test_no_picture_of_what_a_real_sensor_measured(
    board: SerialBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = '[project]\nname = "tiny"\n[data]\nsource = "basic_motions"\n'
    (tmp_path / "midge.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "main.py").write_text("print('ran')\n", encoding="utf-8")
    command = ["run", "--project", str(tmp_path), "--device", board.path, "--picture", "x.png"]
    assert main(command) == exits.ERROR
    shown = capsys.readouterr()
    assert "this is a real board" in shown.err and "ran" not in shown.out
    assert main(command[:-2]) == 0
    assert "ran" in capsys.readouterr().out


@pytest.mark.firmware
def test_a_board_unplugged_in_the_middle_of_a_run(board: SerialBoard, tmp_path: Path) -> None:
    script = tmp_path / "forever.py"
    script.write_text("print('up')\nwhile True: pass\n", encoding="utf-8")
    with open_link(board.path) as link:
        lines = link.run(script, 60)
        assert next(lines) == "up"
        board.unplug()
        with pytest.raises(LinkError, match="stopped answering"):
            list(lines)


@pytest.mark.firmware
def test_without_a_board_the_emulated_pico_stands_in(firmware: Firmware) -> None:
    if any(port.micropython for port in ports.serial_ports()):
        pytest.skip("a real board is plugged in")
    with open_link(None, firmware.uf2) as link:
        assert link.description == "emulated Pico"


def test_a_busy_port() -> None:
    with terminal() as (_, path):
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            assert holder.stdout is not None and holder.stdout.readline() == b"open\n"
            with pytest.raises(LinkError, match="the port is busy") as caught:
                open_link(path)
            assert f"process {holder.pid}" in str(caught.value)
        finally:
            holder.communicate(b"")


def test_no_such_port() -> None:
    with pytest.raises(LinkError, match="no such serial port") as caught:
        open_link("/dev/ttyACM99")
    assert caught.value.where == "/dev/ttyACM99"


def test_a_port_that_this_user_may_not_open(tmp_path: Path) -> None:
    port = tmp_path / "ttyACM0"
    port.touch(mode=0)
    tmp_path.chmod(0o755)
    if os.geteuid() != 0:
        assert ports.cannot_open(str(port)).what == "permission denied"
        return
    # Root may open everything: ask as somebody else, who may not be able to read the library's
    # folders either.
    import grp  # noqa: F401

    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            for folder in tmp_path.parents:
                # pytest's own folders; with xdist each process has one
                if folder.stat().st_uid == 0 and re.match("pytest|popen-gw", folder.name):
                    folder.chmod(0o755)
            os.setuid(65534)  # nobody
            os.write(write_end, str(ports.cannot_open(str(port))).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(write_end)
    told = os.read(read_end, 4096).decode()
    assert "permission denied" in told and "usermod -aG" in told


def test_something_else_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mpremote, "CONTACT_TIMEOUT_S", 3.0)  # of 25, for a fast test
    with terminal() as (_, path), pytest.raises(LinkError, match="no MicroPython answers there"):
        open_link(path)


def test_nothing_at_an_address() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(LinkError, match="nothing answers"):
        open_link(f"socket://127.0.0.1:{port}")


def test_rshell_is_refused_by_name() -> None:
    with pytest.raises(LinkError, match="rshell") as caught:
        open_link("rshell:/dev/ttyACM0")
    assert "--device /dev/ttyACM0" in caught.value.do


def test_listing_ports_needs_no_board() -> None:
    assert all(port.device for port in ports.serial_ports())
