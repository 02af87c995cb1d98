"""Cycles of the signal blocks on the emulated bare Cortex-M0+.

PYTHONPATH=host:tests python scripts/dsp_cycles.py [--json]

Needs the Arm compiler and the development emulator, ../shared/tools/m0emu.c beside the checkout.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import m0_kit
import numpy as np

from midge import abi
from midge.dsp import blocks, filters, image, speech
from midge.dsp.chain import Chain, CompiledChain

_MAIN = r"""
#include <string.h>
#include "midge_ops.h"
#include "midge_dsp_ops.h"
static const uint32_t consts[] = {%(consts)s};
static const uint32_t hops[] = {%(hops)s};
static const uint32_t after[] = {%(after)s};
static uint8_t arena[%(arena)d] __attribute__((aligned(8)));
%(params)s
static const midge_op_t ops[] = {%(ops)s};
static void mark(uint32_t n) {
    register uint32_t r0 __asm__("r0") = n;
    __asm__ volatile("bkpt #0x15" : "+r"(r0) :: "memory");
}
__attribute__((section(".startup"), noreturn)) void _start(void) {
    midge_ctx_t ctx = { .arena = arena, .consts = (const uint8_t *)consts };
    for (uint32_t i = 0; i < sizeof(hops) / %(hop_bytes)du; i++) {
        memcpy(arena + %(input)d, (const uint8_t *)hops + i * %(hop_bytes)du, %(hop_bytes)du);
        for (uint32_t n = 0; n < sizeof(ops) / sizeof(*ops); n++) {
            mark(n);
            ops[n].kernel(&ctx, ops[n].params);
        }
        mark(99);
    }
    register uint32_t r0 __asm__("r0") = memcmp(arena, after, sizeof(after)) == 0 ? 0u : 1u;
    __asm__ volatile("bkpt #0x11" :: "r"(r0));
    for (;;) {
    }
}
"""


def _c_words(data: bytes) -> str:
    words = np.frombuffer(data + bytes(-len(data) % 4), "<u4")
    return ", ".join(f"{word}u" for word in words) or "0"


def measure(compiled: CompiledChain, hops: np.ndarray) -> list[tuple[str, int]]:
    """Cycles of each step in the last of some hops, and a check of the host's bits.

    Args:
        hops: [n, *input's shape].
    """
    arena = compiled.arena()
    for hop in hops:
        compiled.run(arena, hop)
    names = {kernel.opcode: kernel.name for kernel in abi.load().kernels.values()}
    params, ops, at = [], [], 0
    while at < compiled.words.size:
        opcode, n = compiled.words[at : at + 2].tolist()
        values = ", ".join(
            f"(int32_t){v & 0xFFFFFFFF}u" for v in compiled.words[at + 2 :][:n].tolist()
        )
        params.append(f"static const int32_t p{len(ops)}[] = {{{values}}};")
        ops.append(f"{{midge_{names[opcode]}, p{len(ops)}, 0}}")
        at += 2 + n
    main = _MAIN % {
        "consts": _c_words(compiled.consts), "hops": _c_words(hops.tobytes()),
        "after": _c_words(arena.tobytes()), "arena": arena.size, "params": "\n".join(params),
        "ops": ", ".join(ops), "hop_bytes": hops[0].nbytes,
        "input": compiled.program.buffers[compiled.input.buffer].offset,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = m0_kit.execute(folder, m0_kit.link(folder, main, []))
    assert run.exit_code == 0, "the emulated board's arena differs from the host's"
    last = run.op_cycles[-len(ops) :]
    steps = compiled.program.steps
    return [(step.kernel, cycles) for step, cycles in zip(steps, last, strict=True)]


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 3000, shape).astype(np.int16)


def _one(shape: tuple[int, ...], add) -> tuple[CompiledChain, np.ndarray]:  # type: ignore[no-untyped-def]
    chain = Chain("cycles", shape)
    return chain.compile(add(chain)), noise(2, *shape)


SIX = ["mean", "rms", "std", "min", "max", "zero_crossings"]
ALL = [*SIX, "peak_to_peak", "skew", "kurtosis", "crest"]


def cases() -> dict[str, tuple[CompiledChain, np.ndarray]]:
    """What is measured: name -> chain and hops."""
    spec = speech.LOG_MEL
    narrow = filters.design("lowpass", 16000, 2000)
    wide = filters.design("highpass", 16000, 60)
    low_pass = filters.decimator(16000, 2)
    picture = Chain("picture", (96 * 96 * 2,), "uint8")
    table = image.intensity_table([128.0], [64.0], 1 / 64, 0)
    pixels = image.picture(
        picture, (96, 96), "rgb565", image.Crop(0, 0, 96, 96), (48, 48, 1), table
    )
    return {
        "log-mel": (spec.compile(), noise(3, spec.hop, 1)),
        "mfcc": (speech.MFCC.compile(), noise(3, spec.hop, 1)),
        "micro_speech": (speech.MICRO_SPEECH.compile(), noise(3, 320, 1)),
        "biquad, 256 samples": _one((1, 256), lambda c: blocks.biquad(c, c.input, narrow)),
        "wide biquad, 256 samples": _one((1, 256), lambda c: blocks.biquad(c, c.input, wide)),
        "decimate by 2, 256 samples": _one(
            (1, 256), lambda c: blocks.decimate(c, c.input, low_pass)
        ),
        "six statistics, 3 x 100": _one((3, 100), lambda c: blocks.stats(c, c.input, SIX)),
        "ten statistics, 3 x 100": _one((3, 100), lambda c: blocks.stats(c, c.input, ALL)),
        "fft, 2048 points": _one((2048,), lambda c: blocks.fft(c, c.input)),
        "fft and magnitude, 512": _one(
            (512,), lambda c: blocks.magnitude(c, blocks.fft(c, c.input))
        ),
        "picture, 96 x 96 to 48 x 48": (
            picture.compile(pixels),
            np.random.default_rng(1).integers(0, 256, (1, 96 * 96 * 2)).astype(np.uint8),
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = {name: measure(*case) for name, case in cases().items()}
    if args.json:
        print(json.dumps(found))
        return
    for name, steps in found.items():
        each = ", ".join(f"{block.removeprefix('dsp_')} {cycles}" for block, cycles in steps)
        print(f"{name:28s} {sum(cycles for _, cycles in steps):8d}  {each}")


if __name__ == "__main__":
    main()
