"""What is measured on the emulated Pico, and that it is steady and adds up."""

from __future__ import annotations

import dataclasses
import json

import pytest
from firmwares import Firmware

from midge import bench
from midge.boards import load_board
from midge.errors import LinkError
from midge.links.emulated import EmulatedLink

# Cycles of a loop known from the Cortex-M0+ technical reference manual, table 3-1: SUBS 1,
# BNE taken 2, so 3 n less 1 for the last, which is not taken.
LOOP = """\
import array, machine, uctypes
@micropython.asm_thumb
def loop(r0, r1, r2, r3):
    mov(r5, 0)
    str(r5, [r1, 0])  # SysTick from 0
    ldr(r4, [r1, 0])
    str(r5, [r2, 0])  # mark
    label(A)
    sub(r0, r0, 1)
    bne(A)
    str(r5, [r2, 0])  # mark
    ldr(r5, [r1, 0])
    str(r4, [r3, 0])
    str(r5, [r3, 4])
machine.mem32[0xE000E014] = 0xFFFFFF
machine.mem32[0xE000E010] = 5
seen = array.array("I", [0, 0])
state = machine.disable_irq()
loop({n}, 0xE000E018, 0x4005800C, uctypes.addressof(seen))
machine.enable_irq(state)
print((seen[0] - seen[1]) & 0xFFFFFF)
"""


@pytest.mark.firmware
def test_systick_and_the_cores_own_count_agree_with_the_manual(link: EmulatedLink) -> None:
    counts = {}
    for n in (1, 1000, 100_000):
        link.pico.clear()
        systick = int(link.exec(LOOP.format(n=n)))
        first, last = link.pico.marks()
        counts[n] = (systick, last.cycles - first.cycles)
    base = counts[1]
    for n, (systick, cycles) in counts.items():
        assert cycles - base[1] == 3 * (n - 1)
        assert systick - base[0] == 3 * (n - 1)


@pytest.mark.firmware
@pytest.mark.slow
def test_a_measurement_adds_up_and_repeats(ad_firmware: Firmware) -> None:
    model, built = ad_firmware.models["ad"], ad_firmware.result
    first = bench.measure(model, built.uf2, built.elf)
    again = bench.measure(model, built.uf2, built.elf)
    assert first == again
    assert len(first.op_cycles) == len(model.program.steps)
    # predict() is the same layers plus the call from Python and copying input and output;
    # profile() adds two readings of the clock to each layer, some 100 cycles.
    assert abs(first.predict_cycles - sum(first.op_cycles)) < 200 * len(first.op_cycles) + 20_000
    assert 0 < first.stack_bytes < load_board("RPI_PICO").stack_bytes


@pytest.mark.firmware
def test_the_report(firmware: Firmware) -> None:
    model, board = firmware.models["tiny"], load_board("RPI_PICO")
    report = bench.bench(model, board)
    assert report == json.loads(json.dumps(report))
    assert report["cycles"] == sum(row["cycles"] for row in report["per_op"])
    assert report["macs"] == sum(row["macs"] for row in report["per_op"]) == model.program.macs
    assert report["ms"] == pytest.approx(1000 * report["cycles"] / 125e6)
    assert report["arena_bytes"] == model.program.arena_bytes
    assert report["weights_bytes"] == model.program.weights_bytes
    assert 0 < report["code_bytes"] < 64 * 1024


def test_a_board_without_an_emulator() -> None:
    board = dataclasses.replace(load_board("RPI_PICO"), name="OTHER", mcu="ESP32")
    with pytest.raises(LinkError, match="no emulator for ESP32"):
        bench.bench(None, board)  # type: ignore[arg-type]
