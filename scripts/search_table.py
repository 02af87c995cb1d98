"""What `midge search` finds, against the hand recipe: the table of docs/search.md.

``python scripts/search_table.py EXAMPLE FOLDER [--trials N] [--data FILE]`` makes a project of
the example in the folder (unless it is there), searches, and trains on all data what is shown:
the recipe, the quickest and the smallest network that were at least as accurate, and the most
accurate. Run it again to go on after an interruption.

EXAMPLE: ``gesture``; ``digits`` (scikit-learn's 8x8 pictures as windows of 8 samples of 8
channels); ``bearing`` (--data: cwru_bearing_3loads.npz).
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
DIGITS = """\
# Handwritten digits: a row of a picture is a sample, a column a channel.

[project]
name = "digits"

[data]
source = "recordings"

[sensor]
rate_hz = 8
channels = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"]

[window]
length = 8

[model]
recipe = "conv1d"
epochs = 20
batch_size = 32
copies = 1

[budget]
flash_kb = 32
ram_kb = 8
latency_ms = 20

[search]
recipes = ["dense", "ds_cnn"]
"""
BEARING = "\n[search]\nepochs = 15\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("example", choices=("gesture", "digits", "bearing"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--data", type=Path, help="of bearing")
    args = parser.parse_args()
    if not args.folder.exists():
        make(args.example, args.folder, args.data)
    found = midge("search", "--trials", str(args.trials), folder=args.folder)
    recipe = next(one for one in found["trained"] if one["recipe"])
    rows = []
    for what, one in shown(recipe, found["front"]):
        out = args.folder / "build" / "search" / str(one["number"])
        if not out.exists():
            midge("search", "--trials", str(args.trials), "--pick", str(one["number"]),
                  folder=args.folder)  # fmt: skip
        rows.append((what, one, midge("check", folder=out), accuracy_of(out)))
    print(table(rows))


def make(example: str, folder: Path, data: Path | None) -> None:
    """A project of an example."""
    if example == "digits":
        digits(folder)
        return
    shutil.copytree(ROOT / "examples" / example, folder)
    if example == "bearing":
        if data is None:
            raise SystemExit("bearing needs --data cwru_bearing_3loads.npz")
        script = [sys.executable, "cwru.py", str(data.resolve())]
        subprocess.run(script, cwd=folder, check=True)
        toml = folder / "midge.toml"
        toml.write_text(toml.read_text("utf-8") + BEARING, "utf-8")


def digits(folder: Path) -> None:
    """Three quarters of the pictures to train on; the rest, of other writers, to test with."""
    from sklearn.datasets import load_digits

    pictures, kinds = load_digits(return_X_y=True)
    counts = (pictures.reshape(-1, 8, 8) * 100).astype(np.int16)
    cut = len(counts) * 3 // 4
    for side, part in (("train", slice(0, cut)), ("test", slice(cut, None))):
        path = folder / "recordings" / side / "digits.npz"
        path.parent.mkdir(parents=True)
        labels = np.array([str(kind) for kind in kinds[part]])
        np.savez_compressed(
            path, samples=counts[part].reshape(-1, 8), label=labels,
            length=np.full(len(labels), 8, np.int32),
        )  # fmt: skip
    (folder / "midge.toml").write_text(DIGITS, "utf-8")


def midge(*words: str, folder: Path) -> dict[str, Any]:
    """What a command prints for scripts."""
    command = [sys.executable, "-m", "midge.cli", *words, "--project", str(folder), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def shown(recipe: dict[str, Any], front: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """The recipe, and of the front what is best in one way; none twice."""
    good = [one for one in front if one["accuracy"] >= recipe["accuracy"]]
    chosen = [("the recipe", recipe)]
    if good:
        chosen.append(("as accurate, quickest", min(good, key=lambda one: one["cycles"])))
        chosen.append(("as accurate, least RAM", min(good, key=lambda one: one["ram_bytes"])))
    best = max(front, key=lambda one: (one["accuracy"], -one["cycles"]))
    chosen.append(("most accurate", best))
    numbers: dict[int, tuple[str, dict[str, Any]]] = {}
    for what, one in chosen:
        if one["number"] in numbers:
            numbers[one["number"]] = (f"{numbers[one['number']][0]}; {what}", one)
        else:
            numbers[one["number"]] = (what, one)
    return list(numbers.values())


def accuracy_of(folder: Path) -> dict[str, float]:
    """As training said of its model."""
    (sidecar,) = (folder / "build").glob("*.json")
    found: dict[str, float] = json.loads(sidecar.read_text("utf-8"))["extra"]["accuracy"]
    return found


def table(rows: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, float]]]) -> str:
    """Markdown."""
    lines = [
        "| | network | held out, int8 | test, float | test, int8 | KB flash | RAM B | cycles |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for what, one, report, accuracy in rows:
        network = re.sub(r", separable no", "", one["what"])
        lines.append(
            f"| {what} | {network} | {one['accuracy']:.1%} | {accuracy['float']:.1%} "
            f"| {accuracy['int8']:.1%} | {report['model_flash_bytes'] / 1000:.1f} "
            f"| {report['arena_bytes'] + report['features_ram_bytes']:,} "
            f"| {report['cycles']:,} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
