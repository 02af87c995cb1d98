"""MicroPython's qemu port with Midge and models in it: the binding on a Cortex-M33 and an RV32.

For tests: these machines stand in for boards that have no emulator. Each is a folder in
``boards/`` with a ``qemu.toml``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import socket
import subprocess
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from midge import paths
from midge.errors import BuildError
from midge.firmware import micropython, sources, stage, toolchain, unix
from midge.firmware.files import Progress, locked, write_if_changed, write_whole

if TYPE_CHECKING:
    from midge.compile import CompiledModel

_MANIFEST = 'freeze("{frozen}")\n'  # the port has no time, so no asyncio


@dataclasses.dataclass(frozen=True)
class Machine:
    """What a ``qemu.toml`` says. ``make``: further settings of the port's makefile."""

    name: str
    path: Path
    cpu: str
    mp_board: str
    gcc: str
    qemu: tuple[str, ...]
    make: dict[str, str]

    def missing(self) -> str:
        """The programs that are not installed, or an empty text."""
        wanted = (self.gcc, self.qemu[0])
        return ", ".join(tool for tool in wanted if shutil.which(tool) is None)


def load_machine(name: str) -> Machine:
    """The machine of ``boards/<name>/qemu.toml``."""
    path = paths.boards_dir() / name
    table = tomllib.loads((path / "qemu.toml").read_text(encoding="utf-8"))
    return Machine(name, path, **table | {"qemu": tuple(table["qemu"])})


def build_qemu(
    models: Sequence[CompiledModel],
    machine: Machine,
    out_dir: str | Path,
    progress: Progress | None = None,
    freeze: Iterable[str | Path] = (),
) -> Path:
    """Builds firmware for ``machine`` with ``models``, compiled for its CPU, in it.

    Takes the arguments of :func:`midge.firmware.build.build`; returns ``out_dir/firmware.elf``.

    Raises:
        BuildError: a tool, a source or a build step failed.
    """
    toolchain.check("qemu")
    if lacking := machine.missing():
        raise BuildError(
            f"missing: {lacking}", where=f"building for {machine.name}", do="run `make setup`"
        )
    tree = sources.fetch(progress=progress)
    key = stage.digest([], str(tree), str(paths.firmware_modules_dir()), str(machine.path))[:8]
    place = paths.cache_dir() / "builds" / f"{machine.name}-{key}"
    out = Path(out_dir) / "firmware.elf"
    with locked(place.with_suffix(".lock"), f"building for {machine.name}", progress):
        stage.generated(models, place / "generated")
        stage.frozen(map(Path, freeze), place / "frozen")
        manifest = place / "manifest.py"
        write_if_changed(manifest, _MANIFEST.format(frozen=place / "frozen").encode())
        settings: dict[str, str | Path | int] = {
            "BOARD": machine.mp_board,
            "FROZEN_MANIFEST": manifest,
            "MPY_LIB_DIR": micropython.library(tree, "qemu")[0],
            **machine.make,
        }
        if (machine.path / "mpconfigboard.mk").is_file():
            settings["BOARD_DIR"] = machine.path
        built = unix.make_port(
            tree, place, "qemu", settings, "firmware.elf", machine.gcc, progress
        )
        out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(out, built.read_bytes())
    return out


@contextlib.contextmanager
def booted(machine: Machine, elf: Path) -> Iterator[str]:
    """Runs the firmware; gives the URL by which ``mpremote`` reaches it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serial = f"tcp:127.0.0.1:{port},server=on,wait=on"
    command = [*machine.qemu, "-display", "none", "-monitor", "none", "-semihosting"]
    process = subprocess.Popen(
        [*command, "-serial", serial, "-kernel", str(elf)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_listening(port)
        yield f"socket://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_listening(port: int) -> None:
    """Until QEMU listens: seen in the kernel's list, as a connection would be the one it takes."""
    wanted = f":{port:04X} 00000000:0000 0A"
    for _ in range(200):
        if wanted in Path("/proc/net/tcp").read_text(encoding="ascii"):
            return
        time.sleep(0.05)
    raise BuildError(f"QEMU does not listen on port {port}", where=f"pid {os.getpid()}")
