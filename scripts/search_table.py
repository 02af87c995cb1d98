"""What `midge search` finds, against the hand recipe: the table of docs/search.md.

``python scripts/search_table.py EXAMPLE FOLDER [--trials N] [--data FILE]`` makes a project of
the example in the folder (unless it is there), searches, and trains on all data the recipe and the
networks that the search names. Run it again to go on after an interruption.

EXAMPLE: ``gesture``; ``digits`` (scikit-learn's 8x8 pictures, a row a sample, in the split of
``recipes_table.py digits``, with its recipe `dense`); ``writers`` (the same, tested on pictures
of other writers); ``bearing`` (--data: cwru_bearing_3loads.npz; tested at 1797 rpm, as in
``recipes_table.py``).
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
DIGITS = """
[budget]
flash_kb = 32
ram_kb = 8
latency_ms = 2

[search]
recipes = ["ds_cnn"]
epochs = 15
confirm = 2
"""
BEARING = """
[search]
epochs = 15
confirm = 2
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("example", choices=("gesture", "digits", "writers", "bearing"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--data", type=Path, help="of bearing")
    args = parser.parse_args()
    if not args.folder.exists():
        make(args.example, args.folder, args.data)
    found = midge("search", "--trials", str(args.trials), folder=args.folder)
    recipe = next(one for one in found["trained"] if one["recipe"])
    rows = []
    trained = {one["number"]: one for one in found["trained"]}
    chosen = [("the recipe", recipe)]
    chosen += [(one["what"], trained[one["number"]]) for one in found["named"]]
    for what, one in chosen:
        out = args.folder / "build" / "search" / str(one["number"])
        if not out.exists():
            midge("search", "--trials", str(args.trials), "--pick", str(one["number"]),
                  folder=args.folder)  # fmt: skip
        rows.append((what, one, midge("check", folder=out), accuracy_of(out)))
    print(table(rows))


def make(example: str, folder: Path, data: Path | None) -> None:
    """A project of an example."""
    import recipes_table

    if example == "gesture":
        shutil.copytree(ROOT / "examples" / example, folder)
        return
    folder.mkdir(parents=True)
    if example == "bearing":
        if data is None:
            raise SystemExit("bearing needs --data cwru_bearing_3loads.npz")
        for name in ("midge.toml", "main.py", "cwru.py"):
            shutil.copy(ROOT / "examples" / "bearing" / name, folder)
        script = [sys.executable, "cwru.py", str(data.resolve()), "1797"]
        subprocess.run(script, cwd=folder, check=True)
        more = BEARING
    else:
        recipes_table.digits(folder, False)
        more = DIGITS
        if example == "writers":
            by_writers(folder)
    toml = folder / "midge.toml"
    text = toml.read_text("utf-8").replace('recipe = "resnet"', 'recipe = "dense"')
    toml.write_text(text + more, "utf-8")


def by_writers(folder: Path) -> None:
    """Three quarters of the pictures to train on; the rest, of other writers, to test with."""
    path = folder / "digits.npz"
    with np.load(path) as file:
        pictures = dict(file)
    cut = len(pictures["label"]) * 3 // 4
    side = np.where(np.arange(len(pictures["label"])) < cut, "first", "last")
    np.savez(path, **pictures, writers=side)
    toml = folder / "midge.toml"
    groups = 'source = "digits.npz"\ngroup = "writers"\ntest_groups = ["last"]'
    toml.write_text(toml.read_text("utf-8").replace('source = "digits.npz"', groups), "utf-8")


def midge(*words: str, folder: Path) -> dict[str, Any]:
    """What a command prints for scripts."""
    command = [sys.executable, "-m", "midge.cli", *words, "--project", str(folder), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def accuracy_of(folder: Path) -> dict[str, float]:
    """As training said of its model."""
    (sidecar,) = (folder / "build").glob("*.json")
    found: dict[str, float] = json.loads(sidecar.read_text("utf-8"))["extra"]["accuracy"]
    return found


def table(rows: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, float]]]) -> str:
    """Markdown."""
    lines = [
        "| | network | held out, int8 | again | test, float | test, int8 | flash B | RAM B "
        "| cycles |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for what, one, report, accuracy in rows:
        network = re.sub(r", separable no", "", one["what"])
        again = "{:.1%} +-{:.1%}".format(*one["again"]) if one["again"] else "-"
        lines.append(
            f"| {what} | number {one['number']}: {network} "
            f"| {one['accuracy']:.1%} +-{one['error']:.1%} | {again} | {accuracy['float']:.1%} "
            f"| {accuracy['int8']:.1%} | {report['model_flash_bytes']:,} "
            f"| {report['arena_bytes'] + report['features_ram_bytes']:,} "
            f"| {report['cycles']:,} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
