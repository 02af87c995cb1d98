"""Measures the four reference models, fast and small, and records the figures.

python scripts/benchmarks.py            # all; some minutes
python scripts/benchmarks.py kws ad

Needs ../shared/models beside the checkout. Writes tests/emulator/benchmarks.json, which a test
holds new builds against, and docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "emulator"))

import recorded  # noqa: E402

from midge.firmware.files import write_whole  # noqa: E402

PAGE = ROOT / "docs" / "benchmarks.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(recorded.MODELS), metavar="MODEL")
    folder = ROOT.parent / "shared" / "models"
    found = json.loads(recorded.FILE.read_text()) if recorded.FILE.exists() else {}
    for name in parser.parse_args().names:
        for goal in [goal for model, goal in recorded.BUILDS if model == name]:
            figures = recorded.measure(folder, name, goal)
            found[recorded.key(name, goal)] = figures
            print(name, goal, figures, flush=True)
    write_whole(recorded.FILE, (json.dumps(found, indent=1, sort_keys=True) + "\n").encode())
    write_whole(PAGE, page(found).encode())


def page(found: dict[str, dict[str, Any]]) -> str:
    """docs/benchmarks.md."""
    lines = [
        "<!-- made by scripts/benchmarks.py: change it there -->",
        "",
        "# Benchmarks",
        "",
        "The four models of MLPerf Tiny on an emulated Raspberry Pi Pico (Cortex-M0+, 125 MHz),",
        "one inference, by `midge bench`: cycles of the core, flash without wait states; arena",
        "is all RAM that it needs besides the stack. *fast* and *small* are the two ends between",
        "which `[budget]` chooses; *24 KiB* is the fastest in that arena. The last column adds",
        "modelled misses of the flash cache.",
        "",
        "| model | build | cycles | cycles/MAC | ms | arena, B | stack, B | constants, B | "
        "code, B | ms with misses |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, goal in recorded.BUILDS:
        if row := found.get(recorded.key(name, goal)):
            lines.append(_row(recorded.MODELS[name][0], goal, row))
    lines += [
        "",
        "For comparison, the same models in TensorFlow Lite Micro with CMSIS-NN's kernels, Arm",
        "GCC 12.2 -O2, by the same count: 39.95 M and 22.8 KB (KWS), 119.9 M and 100.7 KB (VWW),",
        "137.3 M and 55.0 KB (IC), 2.36 M and 2.6 KB (AD).",
        "",
        "`python scripts/benchmarks.py` measures again and rewrites this page; a test fails when",
        "cycles, arena or code have grown by more than 1% since.",
    ]
    return "\n".join(lines) + "\n"


def _row(title: str, goal: str, row: dict[str, Any]) -> str:
    with_misses = "" if row["ms_with_misses"] is None else f"{row['ms_with_misses']:.1f}"
    return (
        f"| {title} | {goal} | {row['cycles']:,} | {row['cycles'] / row['macs']:.2f} | "
        f"{row['ms']:.1f} | {row['arena_bytes']:,} | {row['stack_bytes']:,} | "
        f"{row['weights_bytes']:,} | {row['code_bytes']:,} | {with_misses} |"
    )


if __name__ == "__main__":
    main()
