"""Mistakes in a project's recordings: one clear error from `midge data` and from training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from midge.cli import main
from midge.project import load_project
from midge.recordings import DataError, classes
from midge.train.data import load_dataset, raw_scaling, to_real

PROJECT = """[project]
name = "tool"
[data]
source = "recordings"
group = "person"
{more}
[sensor]
channels = ["x", "y"]
rate_hz = 100
[window]
length = 10
"""


def project(folder: Path, more: str = "", has: dict[str, str] | None = None) -> Path:
    """Recordings of ``has``: class to the letters of the people who made them."""
    rng = np.random.default_rng(0)
    for label, people in (has or {"idle": "abcd", "saw": "abcd"}).items():
        for person in people:
            path = folder / "recordings" / label / f"{person}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = [f"{x},{y},{person}" for x, y in rng.integers(-500, 500, (40, 2))]
            path.write_text("\n".join(["x,y,person", *rows]) + "\n")
    (folder / "recordings").mkdir(exist_ok=True)
    (folder / "midge.toml").write_text(PROJECT.format(more=more))
    return folder


@pytest.mark.parametrize(
    ("more", "has", "said"),
    [
        ("", {"": ""}, "no recordings: needs .csv"),
        ('labels = ["idle", "swa"]', None,
         "no recording of swa; recordings of saw (did you mean swa?), which [data] labels"),
        ('labels = ["idle"]', None, "recordings of saw, which [data] labels does not name"),
        ('labels = ["idle", "saw", "lathe"]', None, "no recording of lathe"),
        ('test_groups = ["a"]', {"idle": "abcd", "saw": "cd"},
         "no recording of saw to test with, only on the other side of the split: in c, d"),
        ("", {"idle": "abcd", "saw": "a"}, "no recording of saw to t"),
        ("", {"idle": "a", "saw": "a"}, "needs at least 2 values of person"),
    ],
)  # fmt: skip
def test_the_same_error_from_both(
    more: str, has: dict[str, str] | None, said: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    folder = project(tmp_path, more, has)
    assert main(["data", "--project", str(folder)]) == 1
    assert said in capsys.readouterr().err
    with pytest.raises(DataError) as caught:
        load_dataset(load_project(folder))
    assert said in str(caught.value) and caught.value.do


def test_one_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Enough to look at recordings, not to train a classifier."""
    folder = project(tmp_path, has={"idle": "abcd"})
    assert main(["data", "--project", str(folder)]) == 0
    assert "warning: only one class, 'idle' -> add recordings" in capsys.readouterr().out
    with pytest.raises(DataError, match="needs at least 2 classes, found only 'idle'"):
        load_dataset(load_project(folder))


def test_anomalies_need_only_the_normal_class_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(tmp_path, 'labels = ["idle"]')
    assert main(["data", "--project", str(folder)]) == 1
    with (folder / "midge.toml").open("a") as file:
        file.write('[model]\nrecipe = "anomaly"\n')
    assert main(["data", "--project", str(folder)]) == 0
    for path in (folder / "recordings" / "saw").iterdir():
        path.unlink()
    capsys.readouterr()
    assert main(["data", "--project", str(folder)]) == 0
    assert "only one class" not in capsys.readouterr().out


def test_mixed_rates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(tmp_path)
    rows = [f"{i % 7},{i % 5},a,{20 * i}" for i in range(40)]
    path = folder / "recordings" / "saw" / "slow.csv"
    path.write_text("\n".join(["x,y,person,timestamp_ms", *rows]) + "\n")
    assert main(["data", "--project", str(folder)]) == 1
    assert "slow.csv: recorded at 50 Hz, the project samples at 100" in capsys.readouterr().err
    with pytest.raises(DataError, match=r"slow\.csv: recorded at 50 Hz"):
        load_dataset(load_project(folder))


def test_a_constant_channel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(tmp_path)
    for path in (folder / "recordings").rglob("*.csv"):
        head, *rows = path.read_text().splitlines()
        dead = [f"{x},7,{person}" for x, _, person in (row.split(",") for row in rows)]
        path.write_text("\n".join([head, *dead]) + "\n")
    assert main(["data", "--project", str(folder)]) == 1
    shown = capsys.readouterr()
    assert "channel y never leaves 7, in all 8 recordings" in shown.err
    assert shown.out.count("never leaves") == 1  # not once a recording
    data = load_dataset(load_project(folder))  # goes on, with a warning
    assert "warning: channel y never leaves 7" in capsys.readouterr().err
    raw = raw_scaling(data.train.counts)
    moved = data.train.counts.copy()
    moved[..., 1] = np.random.default_rng(1).integers(-32768, 32768, moved.shape[:2])
    real = to_real(moved, raw)
    assert np.abs(real[..., 1]).max() <= 1.001 < np.abs(real[..., 0]).max()


def test_names_that_look_alike() -> None:
    class Named:
        def __init__(self, label: str):
            self.labels = [label]

    def told(*names: str) -> list[str]:
        made = [Named(name) for name in names]
        return [f.what for f in classes.findings(made, [], "")]  # type: ignore[arg-type]

    assert told("idle", "idel", "saw") == ["'idel' and 'idle' look like one class"]
    assert told("Walk", "walk") == ["'Walk' and 'walk' look like one class"]
    assert told("machining", "machinning") == ["'machining' and 'machinning' look like one class"]
    assert told("walk_1", "walk_2", "no", "on", "left", "right", "inner", "outer") == []


def test_copies_of_an_adc_have_no_edge_that_the_signal_has_not() -> None:
    from midge.train.augment import analog

    ramp = np.linspace(-1.5, 1.5, 64, dtype=np.float32)[np.newaxis, :, np.newaxis]
    made = analog(ramp, 20, np.random.default_rng(1))
    assert made.shape == (20, 64, 1)
    assert np.abs(np.diff(made, axis=1)).max() < 0.3  # a turned ramp falls by 3
    ends = made[:, -1, 0] - made[:, 0, 0]
    assert ends.std() > 0.2 and np.abs(made.mean(axis=1)).max() <= 0.11  # scaled, drifting
    assert (analog(ramp, 20, np.random.default_rng(1)) == made).all()
