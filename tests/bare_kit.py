"""The core on bare emulated processors: Cortex-M0, Cortex-M33, RV32IMC and Xtensa LX106 in QEMU.

One program a processor (``tests/core/bare/``, linked with the whole core) replays recorded runs:
op cases and whole models alike, since the core runs packed lists of ops. So whatever the host
runs, these run, and what comes out is compared with what the oracle gave. With ``counting`` it
says how many instructions each op takes (not cycles), which is repeatable.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from midge import abi, core
from midge.program import Program

BARE = Path(__file__).resolve().parent / "core" / "bare"
TIMEOUT_S = 300  # for a run that hangs; the longest takes seconds
WARNINGS = ["-Wall", "-Wextra", "-Werror"]
FLAGS = [
    "-std=c99", "-O2", "-ffunction-sections", "-fdata-sections", "-ffp-contract=off",
    "-nostartfiles", "-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments",
]  # fmt: skip


@dataclass(frozen=True)
class Processor:
    """``cpu`` is what a board's ``board.toml`` calls it. ``records``: a free address."""

    cpu: str
    gcc: str
    flags: tuple[str, ...]
    start: tuple[str, ...]  # files of tests/core/bare
    memory: str
    records: int
    qemu: tuple[str, ...]
    icount: int | None = None  # shift that bare_count() knows; None: no counter to be read
    packages: str = ""
    libs: tuple[str, ...] = ()
    serial: str = "null"  # where text goes that does not go by semihosting

    def missing(self) -> str:
        """Why it cannot run here, or an empty text."""
        lacking = [tool for tool in (self.gcc, self.qemu[0]) if shutil.which(tool) is None]
        if not lacking:
            return ""
        return f"{', '.join(lacking)} not installed (`make setup`, or Debian's {self.packages})"


_ARM = "gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm"
PROCESSORS = {
    p.cpu: p
    for p in (
        # the assembly of midge_*_m0.c is for a Cortex-M0 as well
        Processor(
            "cortex-m0plus", "arm-none-eabi-gcc",
            ("-mcpu=cortex-m0plus", "-mthumb", "--specs=nosys.specs", "--specs=nano.specs"),
            ("arm.c",),
            "CODE (rx): ORIGIN = 0, LENGTH = 512K RAM (rwx): ORIGIN = 0x20000000, LENGTH = 512K",
            0x80000,
            ("qemu-system-arm", "-machine", "microbit",
             "-global", "nrf51-soc.flash-size=16777216",
             "-global", "nrf51-soc.sram-size=524288"),
            packages=_ARM,
        ),
        Processor(
            "cortex-m33", "arm-none-eabi-gcc",
            ("-mcpu=cortex-m33", "-mthumb", "-mfloat-abi=soft",
             "--specs=nosys.specs", "--specs=nano.specs"),
            ("arm.c",),
            "CODE (rx): ORIGIN = 0x10000000, LENGTH = 4M "
            "RAM (rwx): ORIGIN = 0x38000000, LENGTH = 4M",
            0x80000000,
            ("qemu-system-arm", "-machine", "mps2-an505"),
            icount=6,
            packages=_ARM,
        ),
        Processor(
            "rv32imc", "riscv64-unknown-elf-gcc",
            ("-march=rv32imc", "-mabi=ilp32", "-misa-spec=2.2", "--specs=picolibc.specs"),
            ("riscv.c",),
            "CODE (rx): ORIGIN = 0x80000000, LENGTH = 4M "
            "RAM (rwx): ORIGIN = 0x80400000, LENGTH = 12M",
            0x81000000,
            ("qemu-system-riscv32", "-machine", "virt", "-bios", "none", "-m", "64M"),
            icount=0,
            packages="gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc",
        ),
        Processor(
            "xtensa-lx106", "xtensa-lx106-elf-gcc",
            ("-ffreestanding", "-nostdlib", "-mtext-section-literals", f"-I{BARE / 'include'}"),
            ("xtensa.c", "xtensa_rom.c"),
            "RESET (rx): ORIGIN = 0x50000000, LENGTH = 4K "
            "CODE (rx): ORIGIN = 0x60000000, LENGTH = 2M "
            "RAM (rwx): ORIGIN = 0x60200000, LENGTH = 2M",
            0x60800000,
            ("qemu-system-xtensa", "-M", "sim", "-cpu", "lx106", "-m", "64M"),
            packages="gcc-xtensa-lx106 qemu-system-misc",
            icount=7,
            libs=("-lgcc",),
            serial="stdio",
        ),
    )
}  # fmt: skip


@dataclass
class Record:
    """One run of a program: what is in memory before, and the outputs that must come out.

    ``outputs``: (offset in the arena, bytes).
    """

    words: np.ndarray
    consts: bytes
    arena: np.ndarray
    outputs: list[tuple[int, bytes]]
    state_at: int = 0  # bytes: where in ``arena`` the model's state begins, aligned to 8

    def image(self) -> bytes:
        blocks = [_whole(b) for b in (self.words.tobytes(), self.consts, self.arena.tobytes())]
        sizes = [len(block) // 4 for block in blocks] + [len(self.outputs), self.state_at // 4]
        out = np.array(sizes, np.uint32).tobytes() + b"".join(blocks)
        for offset, data in self.outputs:
            out += np.array([offset, len(data)], np.uint32).tobytes() + _whole(data)
        return out


def _whole(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def record(
    program: Program,
    words: np.ndarray,
    consts: bytes,
    arena: np.ndarray,
    outputs: list[np.ndarray],
    states: tuple[np.ndarray, np.ndarray] | None = None,
) -> Record:
    """``outputs``: what the program's outputs have to be; ``states``: its state before and after.

    The state lies behind the arena, and has to come out like an output.
    """
    places = [program.buffers[port.buffer].offset for port in program.outputs]
    found = [(p, np.ascontiguousarray(o).tobytes()) for p, o in zip(places, outputs, strict=True)]
    if states is None or not program.states:
        return Record(words, consts, arena, found)
    at = (arena.size + 7) & ~7
    whole = np.zeros(at + states[0].size, np.uint8)
    whole[: arena.size], whole[at:] = arena, states[0]
    return Record(words, consts, whole, [*found, (at, states[1].tobytes())], at)


@dataclass
class Run:
    """``complaints``: the program's lines on what was wrong; ``counts``: instructions of each
    op of each record, where they were asked for."""

    records: int
    complaints: list[str]
    counts: dict[int, list[int]]


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="midge-bare-")


@functools.cache
def program(cpu: str, *flags: str) -> Path:
    """The test program of a processor, linked with the core; built once."""
    p = PROCESSORS[cpu]
    place = Path(tempfile.mkdtemp(dir=_folder().name))
    script, elf = place / "link.ld", place / "bare.elf"
    memory = p.memory if "RESET" in p.memory else f"{p.memory} RESET (rx): ORIGIN = 0, LENGTH = 0"
    text = (BARE / "link.ld").read_text(encoding="utf-8")
    script.write_text(f"MEMORY {{ {memory} }}\n{text}", encoding="utf-8")
    files = [BARE / "main.c", *(BARE / name for name in p.start), *core.sources()]
    command = [p.gcc, *p.flags, *FLAGS, *flags, *WARNINGS, f"-DRECORDS={p.records:#x}u"]
    command += [f"-T{script}", f"-I{abi.core_dir()}", f"-I{BARE}", "-o", str(elf)]
    subprocess.run([*command, *map(str, files), *p.libs], check=True)
    return elf


def execute(cpu: str, records: list[Record], counting: bool = False, *flags: str) -> Run:
    """Runs the records on the emulated processor.

    Raises:
        AssertionError: the program did not come to its end.
    """
    p = PROCESSORS[cpu]
    elf = program(cpu, *flags)
    with tempfile.NamedTemporaryFile(dir=_folder().name, suffix=".records") as file:
        file.write(np.array([counting, len(records)], np.uint32).tobytes())
        for one in records:
            file.write(one.image())
        file.flush()
        load = f"loader,file={file.name},addr={p.records:#x},force-raw=on"
        command = [*p.qemu, "-display", "none", "-monitor", "none", "-serial", p.serial]
        command += ["-semihosting", "-kernel", str(elf), "-device", load]
        if counting and p.icount is not None:
            command += ["-icount", f"shift={p.icount}"]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
    return _read(done.stdout + done.stderr)


def _read(text: str) -> Run:
    end = re.search(r"^done (\d+) (\d+)", text, re.M)
    assert end is not None, text[-2000:]
    counts: dict[int, list[int]] = {}
    complaints = []
    for line in text.splitlines():
        words = line.split()
        if words[0] == "count":
            counts.setdefault(int(words[1]), []).append(int(words[3]))
        elif words[0] != "done":
            complaints.append(line)
    assert len([c for c in complaints if not c.startswith("qemu")]) == int(end[2]), text[-2000:]
    return Run(int(end[1]), complaints, counts)
