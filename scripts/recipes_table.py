"""The table of docs/compression.md: recipes, each as trained and after each step by itself.

    python scripts/recipes_table.py [--columns trained,qat,...] [LINE ...]

A LINE is a data set (gesture, digits, glitches, bearing, keyword) or one of its networks
(digits/mobilenet). A network is trained once in float; float and PTQ are that network, each other
column what a step makes of it (the last that was kept, or else tried). Accuracy on the windows to
test with; KiB in flash and expected cycles of the Pico for one inference, without features. What
is done stands in build/recipes_table/figures.json and is not done again; the whole table is
printed at the end. Some minutes a column.

`digits` (scikit-learn's, a row of pixels a sample) and `glitches` (the same, in one of fifty a
pixel at 200 times the brightest) need scikit-learn; `bearing` and `keyword` the files in
../shared/data. `--searched FILE`: what `midge search` found, {data: {"accuracy", "flash_bytes",
"cycles"}}.
"""

from __future__ import annotations

import argparse
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

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
BUILD = ROOT / "build" / "recipes_table"
FOUND = BUILD / "figures.json"
SHARED = ROOT.parent / "shared" / "data"
COLUMNS = {  # in the order of the page
    "trained": "PTQ", "qat": "QAT", "prune": "pruned", "distill": "distilled",
    "low_rank": "low-rank",
}  # fmt: skip
_PICTURE = {"picture": True}
LINES: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {  # data to network: recipe, options
    "gesture": {"conv1d": ("conv1d", {}), "resnet": ("resnet", {})},
    "digits": {
        "dense": ("dense", {}),
        "dense 128, 128": ("dense", {"units": [128, 128]}),
        "resnet": ("resnet", _PICTURE),
        "mobilenet": ("mobilenet", _PICTURE),
        "mobilenet 4, 6, 8": ("mobilenet", _PICTURE | {"filters": [4, 6, 8]}),
    },
    "glitches": {"resnet": ("resnet", _PICTURE)},
    "bearing": {"vibration": ("vibration", {})},
    "keyword": {"ds_cnn": ("ds_cnn", {})},
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


def bearing(folder: Path) -> Project:
    """The example, tested at 1797 rpm."""
    sys.path.insert(0, str(EXAMPLES / "bearing"))
    import cwru

    shutil.copy(EXAMPLES / "bearing" / "midge.toml", folder)
    cwru.main(SHARED / "cwru_bearing_3loads.npz", "1797", folder / "recordings")
    return load_project(folder)


def project_of(data: str, folder: Path) -> Project:
    """The project of a data set, made in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    if data == "bearing":
        return bearing(folder)
    if data in ("digits", "glitches"):
        return digits(folder, data == "glitches")
    text = (EXAMPLES / data / "midge.toml").read_text("utf-8")
    if data == "keyword":
        file = SHARED / "fsdd_4speakers.npz"
        text = text.replace('source = "recordings"', f'source = "{file}"')
    (folder / "midge.toml").write_text(text, "utf-8")
    return load_project(folder)


def run(data: str, network: str, columns: list[str], found: dict[str, Any]) -> None:
    """Puts the columns that are missing into ``found``, and into the file as they come."""
    cells = found.setdefault(f"{data}/{network}", {})
    if not (missing := [name for name in COLUMNS if name in columns and name not in cells]):
        return
    recipe, net = LINES[data][network]
    folder = BUILD / f"{data}-{network.replace(', ', '-').replace(' ', '-')}"
    project = project_of(data, folder)
    own = project.model.net | net
    model = dataclasses.replace(project.model, recipe=recipe, net=own, teachers=2)
    project = dataclasses.replace(project, model=model)
    windows = load_dataset(project)
    inputs = Inputs(windows, pipeline.features_of(project), kind=project.sensor.kind)
    built = pipeline.recipe_of(project)
    fitted = pipeline.fit_recipe(project, built, windows, inputs, model.seed)
    for name in missing:
        with tempfile.TemporaryDirectory() as scratch:
            one = pipeline.improver_of(project, fitted, windows, inputs, Path(scratch))
            one.begin(fitted.model)
            if name != "trained":
                one.step(name)
        tried = [record for record in one.records if "accuracy" in record]
        cells["trained"] = tried[0]
        cells[name] = ([r for r in tried[1:] if r["kept"]] or tried[1:] or tried)[-1]
        if name != "trained" and len(tried) == 1:
            cells[name] = one.records[-1]  # nothing to change
        FOUND.write_text(json.dumps(found, indent=1), "utf-8")


def cell(record: dict[str, Any] | None) -> str:
    """Accuracy, KiB of flash, thousands of cycles."""
    if record is None:
        return ""
    if "accuracy" not in record:
        return "-"
    right = record["accuracy"]
    right = right["int8"] if isinstance(right, dict) else right
    return f"{right:.1%}, {record['flash_bytes'] / 1024:.1f}, {record['cycles'] / 1e3:,.0f}"


def show(found: dict[str, Any], searched: dict[str, Any]) -> None:
    """Prints the page's table."""
    print("| data | network | float | " + " | ".join([*COLUMNS.values(), "searched"]) + " |")
    print("|---|---|" + "--:|" * (len(COLUMNS) + 2))
    for data, networks in LINES.items():
        for number, network in enumerate(networks):
            cells = found.get(f"{data}/{network}", {})
            if "trained" not in cells:
                continue
            row = [data, f"`{network}`", f"{cells['trained']['accuracy']['float']:.1%}"]
            row += [cell(cells.get(name)) for name in COLUMNS]
            row.append(cell(searched.get(data)) if number == 0 else "")
            print("| " + " | ".join(row) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lines", nargs="*", default=list(LINES), metavar="LINE")
    parser.add_argument("--columns", default=",".join(COLUMNS))
    parser.add_argument("--searched", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    found = json.loads(FOUND.read_text("utf-8")) if FOUND.exists() else {}
    for name in chosen.lines:
        data, _, network = name.partition("/")
        for one in [network] if network else LINES[data]:
            run(data, one, chosen.columns.split(","), found)
    show(found, json.loads(chosen.searched.read_text("utf-8")) if chosen.searched else {})


if __name__ == "__main__":
    main()
