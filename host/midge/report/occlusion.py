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

from midge.report.answers import Answers
from midge.report.figures import Share
from midge.train.evaluate import decide

if TYPE_CHECKING:
    from midge.features.pipeline import Pipeline
    from midge.report.evidence import Evidence

PARTS = 12  # of the time, at most
REACH = 1  # parts on each side that are hidden with one
_MOST_GROUPS = 12  # of columns
_MOST_WINDOWS = 8  # of a class
_MACS = 4e9  # that each of the two ways of hiding may take: some seconds on a PC


@dataclasses.dataclass(frozen=True)
class Group:
    """Columns of the input that are hidden together."""

    name: str
    start: int
    end: int


@dataclasses.dataclass(frozen=True)
class Map:
    """Of one class: how far its log-odds fall, ``[groups, parts]``, the mean over
    ``windows`` right ones. ``example`` of them has the highest score (index in the test split)."""

    falls: np.ndarray
    windows: int
    example: int


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
    if not evidence.compiled.features:
        return _chunks(evidence.data.channels, 0, _MOST_GROUPS)
    pipeline = evidence.compiled.features[0].pipeline
    found: list[Group] = []
    for names in _names(pipeline):
        share = max(1, round(_MOST_GROUPS * len(names) / pipeline.shape[1]))
        found += _chunks(names, found[-1].end if found else 0, share)
    return found


def _names(pipeline: Pipeline) -> list[list[str]]:
    """Of the columns of each feature block."""
    if pipeline.shape[1] != sum(pipeline.widths):  # raw rows
        return [list(pipeline.channels)]
    blocks = [one for one in pipeline.blocks if one.gives_columns]
    named = []
    for block, width in zip(blocks, pipeline.widths, strict=True):
        own = block.as_dict().get("names", [])
        if own and width == len(own):
            named.append([str(name) for name in own])
        else:
            named.append([f"{block.name} {i}" if width > 1 else block.name for i in range(width)])
    return named


def _chunks(names: list[str], at: int, most: int) -> list[Group]:
    size = -(-len(names) // most)
    found = []
    for start in range(0, len(names), size):
        some = names[start : start + size]
        last = some[-1].rsplit(" ", 1)[-1]
        name = some[0] if len(some) == 1 else f"{some[0]}\u2013{last}"
        found.append(Group(name, at + start, at + start + len(some)))
    return found


def look(evidence: Evidence) -> Looks:
    """Hides part after part. Deterministic; takes fewer windows of a large model."""
    answers = Answers(evidence.compiled)
    groups = groups_of(evidence)
    rows = evidence.inputs.shape[1]
    edges = np.linspace(0, rows, min(PARTS, rows) + 1).astype(int)
    classes = len(evidence.data.labels)
    cells = len(groups) * (len(edges) - 1)
    affordable = _MACS / max(1, evidence.compiled.program.macs)
    each = int(min(_MOST_WINDOWS, max(1, affordable / (cells * classes))))
    maps = [_map(evidence, answers, groups, edges, k, each) for k in range(classes)]
    some = _spread(len(evidence.truth), int(max(classes, affordable / len(groups))))
    without = [_without(evidence, answers, group, some) for group in groups]
    whole = evidence.right[some]
    return Looks(groups, maps, without, Share(int(whole.sum()), len(whole)))


def _map(
    evidence: Evidence, answers: Answers, groups: list[Group], edges: np.ndarray, k: int, each: int
) -> Map | None:
    members = np.flatnonzero((evidence.truth == k) & evidence.right)
    if not len(members):
        return None
    example = int(members[evidence.scores[members, k].argmax()])
    chosen = members[_spread(len(members), each)]
    falls = np.zeros((len(groups), len(edges) - 1))
    for window in chosen:
        before = answers.log_odds(evidence.inputs[window : window + 1])[0, k]
        for g, group in enumerate(groups):
            hidden = np.repeat(evidence.inputs[window][np.newaxis], len(edges) - 1, axis=0)
            for part in range(len(edges) - 1):
                first, last = max(0, part - REACH), min(len(edges) - 1, part + REACH + 1)
                here = slice(int(edges[first]), int(edges[last]))
                hidden[part, here, group.start : group.end] = answers.hidden
            falls[g] += before - answers.log_odds(hidden)[:, k]
    return Map(falls / len(chosen), len(chosen), example)


def _without(evidence: Evidence, answers: Answers, group: Group, some: np.ndarray) -> Share:
    hidden = evidence.inputs[some].copy()
    hidden[:, :, group.start : group.end] = answers.hidden
    said = decide(answers.outputs(hidden), half=answers.half)
    return Share(int((said == evidence.truth[some]).sum()), len(some))


def _spread(count: int, most: int) -> np.ndarray:
    """At most ``most`` of ``count`` indices, evenly."""
    step = math.ceil(count / max(1, most))
    return np.arange(0, count, max(1, step))
