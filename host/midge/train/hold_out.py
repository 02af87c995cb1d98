"""Which windows to train on are held out: one way for every choice that training makes.

The epoch, the steps, the networks of a search, the kind of anomaly detector and the thresholds are
all chosen on windows that the weights were not fitted to. Windows of one recording are alike, and
where they overlap nearly the same: drawn at random, they would sit on both sides, and whatever
learns a recording by heart would look best. So what is held out is, class by class, the first of
these that comes near the wanted share:

1. whole groups (``[data] group``: person, machine, session), as the test split is made of;
2. whole recordings: where a group is a large part of a class, holding it out would cost the
   training more than the choice gains (one of three speakers is a third of all there is, while
   the best epoch is about the same on either side);
3. the last windows of each recording, for a class with too few of those; what overlaps them is
   neither held out nor trained on.

Windows that come at one place (a word and its halves) go together, of whatever class they are.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from midge.train.data import Windows

if TYPE_CHECKING:
    from midge.project import Project

SHARE = 0.2  # of each class; of networks and classical models
ENOUGH = 200  # recordings that tell networks apart; more are better trained on
_MOST = 1.5  # times the wanted share that whole groups may take of a class
_DRAWS = 32  # of which the one nearest to the share in every class counts
_DRAWN = 20_000  # units at most, in all draws

GROUPS, RECORDINGS, LAST = "groups", "recordings", "last"


@dataclasses.dataclass(frozen=True)
class HoldOut:
    """Indices of the windows to fit on and of those held out: int64, ascending, without a common
    one. Every class has some to fit on, and with two windows or more some held out.

    ``how``: of each class :data:`GROUPS`, :data:`RECORDINGS` or :data:`LAST`; ``why``: of those
    that could not be held out by what comes first of these, what stood against it.
    """

    kept: np.ndarray
    held: np.ndarray
    how: dict[int, str]
    why: dict[int, str]

    def told(self, labels: list[str]) -> str:
        """One line for people."""
        ways = {
            GROUPS: "whole groups",
            RECORDINGS: "whole recordings",
            LAST: "the last windows of each recording",
        }
        parts = []
        for way, words in ways.items():
            names = [labels[kind] for kind, found in self.how.items() if found == way]
            reasons = {self.why[kind] for kind, found in self.how.items() if found == way
                       and kind in self.why}  # fmt: skip
            if not names:
                continue
            of = "" if len(names) == len(self.how) else f" of {', '.join(names)}"
            parts.append(words + of + (f" ({'; '.join(sorted(reasons))})" if reasons else ""))
        total = len(self.kept) + len(self.held)
        return f"{len(self.held)} of {total} windows held out: {', '.join(parts)}"


def of_training(project: Project, windows: Windows) -> HoldOut:
    """What training a network or a classical model of ``project`` holds out: a fifth, or what
    comes to :data:`ENOUGH` recordings where these are many."""
    share = min(SHARE, ENOUGH / len(np.unique(_recordings(windows))))
    return hold_out(windows, share, seed=project.model.seed)


def hold_out(windows: Windows, share: float, *, seed: int, most: float | None = None) -> HoldOut:
    """About ``share`` of the windows of each class, as said above; the same arguments give the
    same windows.

    Args:
        seed: which of several groups or recordings.
        most: largest share of a class that whole groups or recordings may take; default: half as
            much again as ``share``. Where networks are compared for how they do on other people,
            rather than an epoch is chosen, a larger one keeps groups whole.
    """
    most = _MOST * share if most is None else most
    classes = windows.classes
    held = np.zeros(len(classes), bool)
    how: dict[int, str] = {}
    why: dict[int, str] = {}
    rng = np.random.default_rng(seed)
    for way, units in _levels(windows):
        left = [int(kind) for kind in np.unique(classes) if int(kind) not in how]
        counts = _counts(units, classes, left)
        drawn = _draw(counts, share, most, rng)
        found = counts[drawn].sum(axis=0) / counts.sum(axis=0)
        for kind, part, column in zip(left, found, counts.T, strict=True):
            if 0 < part <= most:
                how[kind] = way
                held |= (classes == kind) & np.isin(units, drawn)
            else:
                of = int((column > 0).sum())
                why[kind] = f"{of} {way if of != 1 else way[:-1]}, too few for {share:.0%}"
    recordings = _recordings(windows)
    last = [int(kind) for kind in np.unique(classes) if int(kind) not in how]
    spare = np.zeros(len(classes), bool)
    for kind in last:
        how[kind] = LAST
        ends = _last(recordings, np.flatnonzero(classes == kind), share)
        held[ends] = True
        spare |= _overlapping(windows, recordings, ends)
    kept = ~held & ~spare
    for kind in np.unique(classes):
        members = classes == kind
        if not (kept & members).any():  # all of a short recording overlaps its end
            kept |= members & ~held
    how = dict(sorted(how.items()))
    return HoldOut(np.flatnonzero(kept), np.flatnonzero(held), how, why)


def _recordings(windows: Windows) -> np.ndarray:
    """The number of each window's recording; without any, all are of one."""
    names = windows.recordings if windows.recordings is not None else windows.groups
    if names is None:
        return np.zeros(len(windows), np.int64)
    return np.unique(names, return_inverse=True)[1]


def _levels(windows: Windows) -> list[tuple[str, np.ndarray]]:
    """What can be held out whole, the largest first: its name and each window's number."""
    recordings = _recordings(windows)
    found = [(RECORDINGS, recordings)]
    if windows.groups is not None:
        groups = np.unique(windows.groups, return_inverse=True)[1]
        if groups.max(initial=0) < recordings.max(initial=0):
            found.insert(0, (GROUPS, groups))
    return found


def _counts(units: np.ndarray, classes: np.ndarray, kinds: list[int]) -> np.ndarray:
    """Windows ``[units, kinds]``."""
    made = np.zeros((units.max(initial=0) + 1, len(kinds)), np.int64)
    for column, kind in enumerate(kinds):
        np.add.at(made[:, column], units[classes == kind], 1)
    return made


def _draw(counts: np.ndarray, share: float, most: float, rng: np.random.Generator) -> np.ndarray:
    """Numbers of units that hold about ``share`` of every class, int64, ascending.

    Each draw goes through the units in a random order and takes those that bring it nearer.
    """
    parts = counts / np.maximum(counts.sum(axis=0), 1)

    def cost(found: np.ndarray) -> float:
        # a class that has none, or too much, outweighs how near the others are
        bad = (found <= 0) | (found > most + 1e-9)
        return float(np.where(bad, 1.0, (found - share) ** 2).sum())

    none = np.zeros(parts.shape[1])
    best, least = np.zeros(0, np.int64), cost(none)
    for _ in range(max(1, min(_DRAWS, _DRAWN // len(parts)))):
        found, now, taken = none, cost(none), []
        for unit in rng.permutation(len(parts)):
            if (then := cost(found + parts[unit])) < now:
                found, now = found + parts[unit], then
                taken.append(unit)
        if now < least:
            best, least = np.sort(np.array(taken, np.int64)), now
    return best


def _last(recordings: np.ndarray, members: np.ndarray, share: float) -> np.ndarray:
    """Of ``members``, indices in order of time, the last ``share`` in each recording."""
    taken: list[int] = []
    for number in np.unique(recordings[members]):
        own = members[recordings[members] == number]
        count = min(round(share * len(own)), len(own) - 1)
        taken += own[len(own) - count :].tolist()
    if not taken and len(members) > 1:
        taken = [int(members[-1])]
    return np.array(taken, np.int64)


def _overlapping(windows: Windows, recordings: np.ndarray, held: np.ndarray) -> np.ndarray:
    """bool ``[n]``: has samples in common with one of ``held``, which are of one class."""
    found = np.zeros(len(windows), bool)
    if windows.starts is None:
        return found
    length = windows.counts.shape[1]
    for number in np.unique(recordings[held]):
        there = np.flatnonzero(recordings == number)
        theirs = np.sort(windows.starts[held[recordings[held] == number]])
        at = np.searchsorted(theirs, windows.starts[there])
        before = windows.starts[there] - theirs[np.maximum(at - 1, 0)]
        behind = theirs[np.minimum(at, len(theirs) - 1)] - windows.starts[there]
        found[there] = np.minimum(np.abs(before), np.abs(behind)) < length
    found[held] = False
    return found
