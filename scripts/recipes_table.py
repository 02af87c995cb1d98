"""The table of docs/compression.md: recipes, each as trained and after each step by itself.

    python scripts/recipes_table.py [gesture] [digits] [glitches] [bearing ../shared/data/FILE.npz]

A network is trained once in float; float and PTQ are that network, each other column what a step
makes of it (the last that was kept, or else tried). Accuracy on the windows to test with; KiB in
flash and expected cycles on the Pico. `digits` (scikit-learn's, a row of pixels a sample) and
`glitches` (the same, in one of fifty a pixel at 200 times the brightest) need scikit-learn. Some
minutes a line.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from midge.project import Project, load_project
from midge.train import load_dataset, pipeline
from midge.train.inputs import Inputs

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
STEPS = ("qat", "prune", "low_rank", "distill")  # distill last: later ones follow its teacher
RECIPES = {
    "gesture": ["conv1d", "resnet"],
    "digits": ["dense", "resnet", "mobilenet"],
    "glitches": ["resnet"],
    "bearing": ["vibration"],
}
_DIGITS = """\
[project]
name = "digits"
[data]
source = "digits.npz"
[sensor]
rate_hz = 8
channels = ["a", "b", "c", "d", "e", "f", "g", "h"]
[window]
length = 8
[model]
recipe = "resnet"
epochs = 25
batch_size = 32
"""


def digits(folder: Path, glitches: bool) -> Project:
    """A project of scikit-learn's digits, in counts."""
    from sklearn.datasets import load_digits

    data = load_digits()
    counts = (data.images * 10 - 80).astype(np.int16)
    if glitches:
        rng = np.random.default_rng(5)
        for case in np.flatnonzero(rng.random(len(counts)) < 0.02):
            counts[case, rng.integers(8), rng.integers(8)] = 32000
    names = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight",
                      "nine"])  # fmt: skip
    np.savez(
        folder / "digits.npz", samples=counts.reshape(-1, 8), length=np.full(len(counts), 8),
        rate_hz=8, label=names[data.target],
    )  # fmt: skip
    (folder / "midge.toml").write_text(_DIGITS, encoding="utf-8")
    return load_project(folder)


def bearing(folder: Path, recordings: str) -> Project:
    """The example, tested at 1797 rpm."""
    sys.path.insert(0, str(EXAMPLES / "bearing"))
    import cwru

    shutil.copy(EXAMPLES / "bearing" / "midge.toml", folder)
    cwru.main(Path(recordings), "1797", folder / "recordings")
    return load_project(folder)


def project_of(name: str, folder: Path, rest: list[str]) -> Project:
    if name == "bearing":
        return bearing(folder, rest.pop(0))
    if name == "gesture":
        shutil.copy(EXAMPLES / "gesture" / "midge.toml", folder)
        return load_project(folder)
    return digits(folder, name == "glitches")


def line(project: Project, recipe: str) -> dict[str, Any]:
    """Figures of one network: column to (accuracy, bytes of flash, cycles)."""
    net = {"picture": True} if project.name == "digits" and recipe != "dense" else {}
    model = dataclasses.replace(project.model, recipe=recipe, net=net, teachers=2)
    project = dataclasses.replace(project, model=model)
    built = pipeline._recipe(project)
    data = load_dataset(project)
    inputs = Inputs(data, pipeline.features_of(project))
    fitted = pipeline.fit_recipe(project, built, data, inputs, model.seed)
    with tempfile.TemporaryDirectory() as scratch:
        base = pipeline.improver_of(project, built, fitted, data, inputs, Path(scratch))
        base.begin(fitted.model)
        (trained,) = base.records
        columns: dict[str, Any] = {
            "float": (trained["accuracy"]["float"], None, None),
            "PTQ": _cell(trained),
        }
        for step in STEPS:
            one = copy.copy(base)
            before = len(base.records)
            one.step(step)
            tried = [record for record in base.records[before:] if "accuracy" in record]
            kept = [record for record in tried if record["kept"]] or tried
            columns[step] = _cell(kept[-1]) if kept else None
    return columns


def _cell(record: dict[str, Any]) -> tuple[float, int, int]:
    return record["accuracy"]["int8"], record["flash_bytes"], record["cycles"]


def show(name: str, recipe: str, columns: dict[str, Any]) -> str:
    """A line of the page's table."""
    cells = []
    for value in columns.values():
        if value is None:
            cells.append("-")
            continue
        right, flash, cycles = value
        text = f"{right:.1%}"
        cells.append(text if flash is None else f"{text}, {flash / 1024:.1f}, {cycles / 1e3:,.0f}")
    return f"| {name} | `{recipe}` | " + " | ".join(cells) + " |"


def main(*arguments: str) -> None:
    names = list(arguments) or ["gesture", "digits", "glitches"]
    print("| data | recipe | float | PTQ | QAT | pruned | low-rank | distilled |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    while names:
        name = names.pop(0)
        with tempfile.TemporaryDirectory() as scratch:
            project = project_of(name, Path(scratch), names)
            for recipe in RECIPES[name]:
                columns = line(project, recipe)
                print(show(name, recipe, columns), flush=True)
                print(json.dumps(columns), file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
