"""The figures of docs/tutorials/bearing.md: each rotation trained in full and tested in int8.

    python scripts/bearing_figures.py ../shared/data/cwru_bearing_3loads.npz [RPM ...]

About a minute a rotation.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "bearing"
sys.path.insert(0, str(EXAMPLE))

import cwru  # noqa: E402

from midge.project import load_project  # noqa: E402
from midge.train import train  # noqa: E402
from midge.train.data import load_dataset  # noqa: E402
from midge.train.evaluate import predict_windows  # noqa: E402


def rotation(data: Path, rpm: str, folder: Path) -> None:
    """Trains on the other speeds; prints shares right at this one, at three strengths."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("build", "recordings"))
    cwru.main(data, rpm, folder / "recordings")
    project = load_project(folder)
    model = train(project)
    test = load_dataset(project).test
    true = test.classes
    for strength in (1.0, 2.0, 0.5):
        counts = np.clip((test.counts - 2048.0) * strength + 2048, 0, 4095).astype(np.int16)
        found = predict_windows(model, counts).argmax(axis=1)
        right = found == true
        fault, kind = ((found > 0) == (true > 0)).mean(), right[true > 0].mean()
        print(f"{rpm} rpm, {len(true)} windows, strength {strength:g}:", end=" ")
        print(f"fault or normal {fault:.1%}, which fault {kind:.1%}, all {right.mean():.1%}")


def main(data: str, *speeds: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for rpm in speeds or ("1797", "1772", "1750"):
            rotation(Path(data), rpm, Path(scratch) / rpm)


if __name__ == "__main__":
    main(*sys.argv[1:])
