"""Several sensors in one model: what midge.toml may say, recordings that come together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from midge.device.fusion import Fusion

from midge import several
from midge.errors import MidgeError
from midge.project import Project, load_project
from midge.recordings import Layout, takes
from midge.recordings.recording import DataError
from midge.train.data import load_dataset

HEAD = '[project]\nname = "both"\n[data]\nsource = "recordings"\n'
IMU = '[[sensors]]\nname = "imu"\nkind = "mpu6050"\nrate_hz = 50\nchannels = ["ax", "ay"]\n'
MIC = '[[sensors]]\nname = "mic"\nkind = "adc"\nrate_hz = 1000\nchannels = ["level"]\n'
OWN = "[sensors.window]\nlength = {}\nhop = {}\n"
BRANCHES = HEAD + IMU + OWN.format(50, 25) + MIC + OWN.format(1000, 500)
FUSED = HEAD + IMU + MIC + "[window]\nlength = 20\n"

Make = Callable[[str], Project]


@pytest.fixture
def project(tmp_path: Path) -> Make:
    def make(text: str) -> Project:
        (tmp_path / "midge.toml").write_text(text, "utf-8")
        return load_project(tmp_path)

    return make


def csv(path: Path, names: str, rows: np.ndarray, start: float = 0.0, rate: float = 0.0) -> None:
    """A recording, with times if it has a rate."""
    path.parent.mkdir(parents=True, exist_ok=True)
    times = [f"{start + i / rate:.6f}," if rate else "" for i in range(len(rows))]
    lines = [f"{t}{','.join(map(str, row))}" for t, row in zip(times, rows.tolist(), strict=True)]
    head = ("timestamp," if rate else "") + names
    path.write_text("\n".join([head, *lines]) + "\n", "utf-8")


def test_branches(project: Make) -> None:
    made = project(BRANCHES + '[sensors.features]\nkind = "spectrum"\nbands = 8\n')
    imu, mic = several.branches(made)
    assert (imu.sensor.rate_hz, imu.window.length, imu.hop) == (50, 50, 25)
    assert mic.features.blocks == [{"block": "spectrum", "bands": 8}]
    assert (made.sensor.rate_hz, made.window.length, made.hop) == (50, 50, 25)  # in ticks
    assert len(made.sensor.channels) == 2 + 20


def test_rates_that_are_no_multiples(project: Make) -> None:
    text = BRANCHES.replace("rate_hz = 1000", "rate_hz = 187.5")
    text = text.replace("length = 1000\nhop = 500", "length = 375\nhop = 75")
    made = project(text.replace("length = 50\nhop = 25", "length = 100\nhop = 20"))
    assert (made.sensor.rate_hz, made.window.length, made.hop) == (12.5, 25, 5)
    assert several.per_tick(several.named(made)) == [4, 15]


def test_fusion(project: Make) -> None:
    made = project(FUSED)
    assert several.branches(made) == ()
    assert (made.sensor.rate_hz, made.sensor.channels) == (50, ["ax", "ay", "level"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD + IMU, "needs two or more sensors of different names, found imu"),
        (HEAD + IMU + IMU, "different names, found imu, imu"),
        (FUSED + "[sensor]\nrate_hz = 5\n", "[sensor] and [[sensors]]"),
        (BRANCHES + "[window]\nlength = 5\n", "[window] is for all"),
        (HEAD + IMU + MIC + OWN.format(1000, 500), "mic with a window of its own, imu"),
        (FUSED.replace('"level"', '"ay"'), "two sensors have a channel ay"),
        (FUSED.replace('["level"]', "[]"), "mic has no channels"),
        (HEAD + IMU + MIC + '[sensors.features]\nkind = "mfcc"\n', "mic has features and no"),
        (BRANCHES.replace("length = 1000", "length = 990"),
         "lengths are imu 50 of 50 Hz (1 s), mic 990 of 1000 Hz (0.99 s)"),
        (BRANCHES.replace("hop = 25", "hop = 20"), "hops are imu 20 of 50 Hz (0.4 s), mic 500"),
        (BRANCHES.replace("rate_hz = 50\n", 'rate_hz = "fast"\n'), "needs a number, found 'fast'"),
        (BRANCHES.replace('"imu"', '"The IMU"'), "needs a name like"),
        (BRANCHES.replace("kind = \"adc\"", "knd = 1"), "unknown key knd in [sensors (mic)]"),
        ("sensors = 5\n" + HEAD, "needs sections"),
    ],
)  # fmt: skip
def test_what_does_not_go_together(project: Make, text: str, says: str) -> None:
    with pytest.raises(MidgeError) as caught:
        project(text)
    assert says in str(caught.value), caught.value


def noise(n: int, channels: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(-9000, 9000, (n, channels)).astype(np.int16)


def read(project: Project, folder: Path) -> list[takes.Take]:
    how = Layout((), "label", "", None)
    return takes.read(folder, several.named(project), how, "midge.toml")


def test_takes_are_aligned_by_their_times(project: Make, tmp_path: Path) -> None:
    """The microphone begins 0.35 s later, and ends first."""
    made = project(BRANCHES)
    slow, fast = noise(100, 2), noise(1500, 1, 2)
    folder = tmp_path / "recordings/walk"
    csv(folder / "1.imu.csv", "ax,ay", slow, start=7.0, rate=50)
    csv(folder / "1.mic.csv", "level", fast, start=7.35, rate=1000)
    (take,) = read(made, folder.parent)
    assert take.span == pytest.approx((7.35, 8.85))
    packets = takes.packets(take, 50, several.per_tick(several.named(made)))
    assert packets.counts.shape == (75, 22) and packets.labels == ["walk"]
    imu, mic = several.unpack(made, packets.counts)
    assert np.array_equal(mic, fast)
    assert np.array_equal(imu, slow[18:93])


def test_a_file_without_times_begins_with_the_others(project: Make, tmp_path: Path) -> None:
    made = project(BRANCHES)
    slow, fast = noise(100, 2), noise(2000, 1, 2)
    csv(tmp_path / "r/walk/1.imu.csv", "ax,ay", slow, start=100.0, rate=50)
    csv(tmp_path / "r/walk/1.mic.csv", "level", fast)
    (take,) = read(made, tmp_path / "r")
    imu, mic = several.unpack(made, takes.packets(take, 50, [1, 20]).counts)
    assert np.array_equal(imu, slow) and np.array_equal(mic, fast)


def test_a_slow_clock_does_not_drift_away(project: Make, tmp_path: Path) -> None:
    """A microphone that takes 990 samples a second: after 9 s it would be 90 ms late."""
    made = project(BRANCHES)
    fast = np.arange(9900, dtype=np.int16)[:, None]
    csv(tmp_path / "r/walk/1.imu.csv", "ax,ay", noise(500, 2), rate=50)
    csv(tmp_path / "r/walk/1.mic.csv", "level", fast, rate=990)
    (take,) = read(made, tmp_path / "r")
    _, mic = several.unpack(made, takes.packets(take, 50, [1, 20]).counts)
    at = np.arange(len(mic))
    assert len(mic) == 10000 and np.abs(mic[:, 0] - at * 0.99).max() <= 1


@pytest.mark.parametrize("late", [0, 30])
def test_fused_recordings_are_what_the_board_fuses(
    project: Make, tmp_path: Path, late: int
) -> None:
    made = project(FUSED)
    slow, fast = noise(100, 2), noise(2000, 1, 2)
    csv(tmp_path / "r/walk/1.imu.csv", "ax,ay", slow, rate=50)
    csv(tmp_path / "r/walk/1.mic.csv", "level", fast, start=late / 1000, rate=1000)
    (take,) = read(made, tmp_path / "r")
    found = takes.fused(take, 50).counts
    fusion, rows = Fusion((2, 1)), []
    for ms in range(2000):  # what comes at the same time as the first sensor's is pushed before
        if ms >= late:
            fusion.push(1, int(fast[ms - late, 0]))
        if ms % 20 == 0 and (row := fusion.join(slow[ms // 20].tolist())) is not None:
            rows.append(list(row))
    assert 0 <= len(rows) - len(found) <= 1 and len(found) > 95
    assert found.tolist() == rows[: len(found)]


def test_fusion_with_a_slower_sensor(project: Make, tmp_path: Path) -> None:
    swapped = FUSED.replace(IMU + MIC, MIC + IMU)
    made = project(swapped)
    assert made.sensor.rate_hz == 1000
    slow, fast = noise(10, 2), noise(200, 1, 2)
    csv(tmp_path / "r/walk/1.imu.csv", "ax,ay", slow, rate=50)
    csv(tmp_path / "r/walk/1.mic.csv", "level", fast, rate=1000)
    (take,) = read(made, tmp_path / "r")
    found = takes.fused(take, 1000).counts
    assert np.array_equal(found[:, 0], fast[:, 0])
    assert np.array_equal(found[:, 1:], np.repeat(slow, 20, axis=0))


def refused(project: Make, tmp_path: Path, files: dict[str, Any]) -> str:
    made = project(BRANCHES)
    for name, (columns, rows, start, rate) in files.items():
        csv(tmp_path / "recordings" / name, columns, rows, start, rate)
    with pytest.raises(DataError) as caught:
        load_dataset(made)
    return str(caught.value)


IMU_FILE = ("ax,ay", noise(100, 2), 0.0, 50)


def test_bad_takes(project: Make, tmp_path: Path) -> None:
    walk = "walk/1.imu.csv"
    says = refused(project, tmp_path, {walk: IMU_FILE})
    assert "no recording of mic, only of imu" in says
    short = ("level", noise(30, 1), 5.0, 1000)
    says = refused(project, tmp_path, {walk: IMU_FILE, "walk/1.mic.csv": short})
    assert "0 s in common (imu from 0 s, mic from 5 s), needed at least 0.02 s" in says
    wrong = ("level", noise(3000, 1), 0.0, 2000)
    says = refused(project, tmp_path, {walk: IMU_FILE, "walk/1.mic.csv": wrong})
    assert "recorded at 2000 Hz, the project samples at 1000 Hz" in says
    good = ("level", noise(2000, 1), 0.0, 1000)
    says = refused(project, tmp_path, {walk: IMU_FILE, "walk/1.mic.csv": good, "walk/2.csv": good})
    assert "of which sensor is it?" in says and "TAKE.imu.csv, TAKE.mic.csv" in says


def test_a_gap_is_refused(project: Make, tmp_path: Path) -> None:
    made = project(BRANCHES)
    folder = tmp_path / "recordings/walk"
    csv(folder / "1.mic.csv", "level", noise(2000, 1), 0.0, 1000)
    csv(folder / "1.imu.csv", "ax,ay", noise(100, 2), 0.0, 50)
    text = (folder / "1.imu.csv").read_text().splitlines()
    (folder / "1.imu.csv").write_text("\n".join(text[:41] + text[44:]) + "\n", "utf-8")
    with pytest.raises(DataError, match="missing before sample 40 of 97"):
        read(made, folder.parent)


def test_a_dataset_in_packets(project: Make, tmp_path: Path) -> None:
    made = project(BRANCHES)
    for label, seed in (("walk", 1), ("rest", 5)):
        for take in range(3):
            folder = tmp_path / "recordings" / label
            csv(folder / f"{take}.imu.csv", "ax,ay", noise(150, 2, seed + take), 3.0, 50)
            csv(folder / f"{take}.mic.csv", "level", noise(3000, 1, seed + take), 3.0, 1000)
    data = load_dataset(made)
    assert data.labels == ["rest", "walk"]
    assert data.train.counts.shape == (2 * 2 * 5, 50, 22)
    assert data.test.counts.shape == (2 * 3, 50, 22)  # those do not overlap
    imu, mic = several.unpack(made, data.train.counts)
    assert imu.shape == (20, 50, 2) and mic.shape == (20, 1000, 1)
