"""Measures one inference on the emulated board: cycles by layer, memory, time and energy.

The emulated core counts cycles as the Cortex-M0+ technical reference manual gives them, except
PUSH with lr and POP with pc, which come out one short each; flash has no wait states (on a real
RP2040 a miss of the XIP cache costs more). The same firmware and input give the same numbers
every time. What the flash's cache would miss is modelled apart: :mod:`midge.emulator.xip`.
"""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from midge import arena_map
from midge.compile import CompiledModel
from midge.emulator import infer, xip
from midge.errors import LinkError
from midge.firmware import linkmap
from midge.golden import golden_inputs
from midge.links.base import Progress
from midge.links.emulated import EmulatedLink
from midge.power import inference_mj

if TYPE_CHECKING:
    from midge.boards import Board
    from midge.firmware.build import BuildResult

TIMEOUT_S = 900.0
EMULATED_MCUS = ("rp2040",)

# Interrupts are off while something is measured: they would be counted in.
_SCRIPT = """\
load(0)
counts = array.array("I", bytes(4 * len(m.layers())))
predict, profile = m.predict, m.profile
off, on = machine.disable_irq, machine.enable_irq

def measure():
    state = off()
    profile(x, counts)
    on(state)
    state = off()
    mem32[0x40058018] = 1
    mem32[0x4005800C] = 1
    predict(x, y)
    mem32[0x4005800C] = 2
    mem32[0x40058018] = 0
    on(state)

measure()
for layer, count in zip(m.layers(), counts):
    print(count, layer)
"""


@dataclasses.dataclass(frozen=True)
class Measurement:
    """What the emulated board gave."""

    op_cycles: list[int]  # by SysTick
    predict_cycles: int  # one call of predict() from Python, by the emulated core's own count
    stack_bytes: int  # below the interpreter's frame that called predict()
    reads: list[xip.LayerReads] | None = None  # None: not modelled


def bench(
    compiled: CompiledModel, board: Board, progress: Progress | None = None
) -> dict[str, Any]:
    """Builds firmware with the one model, boots it, and measures an inference.

    The input is the model's golden sample (:mod:`midge.golden`).

    Returns:
        A dict that JSON can carry: ``model``, ``board``, ``cycles`` (sum of all layers),
        ``predict_cycles`` (one ``predict()`` call from Python), ``macs``, ``cycles_per_mac``,
        ``per_op`` (list of ``layer``, ``op``, ``kernel``, ``note`` (what sets it apart from
        other ways), ``cycles``, ``expected_cycles`` (:mod:`midge.cost`), ``macs``,
        ``flash_read_bytes``, ``xip_misses``), ``arena`` (:func:`arena_map.rows`), ``front``
        (ways to build it, fast to small: ``arena_bytes``, ``expected_cycles``),
        ``arena_bytes``, ``state_bytes`` (kept between inferences), ``weights_bytes`` (flash of
        all constants), ``code_bytes`` (flash of the kernels used), ``tables_bytes`` (flash of
        parameters, names and golden sample),
        ``stack_bytes``, ``clock_hz``, ``ms``, ``uj`` (energy of the board while it computes,
        microjoules; None if the board's current is not known), and ``xip``: ``misses``,
        ``miss_cycles`` each, and ``ms`` with them (None, as the fields of ``per_op``, where the
        simulator, midge[xip], is not installed).

    Raises:
        BuildError, BudgetError: as :func:`midge.firmware.build.build`.
        LinkError: this board has no emulator, or it failed.
    """
    from midge.firmware.build import build

    need_emulator(board)
    say = progress or (lambda _text: None)
    with tempfile.TemporaryDirectory(prefix="midge-bench-") as folder:
        result = build([compiled], board, Path(folder), progress=progress)
        say(f"measuring {compiled.meta.name} on the emulated Pico")
        measured = measure(compiled, result.uf2, result.elf)
        if xip.available() and board.xip_cache_bytes:
            say("modelling the flash cache")
            measured = dataclasses.replace(measured, reads=_reads(compiled, board, result))
    return _report(compiled, board, result, measured)


def need_emulator(board: Board) -> None:
    """Raises LinkError where there is no emulator for the board."""
    if board.mcu.lower() not in EMULATED_MCUS:
        raise LinkError(
            f"there is no emulator for {board.mcu}, only for {', '.join(EMULATED_MCUS)}",
            where=board.name,
            do="measure on --board RPI_PICO",
        )


def measure(compiled: CompiledModel, uf2: Path, elf: Path | None = None) -> Measurement:
    """Measures one inference of a model in a firmware that has it.

    Args:
        elf: the firmware's ELF; without it the stack is not measured (0).

    Raises:
        LinkError: the emulator failed, the model is not in the firmware, or the two ways of
            counting disagree.
    """
    with EmulatedLink(uf2) as link:
        if elf is not None:
            link.pico.set_stack_bottom(linkmap.symbol(elf, "__StackBottom"))
        infer.fill(link, compiled, 0, golden_inputs(compiled))
        lines = infer.run_source(link, infer.prelude(compiled) + _SCRIPT, TIMEOUT_S)
        marks, stack = link.pico.marks(), link.pico.stack_used()
    op_cycles = [int(line.split(" ", 1)[0]) for line in lines]
    steps = compiled.program.steps
    if len(op_cycles) != len(steps) or [mark.value for mark in marks] != [1, 2]:
        raise LinkError(
            f"the board reported {len(op_cycles)} layers and {len(marks)} marks, "
            f"needed {len(steps)} and 2",
            where=str(uf2),
            do="build the firmware again from this model",
        )
    return Measurement(op_cycles, marks[1].cycles - marks[0].cycles, stack[0] if stack else 0)


def _reads(compiled: CompiledModel, board: Board, result: BuildResult) -> list[xip.LayerReads]:
    with EmulatedLink(result.uf2) as link:
        return xip.trace(link, compiled, board, result.bin, result.elf)


def _report(
    compiled: CompiledModel, board: Board, result: BuildResult, measured: Measurement
) -> dict[str, Any]:
    program, memory = compiled.program, result.memory
    cycles = sum(measured.op_cycles)
    reads: list[xip.LayerReads] | list[None] = measured.reads or [None] * len(program.steps)
    per_op = [
        {
            "layer": step.layer,
            "op": step.op,
            "kernel": step.kernel,
            "note": step.note,
            "cycles": count,
            "expected_cycles": None if step.cycles is None else round(step.cycles),
            "macs": step.macs,
            "flash_read_bytes": read.code_bytes + read.data_bytes if read else None,
            "xip_misses": read.misses if read else None,
        }
        for step, count, read in zip(program.steps, measured.op_cycles, reads, strict=True)
    ]
    ms = 1000 * cycles / board.clock_hz
    return {
        "model": compiled.meta.name,
        "sha256": program.sha256,
        "board": board.name,
        "clock_hz": board.clock_hz,
        "cycles": cycles,
        "predict_cycles": measured.predict_cycles,
        "macs": program.macs,
        "cycles_per_mac": cycles / program.macs if program.macs else None,
        "ms": ms,
        "uj": 1000 * inference_mj(board, cycles) if board.active_ma else None,
        "arena_bytes": program.arena_bytes,
        "state_bytes": program.state_bytes,
        "weights_bytes": program.weights_bytes,
        "code_bytes": memory.code_bytes,
        "tables_bytes": memory.models[compiled.meta.name].tables,
        "stack_bytes": measured.stack_bytes,
        "xip": _xip(board, cycles, measured.reads),
        "arena": arena_map.rows(compiled),
        "front": [
            {"arena_bytes": point.arena_bytes, "expected_cycles": round(point.cycles)}
            for point in compiled.chooser.front()
        ],
        "per_op": per_op,
    }


def _xip(board: Board, cycles: int, reads: list[xip.LayerReads] | None) -> dict[str, float] | None:
    if reads is None:
        return None
    misses = sum(read.misses for read in reads)
    total = cycles + misses * board.xip_miss_cycles
    return {
        "misses": misses,
        "miss_cycles": board.xip_miss_cycles,
        "ms": 1000 * total / board.clock_hz,
    }
