"""profile()'s clock on RP2040: a 24-bit counter and a microsecond timer make one long count."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

# The SDK's names that midge_clock.c uses, with values a test can set.
STUBS = {
    "py/mphal.h": "#include <stdint.h>\n",
    "hardware/clocks.h": "enum { clk_sys };\nuint32_t clock_get_hz(int clock);\n",
    "hardware/timer.h": "uint64_t time_us_64(void);\n",
    "hardware/structs/systick.h": (
        "typedef struct { uint32_t csr, rvr, cvr; } systick_hw_t;\n"
        "extern systick_hw_t *systick_hw;\n"
    ),
}
MAIN = """
#include <inttypes.h>
#include <stdio.h>
#include "midge_clock.h"
#include "py/mphal.h"
#include "hardware/clocks.h"
#include "hardware/structs/systick.h"
static systick_hw_t regs;
systick_hw_t *systick_hw = &regs;
uint32_t clock_get_hz(int clock) { (void)clock; return 125000000; }
uint64_t time_us_64(void) { return 0; }
int main(void) {
    uint64_t us0, us1;
    uint32_t t0, t1;
    while (scanf("%" SCNu64 " %" SCNu32 " %" SCNu64 " %" SCNu32, &us0, &t0, &us1, &t1) == 4) {
        midge_clock_t from = {us0, t0}, to = {us1, t1};
        printf("%" PRIu32 "\\n", midge_clock_between(&from, &to));
    }
    return 0;
}
"""
MASK = (1 << 24) - 1


@pytest.fixture(scope="module")
def between(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    folder = tmp_path_factory.mktemp("clock")
    for name, text in STUBS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "main.c").write_text(MAIN)
    binding = root / "firmware_modules" / "midge_mpy"
    subprocess.run(
        ["cc", "-DPICO_RP2040=1", "-Wall", "-Wextra", "-Werror", f"-I{folder}", f"-I{binding}",
         folder / "main.c", binding / "midge_clock.c", "-o", folder / "clock"],
        check=True,
    )  # fmt: skip
    return folder / "clock"


def test_long_times_are_counted_to_the_cycle(between: Path) -> None:
    # from nothing to the longest that fits 32 bits; the timer may be off by a few microseconds,
    # as it is read just before the counter and ticks only once each
    cycles = [0, 1, 124, 125, MASK - 1, MASK, MASK + 1, 20_000_000, 3 * (MASK + 1) - 1,
              3 * (MASK + 1), 3 * (MASK + 1) + 1, 1_000_000_007, 4_294_967_295]  # fmt: skip
    rows, wanted = [], []
    for count in cycles:
        for start in (0, 5, MASK // 2, MASK):
            for late in (-3, 0, 3):
                us = max(0, count // 125 + late)
                rows.append(f"1000 {start} {1000 + us} {(start - count) & MASK}")
                wanted.append(count)
    done = subprocess.run([between], input="\n".join(rows), capture_output=True, text=True)
    assert [int(line) for line in done.stdout.split()] == wanted


def test_what_does_not_fit_is_the_largest_number(between: Path) -> None:
    # 40 s at 125 MHz are 5e9 cycles
    done = subprocess.run([between], input=f"0 {MASK} 40000000 0", capture_output=True, text=True)
    assert int(done.stdout) == 0xFFFFFFFF
