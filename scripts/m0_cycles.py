"""Cycles of models on the emulated bare Cortex-M0+, layer by layer: for kernel development.

PYTHONPATH=host:tests python scripts/m0_cycles.py ../shared/models/*.tflite

Needs the Arm compiler and the development emulator, ../shared/tools/m0emu.c beside the checkout.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from pathlib import Path

import m0_kit

from midge.compile import compile_model


def kernel_bytes(elf: Path) -> int:
    """Flash and SRAM of the core's functions and tables."""
    listing = subprocess.run(
        ["arm-none-eabi-nm", "-S", str(elf)], capture_output=True, text=True, check=True
    ).stdout
    sizes = re.findall(r"^\w+ (\w+) [tT] (\w+)$", listing, re.M)
    return sum(int(size, 16) for size, name in sizes if name != "_start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--quiet", action="store_true", help="totals only")
    args = parser.parse_args()
    for path in args.models:
        compiled = compile_model(path)
        with tempfile.TemporaryDirectory() as name:
            run = m0_kit.run_model(Path(name), compiled)
            code = kernel_bytes(Path(name) / "run.elf")
        program = compiled.program
        if not args.quiet:
            for step, cycles in zip(program.steps, run.op_cycles, strict=True):
                each = f"{cycles / step.macs:6.2f}" if step.macs else "      "
                print(f"{cycles:10d} {each} {step.macs:9d} {step.kernel:22s} {step.layer[:60]}")
        state = "exact" if run.exit_code == 0 else "WRONG"
        print(
            f"{path.stem}: {state}, {run.cycles / 1e6:.3f} M cycles, "
            f"{run.cycles / max(program.macs, 1):.2f} a MAC, arena {program.arena_bytes}, "
            f"weights {program.weights_bytes}, code {code}, stack {run.stack_bytes}"
        )


if __name__ == "__main__":
    main()
