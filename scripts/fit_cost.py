"""Fits the cost model's coefficients: measures random layers on the emulated Cortex-M0+.

PYTHONPATH=host:tests python scripts/fit_cost.py            # writes the CPU's file in midge/cost
PYTHONPATH=host:tests python scripts/fit_cost.py --check    # only says how far off the file is

Needs what scripts/m0_cycles.py needs, and scipy.
"""

from __future__ import annotations

import argparse
import tempfile
import zlib
from pathlib import Path

import cost_layers
import m0_kit
import numpy as np
from scipy.optimize import nnls

from midge import choose, cost
from midge.cost.counts import counts
from midge.lower import draft
from midge.program import Program

CPU = "cortex-m0plus"
FILE = Path(cost.__file__).parent / f"{CPU}.toml"
RAM = 150_000  # of the emulated core, for the arena
BATCH = 500
_HEAD = """\
# Cycles of one turn of a kernel's loops on a Cortex-M0+: see midge/cost. Fitted by
#   PYTHONPATH=host:tests python scripts/fit_cost.py
# to random layers on the emulated core (cycles by the technical reference manual, no wait states).
# The comment of a kernel: layers measured; mean and worst error over them, in percent. Those
# without one are written by hand and stay as they are.
"""

Row = tuple[str, dict[str, float], int]  # kernel, counts, cycles


def programs(count: float) -> list[Program]:
    """Single layers; of each, up to four candidates."""
    found = []
    for kind, number in cost_layers.KINDS.items():
        for i in range(max(3, round(number * count))):
            seed = zlib.crc32(kind.encode()) % 100_000 + i
            layers = draft(cost_layers.layer(kind, seed))
            rng = np.random.default_rng(seed)
            for at, layer in enumerate(layers.layers):
                numbers = range(len(layer.candidates))
                picked = {0, numbers[-1], *(int(n) for n in rng.choice(numbers, 2))}
                for pick in sorted(picked):
                    one = choose.settle(
                        layers, [0] * at + [pick] + [0] * (len(layers.layers) - at - 1)
                    )
                    one.steps = [one.steps[at]]
                    if sum(buffer.nbytes for buffer in one.buffers) < RAM:
                        found.append(one)
    return found


def measure(found: list[Program]) -> list[Row]:
    rows = []
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        with tempfile.TemporaryDirectory() as folder:
            cycles = m0_kit.layer_cycles(Path(folder), batch)
        for program, each in zip(batch, cycles, strict=True):
            step = program.steps[0]
            rows.append((step.kernel, counts(step.kernel, step.params, program.consts), each))
        print(f"measured {len(rows)} of {len(found)}", flush=True)
    return rows


def fit(rows: list[Row]) -> dict[str, dict[str, float]]:
    """Least squares of the relative errors, no coefficient below 0."""
    result = {}
    for kernel in sorted({row[0] for row in rows}):
        mine = [row for row in rows if row[0] == kernel]
        names = sorted({name for _, found, _ in mine for name in found})
        cycles = np.array([row[2] for row in mine], float)
        table = np.array([[found.get(name, 0.0) for name in names] for _, found, _ in mine])
        solved, _ = nnls(table / cycles[:, None], np.ones(len(mine)))
        result[kernel] = dict(zip(names, (float(f"{v:.4g}") for v in solved), strict=True))
    return result


def errors(rows: list[Row], known: dict[str, dict[str, float]]) -> dict[str, np.ndarray]:
    """Relative errors by kernel."""
    found: dict[str, list[float]] = {}
    for kernel, each, cycles in rows:
        guess = sum(n * known.get(kernel, {}).get(name, 0.0) for name, n in each.items())
        found.setdefault(kernel, []).append(guess / cycles - 1)
    return {kernel: np.array(values) for kernel, values in found.items()}


def tables(known: dict[str, dict[str, float]], off: dict[str, np.ndarray]) -> list[str]:
    """Lines of TOML: a table a kernel, how many were measured and how far off beside it."""
    lines = []
    for kernel, values in known.items():
        size = np.abs(off[kernel]) * 100
        lines.append(f"[{kernel}]  # {len(size)}; {size.mean():.1f}, {size.max():.1f}")
        lines += [f"{name} = {value:g}" for name, value in values.items() if value > 0]
        lines.append("")
    return lines


def tell(off: dict[str, np.ndarray], what: str) -> None:
    """Prints how far off each kernel is."""
    for kernel, each in off.items():
        size = np.abs(each) * 100
        print(
            f"{kernel:24s} {len(each):4d} {what}, mean {size.mean():5.1f}%, "
            f"worst {size.max():5.1f}%"
        )


def text(known: dict[str, dict[str, float]], off: dict[str, np.ndarray]) -> str:
    lines = [_HEAD, *tables(known, off)]
    for kernel, values in cost.coefficients(CPU).items():
        if kernel not in known:  # not among the random layers
            lines += [
                f"[{kernel}]",
                *(f"{name} = {value:g}" for name, value in values.items()),
                "",
            ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="measure and compare, write nothing")
    parser.add_argument("--count", type=float, default=1.0, help="how many layers, as a factor")
    args = parser.parse_args()
    rows = measure(programs(args.count))
    known = cost.coefficients(CPU) if args.check else fit(rows)
    off = errors(rows, known)
    tell(off, "layers")
    if not args.check:
        FILE.write_text(text(known, off), encoding="utf-8")


if __name__ == "__main__":
    main()
