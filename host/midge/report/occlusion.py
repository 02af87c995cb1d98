"""What a model looks at: how far the odds of a class fall when a part of the input is hidden.

Occlusion (Zeiler and Fergus 2014, arXiv:1311.2901, 4.2) on the integer model itself: hidden is the
training data's mean, a real 0. It shows what one part alone changes; what two parts say alike, it
does not show. In log-odds, as a score near 1 hardly moves.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from midge.features.columns import column_names
from midge.report.answers import Answers
from midge.report.figures import Share
from midge.train.evaluate import decide

if TYPE_CHECKING:
    from midge.report.evidence import Evidence

PARTS = 12  # of the time, at most
REACH = 1  # parts on each side that are hidden with one
_MOST_GROUPS = 12  # of columns
_MOST_WINDOWS = 8  # of a class
_MACS = 4e9  # that each of the two ways of hiding may take: some seconds on a PC


@dataclasses.dataclass(frozen=True)
class Group:
    """Columns of input ``view`` that are hidden together."""

    view: int
    name: str
    start: int
    end: int


@dataclasses.dataclass(frozen=True)
class Map:
    """Of one class: how far its log-odds fall, of each group ``[parts]``, the mean over
    ``windows`` right ones. ``example`` of them has the highest score (index in the test split)."""

    falls: list[np.ndarray]
    windows: int
    example: int

    @property
    def top(self) -> float:
        """How far they fall at most."""
        return max(float(one.max()) for one in self.falls)


@dataclasses.dataclass(frozen=True)
class Looks:
    """``maps`` by class, None where no window was right; ``without``: right test windows with a
    group hidden throughout, of those that ``whole`` tells of."""

    groups: list[Group]
    maps: list[Map | None]
    without: list[Share]
    whole: Share


def groups_of(evidence: Evidence) -> list[Group]:
    """The columns, several together where there are many; never of two feature blocks."""
    found: list[Group] = []
    most = max(2, _MOST_GROUPS // len(evidence.views))
    for number, view in enumerate(evidence.views):
        columns = view.inputs.shape[2]
        blocks = (
            [list(view.channels)]
            if view.features is None
            else column_names(view.features.pipeline)
        )
        at = 0
        for names in blocks:
            share = max(1, round(most * len(names) / columns))
            for name, size in _chunks(names, share, view.image[2] if view.image else 1):
                found.append(Group(number, view.named(name), at, at + size))
                at += size
    return found


def _chunks(names: list[str], most: int, each: int = 1) -> list[tuple[str, int]]:
    """Names of neighbours together, and how many they are: a multiple of ``each``."""
    size = -(-len(names) // (most * each)) * each
    found = []
    for start in range(0, len(names), size):
        some = names[start : start + size]
        last = some[-1].rsplit(" ", 1)[-1]
        name = some[0] if len(some) == 1 else f"{some[0]}\u2013{last}"
        found.append((name, len(some)))
    return found


def look(evidence: Evidence) -> Looks:
    """Hides part after part. Deterministic; takes fewer windows of a large model."""
    answers = Answers(evidence.compiled)
    groups = groups_of(evidence)
    rows = [one.shape[1] for one in evidence.inputs]
    edges = [np.linspace(0, n, min(PARTS, n) + 1).astype(int) for n in rows]
    classes = len(evidence.data.labels)
    cells = sum(len(edges[group.view]) - 1 for group in groups)
    affordable = _MACS / max(1, evidence.compiled.program.macs)
    each = int(min(_MOST_WINDOWS, max(1, affordable / (cells * classes))))
    maps = [_map(evidence, answers, groups, edges, k, each) for k in range(classes)]
    some = _spread(len(evidence.truth), int(max(classes, affordable / len(groups))))
    without = [_without(evidence, answers, group, some) for group in groups]
    whole = evidence.right[some]
    return Looks(groups, maps, without, Share(int(whole.sum()), len(whole)))


def _map(
    evidence: Evidence,
    answers: Answers,
    groups: list[Group],
    edges: list[np.ndarray],
    k: int,
    each: int,
) -> Map | None:
    members = np.flatnonzero((evidence.truth == k) & evidence.right)
    if not len(members):
        return None
    example = int(members[evidence.scores[members, k].argmax()])
    chosen = members[_spread(len(members), each)]
    falls = [np.zeros(len(edges[group.view]) - 1) for group in groups]
    for window in chosen:
        whole = [one[window : window + 1] for one in evidence.inputs]
        before = answers.log_odds(whole)[0, k]
        for total, group in zip(falls, groups, strict=True):
            hidden = _hidden(whole, group, edges[group.view], answers)
            total += (before - answers.log_odds(hidden)[:, k]) / len(chosen)
    return Map(falls, len(chosen), example)


def _hidden(
    whole: list[np.ndarray], group: Group, edges: np.ndarray, answers: Answers
) -> list[np.ndarray]:
    """A window once for each part of the time, with that part of the group hidden."""
    n = len(edges) - 1
    copies = [np.repeat(one, n, axis=0) for one in whole]
    for part in range(n):
        here = slice(int(edges[max(0, part - REACH)]), int(edges[min(n, part + REACH + 1)]))
        copies[group.view][part, here, group.start : group.end] = answers.hidden(group.view)
    return copies


def _without(evidence: Evidence, answers: Answers, group: Group, some: np.ndarray) -> Share:
    hidden = [one[some] for one in evidence.inputs]
    hidden[group.view][:, :, group.start : group.end] = answers.hidden(group.view)
    said = decide(answers.outputs(hidden), half=answers.half)
    return Share(int((said == evidence.truth[some]).sum()), len(some))


def _spread(count: int, most: int) -> np.ndarray:
    """At most ``most`` of ``count`` indices, evenly."""
    step = math.ceil(count / max(1, most))
    return np.arange(0, count, max(1, step))
