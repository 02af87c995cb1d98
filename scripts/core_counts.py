"""Instructions of one inference on emulated processors, kernel for kernel (QEMU, -icount).

PYTHONPATH=host:tests python scripts/core_counts.py ../shared/models/*.tflite

Executed instructions at -O2, not cycles: repeatable, and good for ratios. `plain` is the portable
C, `chosen` what the compiler picks for the processor.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import bare_kit
import numpy as np

from midge import core, pack, passes, plan
from midge.lower import lower
from midge.program import Program
from midge.tflite_reader import read


def compiled(path: Path, kernels: str, cpu: str) -> Program:
    program = lower(passes.run(read(path)), kernels, cpu=cpu)
    plan.plan(program)
    return program


def counts(program: Program, cpu: str) -> list[int]:
    """Instructions of each step; the outputs must equal the host's."""
    words, consts = pack.pack(program)
    arena = np.random.default_rng(5).integers(0, 256, program.arena_bytes).astype(np.uint8)
    after = core.aligned_array(arena)
    core.load().run(words, consts, after)
    places = [program.buffers[port.buffer] for port in program.outputs]
    outputs = [after[b.offset : b.offset + b.nbytes] for b in places]
    record = bare_kit.record(program, words, consts, arena, outputs)
    run = bare_kit.execute(cpu, [record], counting=True)
    if run.complaints:
        raise SystemExit(f"{program.name} on {cpu}: {run.complaints}")
    return run.counts[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--cpu", action="append", help="default: all with a counter")
    parser.add_argument("--layers", action="store_true", help="each layer as well")
    args = parser.parse_args()
    cpus = args.cpu or [cpu for cpu, p in bare_kit.PROCESSORS.items() if p.icount is not None]
    print("| model | processor | plain | chosen | ratio | a MAC | plain arena | chosen arena |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for path in args.models:
        for cpu in cpus:
            if reason := bare_kit.PROCESSORS[cpu].missing():
                sys.exit(reason)
            sides = [compiled(path, kernels, cpu) for kernels in ("plain", "auto")]
            plain, chosen = ([*counts(program, cpu)] for program in sides)
            if args.layers:
                for step, count in zip(sides[1].steps, chosen, strict=True):
                    each = count / step.macs if step.macs else 0
                    print(f"  {count:10d} {each:6.2f} {step.kernel:24s} {step.layer[:60]}")
            a, b = sum(plain) / 1e6, sum(chosen) / 1e6
            each = b * 1e6 / max(sides[1].macs, 1)
            print(
                f"| {path.stem} | {cpu} | {a:.2f} M | {b:.2f} M | {b / a:.2f} | "
                f"{each:.2f} | {sides[0].arena_bytes} | {sides[1].arena_bytes} |"
            )


if __name__ == "__main__":
    main()
