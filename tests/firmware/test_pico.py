"""The binding on the emulated Pico: real firmware, real mpremote."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from small_models import long_model

if TYPE_CHECKING:
    from midge.compile import CompiledModel
    from midge.firmware.build import BuildResult
    from midge.links.emulated import EmulatedLink

pytestmark = [pytest.mark.slow, pytest.mark.firmware]


@pytest.fixture(scope="module")
def pico(pico_firmware: BuildResult) -> Iterator[EmulatedLink]:
    from midge.links.emulated import EmulatedLink

    with EmulatedLink(pico_firmware.uf2) as link:
        yield link


def test_the_firmware_boots_and_infers(
    pico_firmware: BuildResult, models: list[CompiledModel]
) -> None:
    from midge.boot_test import boot_test

    pairs = [(np.full(4, 9 * i, np.int8), np.arange(4, dtype=np.int8) - i) for i in range(3)]
    report = boot_test(pico_firmware.uf2, models, {"pair": pairs})
    assert report.windows == len(pairs)
    assert report.models == tuple(model.meta.name for model in models)
    assert report.fs_free_bytes > 1_000_000
    # the memory map's heap, less what MicroPython keeps to manage it and has in use after boot
    assert 0.9 * pico_firmware.memory.heap_bytes < report.heap_free_bytes
    assert report.heap_free_bytes < pico_firmware.memory.heap_bytes


def test_the_clock_is_the_boards(pico: EmulatedLink) -> None:
    from midge.boards import load_board

    found = int(pico.exec("import machine; print(machine.freq())"))
    assert found == load_board("RPI_PICO").clock_hz


def test_profile_counts_cycles(pico: EmulatedLink) -> None:
    code = """
import midge
from array import array
from _midge import clock
m = midge.load("relu")
c = array("I", [0] * len(m.layers()))
m.profile(bytes(6), c)
first = list(c)
m.profile(bytes(6), c)
print(clock(), min(c) > 0, max(c) < 5000, first == list(c))"""
    assert pico.exec(code).split() == ["cycles", "True", "True", "True"]


def test_two_hundred_inferences_under_a_locked_heap(pico: EmulatedLink) -> None:
    code = """
import gc, micropython, midge
from array import array
m = midge.load("relu")
w, h, q = array("b", [9] * 6), array("h", [9] * 6), array("b", [0] * 6)
def go():
    gc.collect()
    before = gc.mem_free()
    micropython.heap_lock()
    for i in range(100):
        m.predict(w, q)
        m.predict(h, q)
    micropython.heap_unlock()
    return before - gc.mem_free()
print(go())"""
    assert int(pico.exec(code)) == 0


def test_a_soft_reset_frees_an_arena_that_a_stopped_core_held(
    pico_firmware: BuildResult, pico: EmulatedLink, tmp_path: Path
) -> None:
    # As if core 1 had been stopped in an inference: the emulated Pico has no core 1.
    symbols = subprocess.run(
        ["arm-none-eabi-nm", pico_firmware.elf], capture_output=True, text=True, check=True
    ).stdout
    (address,) = re.findall(r"^(\w+) b midge_busy$", symbols, re.MULTILINE)
    script = tmp_path / "after.py"
    script.write_text('import midge\nprint(list(midge.load("relu").predict(bytes(6))))\n')
    assert list(pico.run(script)) == ["[3, 3, 3, 3, 3, 3]"]  # the first run; the next resets
    stuck = f"""
import machine, midge, _midge
machine.mem8[0x{address}] = 1
for i in range(2):
    import _midge
    try:
        midge.load("relu").predict(bytes(6))
    except RuntimeError as e:
        print(str(e)[:31])"""
    assert pico.exec(stuck).splitlines() == ["an inference is running already"] * 2
    assert list(pico.run(script)) == ["[3, 3, 3, 3, 3, 3]"]


def test_an_interrupt_in_the_middle_is_refused_and_does_no_harm(tmp_path: Path) -> None:
    from midge.boards import load_board
    from midge.firmware.build import build
    from midge.links.emulated import EmulatedLink

    # a hard timer interrupt that infers too: most ticks hit predict() at work
    code = """
import machine, midge
m = midge.load("long")
w, q, other = bytearray([9] * 4096), bytearray(4096), bytearray(4096)
hits, wrong = 0, 0
def tick(t):
    global hits
    try:
        m.predict(other, other)
    except RuntimeError:
        hits += 1
t = machine.Timer(period=1, mode=machine.Timer.PERIODIC, callback=tick, hard=True)
for i in range(400):
    m.predict(w, q)
    wrong += q != w
    if hits >= 3:
        break
t.deinit()
print(hits >= 3, wrong)"""
    firmware = build([long_model(tmp_path)], load_board("RPI_PICO"), tmp_path / "out")
    with EmulatedLink(firmware.uf2) as pico:
        assert pico.exec(code, timeout_s=120).split() == ["True", "0"]
