"""The synthetic ADC windows, and the stream that an emulated sensor plays."""

from __future__ import annotations

import numpy as np
import pytest

from midge.train import spikes
from midge.train.data import DataError
from midge.train.stream import dataset_stream


def test_windows_are_12_bit_and_seeded():
    one, same, other = (spikes.make_windows(50, seed) for seed in (3, 3, 4))
    assert one.counts.shape == (50, 64, 1)
    assert one.counts.min() >= 0
    assert one.counts.max() <= 4095
    assert np.bincount(one.classes).tolist() == [25, 25]
    assert (one.counts == same.counts).all()
    assert not (one.counts == other.counts).all()


def test_only_spiked_windows_jump():
    windows = spikes.make_windows(200, seed=1)
    x = windows.counts[..., 0].astype(int)
    jump = np.abs(2 * x[:, 1:-1] - x[:, :-2] - x[:, 2:]).max(axis=1)
    # Without spikes: at most 900 (2 pi 4 / 64)^2 = 139 of the sinusoid, and noise of deviation
    # 20 sqrt(6) = 49. A spike alone is 2 x 500; clipping at 0 or 4095 may take some of it.
    assert jump[windows.classes == 0].max() < 139 + 6 * 49
    assert np.mean(jump[windows.classes == 1] > 139 + 6 * 49) > 0.97


def test_splits_differ():
    data = spikes.load(seed=1, train=20, test=20)
    assert not (data.train.counts == data.test.counts).all(axis=(1, 2)).any()


def test_stream_holds_the_test_recordings(gesture_data):
    stream = dataset_stream(gesture_data)
    assert stream.counts.shape == (4000, 6)
    assert stream.seconds == 400.0
    played = {case.tobytes() for case in stream.counts.reshape(40, 100, 6)}
    assert played == {case.tobytes() for case in gesture_data.test.counts}
    for case, kind in zip(gesture_data.test.counts, gesture_data.test.classes, strict=True):
        at = next(i for i in range(0, 4000, 100) if (stream.counts[i : i + 100] == case).all())
        assert (stream.classes[at : at + 100] == kind).all()


def test_short_stream_has_all_classes_and_is_the_same_each_time(gesture_data):
    stream = dataset_stream(gesture_data, 8)
    assert np.bincount(stream.classes).tolist() == [200, 200, 200, 200]
    assert (stream.counts == dataset_stream(gesture_data, 8).counts).all()
    assert (stream.counts == dataset_stream(gesture_data).counts[:800]).all()


@pytest.mark.parametrize("count", [0, 41])
def test_stream_of_an_impossible_length(gesture_data, count):
    with pytest.raises(DataError, match=rf"needs 1\.\.\.40 recordings, found {count}"):
        dataset_stream(gesture_data, count)
