"""The report's numbers, from classes and scores alone. Shares and scores are 0...1."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

Z95 = 1.959963984540054  # the normal distribution's 97.5% point: a two-sided interval of 95%
BINS = 10  # of a calibration curve


@dataclasses.dataclass(frozen=True)
class Share:
    """``right`` of ``total``, with a confidence interval of 95%; NaN of nothing.

    ``independent``: as many trials they tell as much as, if not all of them (:func:`effective`).
    """

    right: int
    total: int
    independent: float | None = None

    @property
    def value(self) -> float:
        """0...1; NaN of nothing."""
        return self.right / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval (Wilson 1927, J. Am. Stat. Assoc. 22, 209) for so many
        ``independent`` trials. It holds where all or none are right too."""
        if not self.total:
            return math.nan, math.nan
        p, z2 = self.value, Z95 * Z95
        n = self.total if self.independent is None else self.independent
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = Z95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        # exactly 0 and 1 at the ends, which rounding would miss
        low = middle - half if self.right else 0.0
        return low, middle + half if self.right < self.total else 1.0


def effective(right: np.ndarray, groups: np.ndarray | None) -> float | None:
    """How many independent windows tell as much about other groups as these, bool ``[n]``.

    Windows of a group (person, machine, recording) are alike. How much, the groups' shares of
    right windows say: n over the design effect (the variance of the share between groups against
    that of independent windows; Cochran, Sampling Techniques, 1977, ch. 3), less for few groups,
    by Student's t against the normal distribution (Korn and Graubard 1998, Survey Methodology 24,
    193). Where all are right or all wrong nothing shows how alike they are: then the number of
    groups, which is also the least.

    Returns:
        None where there are no groups, or one only: it tells nothing of others.
    """
    if groups is None or len(np.unique(groups)) < 2:
        return None
    from scipy.stats import t

    sides = by_group(groups, right).values()
    n, count, share = len(right), len(sides), float(right.mean())
    if count == n:
        return float(n)  # none has another one that is like it
    alone = share * (1 - share) / n  # the variance, if all were independent
    if not alone:
        return float(count)
    rest = sum((one.right - share * one.total) ** 2 for one in sides)
    between = count / (count - 1) * rest / n**2
    few = (Z95 / float(t.ppf(0.975, count - 1))) ** 2
    found = n * few * alone / between if between else float(n)
    return float(min(n, max(count, found)))


def confusion(truth: np.ndarray, said: np.ndarray, classes: int) -> np.ndarray:
    """int64 ``[classes, classes]``: windows of class ``row`` that were called ``column``."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (truth, said), 1)
    return table


def by_group(groups: np.ndarray, right: np.ndarray) -> dict[str, Share]:
    """The share of right windows of each group, in the order of the groups' names."""
    return {
        str(name): Share(int(right[groups == name].sum()), int((groups == name).sum()))
        for name in np.unique(groups)
    }


@dataclasses.dataclass(frozen=True)
class Curves:
    """One class against all others, for every threshold that makes a difference.

    ``thresholds`` fall; first one that no score reaches. ``hits`` and ``false_alarms``: shares of
    the class's and of the others' windows whose score is at or above it. ``precision``: share of
    these that are of the class, 1 where there are none.
    """

    thresholds: np.ndarray
    hits: np.ndarray
    false_alarms: np.ndarray
    precision: np.ndarray

    @property
    def area(self) -> float:
        """Under hits over false alarms: the chance that a window of the class has a higher score
        than another, ties half."""
        return float(np.trapezoid(self.hits, self.false_alarms))

    @property
    def average_precision(self) -> float:
        """The precision at each threshold weighted with the hits that it adds."""
        return float((np.diff(self.hits) * self.precision[1:]).sum())


def curves(is_class: np.ndarray, scores: np.ndarray) -> Curves | None:
    """The curves of bool ``[n]`` and scores ``[n]``; None where one side has no window."""
    positives, negatives = int(is_class.sum()), int((~is_class).sum())
    if not positives or not negatives:
        return None
    levels = np.unique(scores)[::-1]
    above = scores[np.newaxis, :] >= levels[:, np.newaxis]
    hits = np.concatenate([[0], (above & is_class).sum(1)])
    false = np.concatenate([[0], (above & ~is_class).sum(1)])
    return Curves(
        np.concatenate([[np.inf], levels]),
        hits / positives,
        false / negatives,
        np.where(hits + false == 0, 1.0, hits / np.maximum(hits + false, 1)),
    )


def best_threshold(is_class: np.ndarray, scores: np.ndarray) -> float | None:
    """The threshold with the largest F1; of the scores between two neighbours the middle, of
    several thresholds as good the one with the widest such gap. None: nothing to choose by."""
    if not is_class.any() or is_class.all():
        return None
    levels = np.unique(scores)
    below = np.concatenate([[min(0.0, levels[0])], levels[:-1]])
    found = []
    for low, high in zip(below, levels, strict=True):
        said = scores >= high
        both = int((said & is_class).sum())
        f1 = 2 * both / (int(said.sum()) + int(is_class.sum()))
        found.append((f1, high - low, float(low + high) / 2))
    return max(found)[2]


@dataclasses.dataclass(frozen=True)
class Operating:
    """What a threshold on one class's score does to windows it was not chosen on."""

    threshold: float
    hits: Share  # of the class's windows
    false_alarms: Share  # of the others
    precision: Share  # of those at or above it


def operate(is_class: np.ndarray, scores: np.ndarray, threshold: float) -> Operating:
    """``threshold`` on scores ``[n]`` of windows ``is_class`` bool ``[n]``."""
    said = scores >= threshold
    both, false = int((said & is_class).sum()), int((said & ~is_class).sum())
    return Operating(
        threshold,
        Share(both, int(is_class.sum())),
        Share(false, int((~is_class).sum())),
        Share(both, both + false),
    )


@dataclasses.dataclass(frozen=True)
class Bin:
    """Windows whose top score lies in ``low``...``high``: their mean score, and those right."""

    low: float
    high: float
    score: float
    right: Share


def calibration(top: np.ndarray, right: np.ndarray) -> list[Bin]:
    """The bins, of equal width, that have windows. ``top`` ``[n]``: the largest score."""
    number = np.minimum((top * BINS).astype(int), BINS - 1)
    found = []
    for i in range(BINS):
        here = number == i
        if here.any():
            share = Share(int(right[here].sum()), int(here.sum()))
            found.append(Bin(i / BINS, (i + 1) / BINS, float(top[here].mean()), share))
    return found


def calibration_error(bins: list[Bin]) -> float:
    """Expected calibration error (Guo et al. 2017, arXiv:1706.04599, eq. 3): how far score and
    share of right windows are apart, on average over windows."""
    total = sum(one.right.total for one in bins)
    return sum(one.right.total * abs(one.right.value - one.score) for one in bins) / total


def coverage(top: np.ndarray, right: np.ndarray) -> list[tuple[float, float, float]]:
    """(threshold, share of windows whose top score reaches it, share of right ones among them),
    rising, for every threshold that makes a difference."""
    return [
        (float(level), float((top >= level).mean()), float(right[top >= level].mean()))
        for level in np.unique(top)
    ]
