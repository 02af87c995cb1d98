"""Prints the tables of docs/classical.md: agreement with scikit-learn, flash and cycles.

PYTHONPATH=host:tests:tests/classical python scripts/classical_table.py forest   # and emlearn's C
PYTHONPATH=host:tests:tests/classical python scripts/classical_table.py kinds

Cycles are of the bare emulated Cortex-M0+ (tests/m0_kit.py says what it needs), of one inference.
Flash: constants and code of what runs, without C's library.
"""

from __future__ import annotations

import argparse
import ctypes
import re
import subprocess
import tempfile
from pathlib import Path

import classical_kit
import m0_kit
import numpy as np
from sklearn.ensemble import RandomForestClassifier

from midge import core
from midge.budget import code_of
from midge.classical import convert, emlearn_c
from midge.compile import CompiledModel, compile_model
from midge.train import basic_motions

TREES, DEPTH = 20, 8
_MAIN = """
#include <stdint.h>
#include "model.h"
static const int16_t x[] = { %(x)s };
static void mark(uint32_t number) {
    register uint32_t r0 __asm__("r0") = number;
    __asm__ volatile("bkpt #0x15" : "+r"(r0) :: "memory");
}
__attribute__((section(".startup"), noreturn)) void _start(void) {
    mark(0);
    int found = model_predict(x, sizeof(x) / sizeof(x[0]));
    mark(1);
    register uint32_t r0 __asm__("r0") = found != %(wanted)d;
    __asm__ volatile("bkpt #0x11" :: "r"(r0));
    for (;;) {
    }
}
"""


def statistics() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean, deviation, least and greatest of each channel of BasicMotions, in counts."""
    data = basic_motions.load(accel_g=4, gyro_dps=2000)
    sets = []
    for split in (data.train, data.test):
        counts = split.counts.astype(np.float32)
        parts = [counts.mean(1), counts.std(1), counts.min(1), counts.max(1)]
        sets += [np.concatenate(parts, 1).astype(np.float32), split.classes]
    return sets[0], sets[1], sets[2], sets[3]


def flash(compiled: CompiledModel) -> int:
    """Constants, and code of the kernels."""
    return compiled.program.weights_bytes + code_of([compiled], "cortex-m0plus")[0]


def forests(data: tuple[np.ndarray, ...], integers: dict[str, float]) -> list[tuple[object, ...]]:
    """Rows of one data set: Midge's builds, and emlearn's. ``integers``: options of an int16
    input in whole steps; without, features are scaled to int16 for emlearn."""
    x, y, tested, _ = data
    forest = RandomForestClassifier(TREES, max_depth=DEPTH, random_state=0).fit(x, y)
    wanted = forest.predict(tested)
    ways: dict[str, dict[str, object]] = {
        "Midge, float32": {}, "Midge, float32, scaled": {"scaled": True},
    }  # fmt: skip
    if integers:
        ways["Midge, int16"] = {"input_type": "int16", **integers}
    models = []
    rows: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, options in enumerate(ways.values()):
            path = convert(forest, Path(folder) / f"m{number}.npz", x, **options)  # type: ignore[arg-type]
            models.append(compile_model(path))
        cycles = m0_kit.models_cycles(Path(folder), models)
        for name, model, each in zip(ways, models, cycles, strict=True):
            runner = model.runner()
            inputs = tested.astype(model.program.inputs[0].dtype)
            found = [int(runner.run([row])[0].argmax()) for row in inputs]
            agree = float(np.mean(forest.classes_[found] == wanted))
            rows.append((name, agree, flash(model), sum(each)))
    # As emlearn's guide has it: features scaled to the whole of int16, then trained on.
    most = float(np.abs(x).max())
    for scaled, note in ((x / most * 32000, "one scale"), (_spread(x, x), "each scaled")):
        again = RandomForestClassifier(TREES, max_depth=DEPTH, random_state=0).fit(scaled, y)
        test = tested / most * 32000 if note == "one scale" else _spread(tested, x)
        for method, bits in (("inline", 0), ("inline", 8), ("loadable", 0)):
            name = f"emlearn {method}, {'leaves' if bits else 'votes'}, {note}"
            rows.append((name, *_emlearn(again, scaled, test, method, bits)))
    return rows


def _spread(values: np.ndarray, trained: np.ndarray) -> np.ndarray:
    """Each feature over +-16000 of its training range, which leaves room beyond it."""
    low, high = trained.min(0), trained.max(0)
    half = np.maximum((high - low) / 2, 1e-6)
    return np.clip((values - (low + high) / 2) / half * 16000, -32767, 32767).astype(np.float32)


def _emlearn(
    forest: RandomForestClassifier, x: np.ndarray, tested: np.ndarray, method: str, bits: int
) -> tuple[float, int, int]:
    wanted = forest.predict(tested)
    steps = np.rint(tested).astype(np.int16)
    first = np.rint(x[0]).astype(np.int16)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.h").write_text(emlearn_c.source(forest, method, bits))
        include = f"-I{emlearn_c.include_dir()}"
        (folder / "host.c").write_text('#include "model.h"\n')
        library = folder / "model.so"
        command = [core.compiler(), "-O1", "-w", "-shared", "-fPIC", include, f"-I{folder}"]
        subprocess.run([*command, str(folder / "host.c"), "-o", str(library)], check=True)
        predict = ctypes.CDLL(str(library)).model_predict
        answers = [predict(row.ctypes.data_as(ctypes.c_void_p), row.size) for row in steps]
        said = predict(first.ctypes.data_as(ctypes.c_void_p), first.size)
        main = {"x": ", ".join(map(str, first)), "wanted": said}
        (folder / "main.c").write_text(_MAIN % main)
        (folder / "link.ld").write_text(m0_kit.LINK)
        elf = folder / "run.elf"
        command = [m0_kit.CC, *m0_kit.FLAGS, "-w", f"-T{folder / 'link.ld'}", include]
        command += [f"-I{folder}", str(folder / "main.c"), "-lm", "-o", str(elf)]
        subprocess.run(command, check=True)
        run = m0_kit.execute(folder, elf)
        assert run.exit_code == 0, run.text
        listing = subprocess.run(
            ["arm-none-eabi-nm", "-S", str(elf)], capture_output=True, text=True, check=True
        ).stdout
        mine = re.findall(r"^\w+ (\w+) [tTrRdD] (?:model|eml)_?\w*$", listing, re.M)
    agree = float(np.mean(np.array(answers) == wanted))
    return agree, sum(int(size, 16) for size in mine), run.op_cycles[0]


def show(rows: list[tuple[object, ...]]) -> None:
    print("|  | agrees | flash B | cycles |\n|---|--:|--:|--:|")
    for name, agree, size, cycles in rows:
        print(f"| {name} | {agree:.2%} | {size:,} | {cycles:,} |")


def kinds() -> None:
    """Every case of the tests: agreement on what was not trained on."""
    names = [n for n in classical_kit.CASES if n not in classical_kit.DENSITIES]
    with tempfile.TemporaryDirectory() as folder:
        compiled = [classical_kit.fitted(name).compiled for name in names]
        cycles = m0_kit.models_cycles(Path(folder), compiled)
    rows: list[tuple[object, ...]] = []
    for name, each in zip(names, cycles, strict=True):
        one = classical_kit.fitted(name)
        tested = classical_kit.tested(name)
        wanted = one.estimator.predict(tested)
        if name in classical_kit.REGRESSION:
            off = np.abs(one.real[:, 0] - wanted).max() / np.ptp(wanted)
            name, agree = f"{name} (1 - worst error / range)", 1 - float(off)
        else:
            wanted = one.estimator.predict_proba(tested).argmax(1)
            agree = float(np.mean(one.scores.argmax(1) == wanted))
        rows.append((name, agree, flash(one.compiled), sum(each)))
    show(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("forest", "kinds"))
    if parser.parse_args().what == "kinds":
        kinds()
        return
    for name, data, integers in (
        ("digits", classical_kit.digits(), {"input_scale": 1.0}),
        ("BasicMotions, statistics", statistics(), {}),
        ("digits, features of unlike size", classical_kit.unlike(), {}),
    ):
        print(f"\n{name}\n")
        show(forests(data, integers))


if __name__ == "__main__":
    main()
