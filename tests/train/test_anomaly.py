"""Recipe anomaly: from normal recordings alone to a score with a threshold."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest

import midge
from midge.errors import MidgeError
from midge.meta import load_meta
from midge.project import load_project
from midge.report import gather, page
from midge.train import alarm_rate, anomaly, spikes, train
from midge.train.data import Windows, load_dataset
from midge.train.evaluate import predict_windows

TOML = """\
[project]
name = "hum"
[data]
source = "spikes"
labels = ["normal"]
[sensor]
rate_hz = 100
channels = ["adc"]
[window]
length = 64
[model]
recipe = "anomaly"
epochs = 5
false_alarms = 0.05
"""


def test_auc_is_the_share_of_pairs():
    rng = np.random.default_rng(0)
    normal, other = rng.integers(0, 12, 70), rng.integers(4, 16, 50)
    pairs = [(n < o) + (n == o) / 2 for n in normal for o in other]
    assert anomaly.auc(normal, other) == pytest.approx(np.mean(pairs), abs=1e-12)
    assert anomaly.auc(normal[:1] * 0, other) == 1.0


@pytest.mark.parametrize(("n", "rate"), [(150, 0.02), (99, 0.01), (300, 0.01), (40, 0.1)])
def test_new_windows_raise_no_more_alarms_than_wanted(n, rate):
    """On average over sets of held-out windows, whatever the scores: here exponential ones."""
    rng = np.random.default_rng(3)
    k = alarm_rate.rank(n, rate)
    assert k == sum(1 for j in range(1, n + 1) if (n + 1 - j) / (n + 1) > rate + 1e-12) + 1
    levels = np.sort(rng.exponential(size=(4000, n)), axis=1)[:, k - 1]
    shares = np.exp(-levels)  # of new ones above the level, exactly
    error = 4 * shares.std() / np.sqrt(len(shares))
    assert shares.mean() == pytest.approx(alarm_rate.expected(n, n - k), abs=error)
    assert shares.mean() <= rate + error
    low, high = alarm_rate.likely(n, n - k)
    # 4000 draws: a deviation of 0.5 points
    assert ((shares > low) & (shares < high)).mean() == pytest.approx(0.9, abs=0.02)
    assert not alarm_rate.too_few(n, rate)


def test_too_few_windows_for_the_wanted_rate():
    assert (alarm_rate.needed(0.01), alarm_rate.needed(0.02), alarm_rate.needed(0)) == (
        99,
        49,
        None,
    )
    assert alarm_rate.rank(98, 0.01) == 98
    assert "98 normal windows held out are too few for 1.00% of false alarms (needed: 99)" in (
        alarm_rate.too_few(98, 0.01)
    )
    assert "which means 1.0%, at most 3.0%" in alarm_rate.too_few(98, 0.01)
    assert "no number is enough" in alarm_rate.too_few(98, 0.0)


def test_whole_groups_are_held_out_and_else_the_last_windows():
    counts = np.zeros((200, 4, 1), np.int16)
    classes = np.repeat([0, 1], [160, 40])
    groups = np.array([f"day {k % 8}" for k in range(200)])
    rest, held = anomaly.hold_out(Windows(counts, classes, groups))
    assert set(rest) | set(held) == set(range(160))
    assert not set(groups[rest]) & set(groups[held])
    rest, held = anomaly.hold_out(Windows(counts, classes, None))
    assert list(held) == list(range(112, 160))
    with pytest.raises(
        MidgeError, match=r"30 normal windows give 21 .* hold out, needed: 20 each"
    ):
        anomaly.hold_out(Windows(counts[:30], classes[:30], None))


def test_made_up_windows_are_not_the_normal_ones():
    normal = np.random.default_rng(1).normal(0, 3000, (5, 32, 2)).astype(np.int16)
    made = anomaly.made_up(normal, np.random.default_rng(2)).reshape(4, 5, 32, 2)
    ratio = made.std(axis=2) / normal.std(axis=1)
    assert np.allclose(ratio[0], 2, atol=0.01) and np.allclose(ratio[1], 0.4, atol=0.01)
    assert (ratio[2:] > 1.1).all()


def test_other_recordings_are_anomalies_and_normal_ones_are_needed(tmp_path):
    (tmp_path / "midge.toml").write_text(TOML)
    data = load_dataset(load_project(tmp_path))
    plain = spikes.load(seed=1)
    assert data.labels == ["normal", "anomaly"]
    assert (data.train.classes == plain.train.classes).all()
    (tmp_path / "midge.toml").write_text(TOML.replace('["normal"]', '["quiet"]'))
    with pytest.raises(MidgeError, match=r"no recordings of quiet, found normal, spikes"):
        load_dataset(load_project(tmp_path))


def only_normal(make, **sizes):
    data = make(**sizes)
    good = data.train.classes == 0
    return dataclasses.replace(
        data, train=Windows(data.train.counts[good], data.train.classes[good])
    )


@pytest.mark.slow
def test_normal_recordings_to_a_threshold_in_int8(tmp_path, monkeypatch):
    pytest.importorskip("tensorflow", reason="training needs the extra: pip install .[train]")
    small = functools.partial(only_normal, spikes.load, train=600, test=200)
    monkeypatch.setattr(spikes, "load", small)
    (tmp_path / "midge.toml").write_text(TOML)
    project = load_project(tmp_path)
    path = train(project)
    meta, data = load_meta(path), load_dataset(project)
    assert meta.labels == ["anomaly"]
    found = meta.extra["anomaly"]
    assert found["chosen_by"] == "anomalies made of normal"
    assert found["kind"] == max(found["chosen_auc"], key=found["chosen_auc"].get)
    # An alarm is a score of 0.5, which an int8 sigmoid has at 0; the figures are of our engine.
    _, held = anomaly.hold_out(data.train)
    raised = predict_windows(path, data.train.counts[held])[:, 0] >= 0
    assert raised.mean() == found["held_out_false_alarms"] <= 0.05
    scores = predict_windows(path, data.test.counts)[:, 0]
    normal, other = scores[data.test.classes == 0], scores[data.test.classes == 1]
    assert found["auc"]["int8"] == anomaly.auc(normal, other) > 0.9
    assert found["auc"]["int8"] == pytest.approx(found["auc"]["float"], abs=0.02)
    assert found["test_false_alarms"] == (normal >= 0).mean()
    assert found["test_found"] == (other >= 0).mean() > 0.5
    # Not trivially high a threshold: not far below the wanted share.
    assert raised.mean() >= 0.01
    assert (found["held_out"], found["held_out_groups"]) == (len(held), None)
    assert found["expected_false_alarms"] == (raised.sum() + 1) / (len(held) + 1) <= 0.05
    assert midge.load(path).check()
    # The report shows that threshold, not one of its own choice.
    evidence = gather(project)
    shown = evidence.operating()[1]
    assert shown is not None and shown.threshold == 0.5
    assert shown.false_alarms.value == found["test_false_alarms"]
    assert shown.hits.value == found["test_found"]
    assert len(evidence.held_truth) == len(held) and not evidence.held_truth.any()
    text = page(evidence)
    assert f"Set in training on {len(held)} held-out normal windows, for 5.00%" in text
    assert f"about {100 * found['expected_false_alarms']:.1f}%, with 90%" in text
