"""The core on an emulated Cortex-M0+, bare: for cycles while developing, and for kernel tests.

The emulator is ``../shared/tools/m0emu.c`` (cycles by the core's technical reference manual,
memory without wait states). What users measure with is ``midge bench``.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from midge import abi, core, pack, plan
from midge.compile import CompiledModel
from midge.emit_c import emit
from midge.program import Program

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("MIDGE_SHARED") or HERE.parents[1] / "shared")
EMULATOR = SHARED / "tools" / "m0emu.c"
CC, AR = "arm-none-eabi-gcc", "arm-none-eabi-ar"
FLAGS = [
    "-mcpu=cortex-m0plus", "-mthumb", "-std=c99", "-O2", "-ffunction-sections",
    "-fdata-sections", "-nostartfiles", "-Wl,--gc-sections", "--specs=nosys.specs",
    "--specs=nano.specs", "-Wl,-z,noexecstack", "-Wl,--no-warn-rwx-segments",
]  # fmt: skip

LINK = """
MEMORY { FLASH (rx): ORIGIN = 0x10000000, LENGTH = 15M
         RAM (rwx): ORIGIN = 0x20000000, LENGTH = 264K }
ENTRY(_start)
SECTIONS {
  .text : { KEEP(*(.startup*)) *(.text*) } >FLASH
  .rodata : { *(.rodata*) . = ALIGN(4); } >FLASH
  .data : { . = ALIGN(16); *(.data*) *(.time_critical*) . = ALIGN(4); } >RAM
  .bss (NOLOAD): { . = ALIGN(16); *(.bss*) *(COMMON) . = ALIGN(16); end = .; } >RAM
  /DISCARD/ : { *(.comment) *(.ARM.attributes) *(.ARM.exidx*) *(.ARM.extab*) }
}
"""

_MODEL_MAIN = r"""
#include <string.h>
#include "midge.h"
#include "model_%(ident)s.h"
static uint8_t arena[%(arena)d] __attribute__((aligned(8)));
static void trace(void *arg, uint16_t op) {
    (void)arg;
    register uint32_t r0 __asm__("r0") = op;
    __asm__ volatile("bkpt #0x15" : "+r"(r0) :: "memory");
}
__attribute__((section(".startup"), noreturn)) void _start(void) {
    const midge_model_t *m = &midge_model_%(ident)s;
    memset(arena, 0xA5, sizeof(arena));
    midge_reset(m);
    const int8_t *golden = m->golden_in;
    for (size_t i = 0; i < m->n_inputs; i++) {
        const uint8_t sizes[] = { 1, 1, 2, 4, 4 }; // midge_dtype_t
        size_t n_bytes = m->inputs[i].size * sizes[m->inputs[i].dtype];
        memcpy(arena + m->inputs[i].offset, golden, n_bytes);
        golden += n_bytes;
    }
    midge_run(m, arena, trace, NULL);
    size_t n = m->outputs[0].size * %(out_item)d;
    register uint32_t r0 __asm__("r0") =
        memcmp(arena + m->outputs[0].offset, m->golden_out, n) == 0 ? 0u : 1u;
    __asm__ volatile("bkpt #0x11" :: "r"(r0));
    for (;;) {
    }
}
"""


def missing() -> str:
    """Why the emulated core cannot run here, or an empty text."""
    if not EMULATOR.exists():
        return f"{EMULATOR} is not there"
    if shutil.which(CC) is None:
        return f"{CC} is not installed (`make test` installs it)"
    return ""


@dataclass
class Run:
    """``op_cycles``: one number an op. ``exit_code`` 0: the golden output came out."""

    exit_code: int
    cycles: int
    op_cycles: list[int]
    stack_bytes: int
    text: str


def emulator(folder: Path) -> Path:
    """The emulator, compiled once into ``folder``."""
    program = folder / "m0emu"
    if not program.exists():
        subprocess.run(
            [core.compiler(), "-O2", "-w", "-o", str(program), str(EMULATOR)], check=True
        )
    return program


def link(folder: Path, main: str, sources: list[Path]) -> Path:
    """An ELF of the core, ``sources`` and a ``main.c`` with ``_start``."""
    (folder / "main.c").write_text(main, encoding="utf-8")
    (folder / "link.ld").write_text(LINK, encoding="utf-8")
    elf = folder / "run.elf"
    files = [str(p) for p in (folder / "main.c", *sources, core_archive())]
    command = [CC, *FLAGS, f"-T{folder / 'link.ld'}", f"-I{abi.core_dir()}", f"-I{folder}"]
    subprocess.run([*command, *files, "-o", str(elf)], check=True)
    return elf


@functools.cache
def core_archive() -> Path:
    """The core, compiled once a process."""
    folder = Path(tempfile.mkdtemp(prefix="midge-m0-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    files = [str(path) for path in core.sources()]
    compile_only = [flag for flag in FLAGS if not flag.startswith("-Wl")]
    command = [CC, *compile_only, f"-I{abi.core_dir()}", "-c", *files]
    subprocess.run(command, check=True, cwd=folder)
    archive = folder / "libmidge.a"
    objects = sorted(path.name for path in folder.glob("*.o"))
    subprocess.run([AR, "rcs", archive.name, *objects], check=True, cwd=folder)
    return archive


def execute(folder: Path, elf: Path, *options: str) -> Run:
    done = subprocess.run(
        [str(emulator(folder)), str(elf), *options], capture_output=True, text=True, check=False
    )
    text = done.stdout + done.stderr
    end = re.search(r"EXIT (\d+) cycles (\d+) .* stack (\d+)", text)
    assert end is not None, text[-2000:]
    marks = [int(c) for c in re.findall(r"MARK \d+ (\d+)", text)]
    op_cycles = [b - a for a, b in itertools.pairwise(marks)]
    return Run(int(end[1]), sum(op_cycles), op_cycles, int(end[3]), text)


def run_model(folder: Path, compiled: CompiledModel, *options: str) -> Run:
    """One inference of the model's golden sample."""
    source = next(p for p in emit(compiled, folder) if p.suffix == ".c")
    program = compiled.program
    names = {
        "ident": source.stem.removeprefix("model_"),
        "arena": program.arena_bytes,
        "out_item": np.dtype(program.outputs[0].dtype).itemsize,
    }
    return execute(folder, link(folder, _MODEL_MAIN % names, [source]), *options)


_LAYERS_MAIN = r"""
#include <string.h>
#include "midge_ops.h"
__asm__(".section .rodata\n.balign 8\nrecords: .incbin \"%(records)s\"\n"
    ".balign 4\n.word 0\n.text\n");
extern const uint32_t records[];
static uint8_t arena[%(arena)d] __attribute__((aligned(8)));
typedef struct _entry_t { uint32_t opcode; midge_kernel_t kernel; } entry_t;
#define ENTRY(opcode, name) { opcode, midge_##name },
static const entry_t entries[] = { MIDGE_OPS(ENTRY) };
static void mark(uint32_t number) {
    register uint32_t r0 __asm__("r0") = number;
    __asm__ volatile("bkpt #0x15" : "+r"(r0) :: "memory");
}
// A record: opcode, words, words of constants, bytes of arena; then words and constants.
__attribute__((section(".startup"), noreturn)) void _start(void) {
    for (const uint32_t *r = records; r[0] != 0; r += 4 + r[1] + r[2]) {
        midge_ctx_t ctx = { .arena = arena, .consts = (const uint8_t *)(r + 4 + r[1]) };
        const entry_t *e = entries;
        while (e->opcode != r[0]) {
            e++;
        }
        uint32_t x = 12345;
        for (uint32_t i = 0; i < r[3]; i++) {
            x = x * 1664525 + 1013904223;
            arena[i] = (uint8_t)(x >> 24);
        }
        mark(0);
        e->kernel(&ctx, r + 4);
        mark(1);
    }
    register uint32_t r0 __asm__("r0") = 0;
    __asm__ volatile("bkpt #0x11" :: "r"(r0));
    for (;;) {
    }
}
"""


def layer_cycles(folder: Path, programs: list[Program]) -> list[int]:
    """Cycles of programs of one step each, run over random bytes. They are planned here."""
    data, arena = b"", 8
    for program in programs:
        plan.plan(program)
        words, consts = pack.pack(program)
        consts += bytes(-len(consts) % 8)
        sizes = [words[0], len(words) - 2, len(consts) // 4, program.arena_bytes]
        data += np.array(sizes, np.uint32).tobytes() + words[2:].tobytes() + consts
        arena = max(arena, program.arena_bytes)
    (folder / "records").write_bytes(data)
    main = _LAYERS_MAIN % {"records": folder / "records", "arena": arena + 8}
    run = execute(folder, link(folder, main, []))
    assert run.exit_code == 0 and len(run.op_cycles) == 2 * len(programs) - 1, run.text[-500:]
    return run.op_cycles[::2]


_MODELS_MAIN = r"""
#include <string.h>
#include "midge.h"
%(includes)s
static const midge_model_t *const models[] = { %(models)s };
static uint8_t arena[%(arena)d] __attribute__((aligned(8)));
static const uint8_t sizes[] = {
    [MIDGE_INT8] = 1, [MIDGE_UINT8] = 1, [MIDGE_INT16] = 2, [MIDGE_INT32] = 4, [MIDGE_FLOAT32] = 4,
};
static size_t bytes(const midge_port_t *port) {
    return port->size * sizes[port->dtype];
}
static void trace(void *arg, uint16_t op) {
    (void)arg;
    register uint32_t r0 __asm__("r0") = op;
    __asm__ volatile("bkpt #0x15" : "+r"(r0) :: "memory");
}
__attribute__((section(".startup"), noreturn)) void _start(void) {
    uint32_t bad = 0;
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        const midge_model_t *m = models[i];
        memset(arena, 0xA5, sizeof(arena));
        memcpy(arena + m->inputs[0].offset, m->golden_in, bytes(m->inputs));
        midge_run(m, arena, trace, NULL);
        bad += memcmp(arena + m->outputs[0].offset, m->golden_out, bytes(m->outputs)) != 0;
    }
    register uint32_t r0 __asm__("r0") = bad;
    __asm__ volatile("bkpt #0x11" :: "r"(r0));
    for (;;) {
    }
}
"""


def models_cycles(folder: Path, models: list[CompiledModel]) -> list[list[int]]:
    """Cycles of each op of models of different names, one inference each of the golden
    sample; their outputs must be right."""
    sources = [p for m in models for p in emit(m, folder) if p.suffix == ".c"]
    names = [p.stem.removeprefix("model_") for p in sources]
    main = _MODELS_MAIN % {
        "includes": "\n".join(f'#include "model_{name}.h"' for name in names),
        "models": ", ".join(f"&midge_model_{name}" for name in names),
        "arena": max(m.program.arena_bytes for m in models),
    }
    run = execute(folder, link(folder, main, sources))
    assert run.exit_code == 0, f"{run.exit_code} models give a wrong output"
    marks = [int(c) for c in re.findall(r"MARK \d+ (\d+)", run.text)]
    found = []
    for model in models:
        ours, marks = marks[: len(model.program.steps) + 1], marks[len(model.program.steps) + 1 :]
        found.append([b - a for a, b in itertools.pairwise(ours)])
    return found
