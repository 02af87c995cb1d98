"""The report's numbers against what they are by definition, computed another way."""

from __future__ import annotations

import math

import numpy as np
import pytest

from midge.report import figures
from midge.report.figures import Share


@pytest.mark.parametrize(("right", "total"), [(0, 10), (8, 10), (10, 10), (481, 483), (1, 1)])
def test_wilson_solves_its_equation(right: int, total: int) -> None:
    """The ends are those p from which the observed share is 1.96 standard errors away."""
    p = right / total
    for end in Share(right, total).interval:
        if 0 < end < 1:
            distance = abs(p - end) / math.sqrt(end * (1 - end) / total)
            assert distance == pytest.approx(1.959963984540054, rel=1e-9)
        else:
            assert end == p
    # as published tables have it, for instance of 8 in 10
    assert Share(8, 10).interval == pytest.approx((0.490162, 0.943318), abs=1e-6)


@pytest.mark.parametrize(("count", "alike"), [(4, 6.0), (12, 3.0), (12, 1e6), (40, 2.0)])
def test_the_interval_of_windows_in_groups_holds_what_it_promises(
    count: int, alike: float
) -> None:
    """Groups of 25 windows whose shares are drawn (beta, mean 0.8; 1e6: all the same)."""
    rng, held, plain = np.random.default_rng(5), [], []
    groups = np.repeat(np.arange(count), 25)
    for _ in range(400):
        shares = rng.beta(0.8 * alike, 0.2 * alike, count)
        right = rng.random(len(groups)) < shares[groups]
        n = figures.effective(right, groups)
        assert n is not None and count <= n <= len(groups)
        for made, found in ((n, held), (None, plain)):
            low, high = Share(int(right.sum()), len(right), made).interval
            found.append(low <= 0.8 <= high)
    # 400 draws: a deviation of 1.1 points at 95%
    assert np.mean(held) >= 0.92
    if alike < 100:
        assert np.mean(plain) < 0.85 < np.mean(held)
    else:
        assert np.mean(plain) >= 0.92


def test_windows_without_groups_and_without_mistakes() -> None:
    right = np.ones(60, bool)
    assert figures.effective(right, None) is None
    assert figures.effective(right, np.zeros(60)) is None
    assert figures.effective(right, np.arange(60) % 3) == 3
    assert Share(60, 60, 3.0).interval == Share(3, 3).interval
    right[::6] = False  # as many in each group: no group says more than its windows
    assert figures.effective(right, np.arange(60) // 6) == 60
    assert figures.effective(right, np.arange(60)) == 60


def test_nothing_is_no_share() -> None:
    assert math.isnan(Share(0, 0).value) and math.isnan(Share(0, 0).interval[0])


@pytest.fixture
def scored() -> tuple[np.ndarray, np.ndarray]:
    """Scores of two classes that overlap, in steps of int8: with ties."""
    rng = np.random.default_rng(4)
    is_class = rng.random(200) < 0.3
    scores = np.clip(rng.normal(np.where(is_class, 0.6, 0.4), 0.15), 0, 255 / 256)
    return is_class, np.rint(scores * 64) / 64


def test_area_is_the_chance_to_be_above(scored: tuple[np.ndarray, np.ndarray]) -> None:
    is_class, scores = scored
    found = figures.curves(is_class, scores)
    assert found is not None
    pairs = [
        1.0 if a > b else 0.5 if a == b else 0.0
        for a in scores[is_class] for b in scores[~is_class]
    ]  # fmt: skip
    assert found.area == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)


def test_average_precision(scored: tuple[np.ndarray, np.ndarray]) -> None:
    is_class, scores = scored
    found = figures.curves(is_class, scores)
    assert found is not None
    total, before = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        above = [bool(c) for c, s in zip(is_class, scores, strict=True) if s >= threshold]
        recall = sum(above) / int(is_class.sum())
        total += (recall - before) * sum(above) / len(above)
        before = recall
    assert before == 1.0
    assert found.average_precision == pytest.approx(total, abs=1e-12)


def test_curves_need_both_sides() -> None:
    assert figures.curves(np.array([True, True]), np.array([0.1, 0.2])) is None
    assert figures.best_threshold(np.array([False]), np.array([0.5])) is None


def test_no_threshold_has_a_larger_f1(scored: tuple[np.ndarray, np.ndarray]) -> None:
    is_class, scores = scored

    def f1(threshold: float) -> float:
        said = scores >= threshold
        return 2 * (said & is_class).sum() / (said.sum() + is_class.sum())

    chosen = figures.best_threshold(is_class, scores)
    assert chosen is not None
    assert f1(chosen) == max(f1(t) for t in np.linspace(0, 1, 1025))


def test_the_threshold_lies_in_the_middle_of_the_gap() -> None:
    is_class = np.array([False, False, True, True])
    assert figures.best_threshold(is_class, np.array([0.1, 0.2, 0.8, 0.9])) == pytest.approx(0.5)


def test_calibration() -> None:
    top = np.array([0.95, 0.95, 0.95, 0.95, 0.5, 0.5, 1.0])
    right = np.array([True, True, True, False, True, False, True])
    bins = figures.calibration(top, right)
    assert [(b.low, b.right.total) for b in bins] == [(0.5, 2), (0.9, 5)]
    # 2 windows at 0.5, half right: no error; 5 at mean 0.96, 4 of 5 right
    assert figures.calibration_error(bins) == pytest.approx(5 / 7 * (0.96 - 0.8))


def test_coverage() -> None:
    found = figures.coverage(np.array([0.4, 0.8, 0.8]), np.array([False, True, False]))
    assert found == [(0.4, 1.0, pytest.approx(1 / 3)), (0.8, pytest.approx(2 / 3), 0.5)]


def test_confusion_and_groups() -> None:
    truth, said = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0])
    assert figures.confusion(truth, said, 3).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    found = figures.by_group(np.array(["b", "a", "b", "b"]), truth == said)
    assert list(found.items()) == [("a", Share(0, 1)), ("b", Share(2, 3))]
