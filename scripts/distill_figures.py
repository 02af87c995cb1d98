"""What distillation buys a small student: figures of docs/compression.md.

    python scripts/distill_figures.py [--seeds 6] [--units 8] [--scale 8] [--windows 0]

A dense network of few units on scikit-learn's digits, with several seeds (of its weights and of
what is held out): as trained; trained once more as long by the true classes alone, which is what
the other two are to be compared with; by three teachers of its own size; by three larger ones.
Accuracy in int8 on the windows to test with, mean and standard deviation over the seeds; and in
how many seeds it beat the second. ``--windows``: only so many of them to train on.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from midge.compress import net as nets
from midge.compress.steps import Made, distill
from midge.train import load_dataset, pipeline
from midge.train.data import Dataset
from midge.train.fit import LEARNING_RATE
from midge.train.inputs import Inputs

sys.path.insert(0, str(Path(__file__).parent))
import recipes_table

ROWS = ("as trained", "trained once more", "teachers of its size", "larger teachers")


def one_seed(project: Any, data: Dataset, scale: float) -> list[float]:
    """Accuracies, in the order of :data:`ROWS`."""
    inputs = Inputs(data, None)
    recipe = pipeline.recipe_of(project)
    fitted = pipeline.fit_recipe(project, recipe, data, inputs, project.model.seed)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number, by in enumerate((None, 1.0, scale)):
            settings = dataclasses.replace(project.model, teacher_scale=by or 1.0)
            own = dataclasses.replace(project, model=settings)
            improver = pipeline.improver_of(own, fitted, data, inputs, Path(folder))
            improver.begin(fitted.model)
            work, best = improver.work, improver.best.net
            if by is None:
                model = work.tune(best, rate=LEARNING_RATE, share=1.0)
                made = Made(nets.with_weights_of(best, model), ROWS[1], model)
            else:
                made = next(distill(work, best))
            improver.propose(ROWS[number + 1], made)
            found.append([record["accuracy"]["int8"] for record in improver.records])
    return [found[0][0], *(after for _, after in found)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first", type=int, default=1, metavar="SEED")
    parser.add_argument("--units", type=int, default=8)
    parser.add_argument("--scale", type=float, default=8)
    parser.add_argument("--windows", type=int, default=0)
    chosen = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        project = recipes_table.digits(Path(folder), glitches=False)
        data = load_dataset(project)
        if chosen.windows:
            some = np.sort(np.random.default_rng(0).permutation(len(data.train))[: chosen.windows])
            data = dataclasses.replace(data, train=data.train.take(some))
        for seed in range(chosen.first, chosen.first + chosen.seeds):
            settings = dataclasses.replace(
                project.model, recipe="dense", net={"units": [chosen.units]}, seed=seed
            )
            own = dataclasses.replace(project, model=settings)
            found.append(one_seed(own, data, chosen.scale))
            print(json.dumps(found[-1]), file=sys.stderr, flush=True)
    values = np.array(found)
    print("| student | mean | deviation | better than trained once more |")
    print("|---|--:|--:|--:|")
    for name, row in zip(ROWS, values.T, strict=True):
        wins = f"{(row > values[:, 1]).sum()} of {len(row)}"
        print(f"| {name} | {row.mean():.1%} | {row.std(ddof=1):.1%} | {wins} |")


if __name__ == "__main__":
    main()
