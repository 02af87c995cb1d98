"""The kernels on an emulated Cortex-M0+: 50 random cases of each, the assembly ones included."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "ops"))

import cases
import m0_kit
import numpy as np
import oracle
import pytest

from midge.program import BufferRef

KINDS = ("conv_2d", "conv_2d_ordinary", "depthwise_3x3", "fully_connected", "add_large")
COUNT = 50

_MAIN = r"""
#include <string.h>
#include "midge_ops.h"
__asm__(".section .rodata\n.balign 8\nrecords: .incbin \"%(records)s\"\n"
    ".balign 4\n.word 0\n.text\n");
extern const uint32_t records[];
static uint8_t arena[%(arena)d] __attribute__((aligned(8)));
// A record: words, words of constants, words of arena, where its scratch begins and ends; then
// these, the arena before and after. Written code differs from the host's scratch.
__attribute__((section(".startup"), noreturn)) void _start(void) {
    const uint32_t *r = records;
    register uint32_t r0 __asm__("r0");
    uint32_t bad = 0;
    while (r[0] != 0) {
        const int32_t *words = (const int32_t *)(r + 5);
        const uint32_t *consts = r + 5 + r[0];
        const uint32_t *before = consts + r[1];
        midge_ctx_t ctx = { .arena = arena, .consts = (const uint8_t *)consts };
        memcpy(arena, before, 4 * r[2]);
        bad += midge_run_words(words, r[0], &ctx) != 0;
        const uint8_t *after = (const uint8_t *)(before + r[2]);
        bad += memcmp(arena, after, r[3]) != 0;
        bad += memcmp(arena + r[4], after + r[4], 4 * r[2] - r[4]) != 0;
        r = before + 2 * r[2];
    }
    r0 = bad;
    __asm__ volatile("bkpt #0x11" :: "r"(r0));
    for (;;) {
    }
}
"""


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def record(
    compiled: oracle.Compiled,
    values: list[np.ndarray],
    want: list[np.ndarray],
    code: bool = False,
) -> bytes:
    """One run; the arena after it as the host has it, whose outputs equal the oracle's.

    ``code``: the scratch is not compared. What comes behind it is: the code had room.
    """
    before = compiled.arena(values)
    after = compiled.after(values)
    for found, expected in zip(compiled.outputs(after), want, strict=True):
        assert np.array_equal(found, expected)
    blocks = [compiled.words.tobytes(), compiled.consts, before.tobytes(), after.tobytes()]
    blocks = [padded(block) for block in blocks]
    sizes = [len(block) // 4 for block in blocks[:3]]
    scratch = compiled.program.steps[-1].params.get("scratch") if code else None
    place = [0, 0]
    if isinstance(scratch, BufferRef):
        buffer = compiled.program.buffers[scratch.buffer]
        place = [buffer.offset, buffer.offset + buffer.nbytes]
    return np.array([*sizes, *place], np.uint32).tobytes() + b"".join(blocks)


VARIANTS = [
    *((name, kernels) for name in KINDS for kernels in ("plain", "packed", "small")),
    *((name, "jit") for name in KINDS if name.startswith("conv_2d")),
]


@pytest.mark.parametrize(("name", "kernels"), VARIANTS)
def test_equals_the_host(name: str, kernels: str, tmp_path: Path) -> None:
    if m0_kit.missing():
        pytest.skip(m0_kit.missing())
    data, arena = b"", 8
    for number, graph, samples in cases.cases(name, COUNT):
        compiled = oracle.Compiled(graph, kernels, ("fastest", "smallest")[number % 2])
        for values, want in zip(samples, oracle.reference(graph, samples), strict=True):
            data += record(compiled, values, want, kernels == "jit")
        arena = max(arena, compiled.program.arena_bytes + 8)
    (tmp_path / "records").write_bytes(data)
    main = _MAIN % {"records": tmp_path / "records", "arena": arena}
    run = m0_kit.execute(tmp_path, m0_kit.link(tmp_path, main, []))
    assert run.exit_code == 0


def test_a_wrong_byte_is_seen(tmp_path: Path) -> None:
    if m0_kit.missing():
        pytest.skip(m0_kit.missing())
    _, graph, samples = next(cases.cases("fully_connected"))
    compiled = oracle.Compiled(graph, "packed")
    data = bytearray(record(compiled, samples[0], oracle.reference(graph, samples[:1])[0]))
    data[-4] ^= 1
    (tmp_path / "records").write_bytes(data)
    arena = compiled.program.arena_bytes + 8
    main = _MAIN % {"records": tmp_path / "records", "arena": arena}
    assert m0_kit.execute(tmp_path, m0_kit.link(tmp_path, main, [])).exit_code == 1
