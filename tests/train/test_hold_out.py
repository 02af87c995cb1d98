"""Which training windows are held out: whole groups, whole recordings, else the last windows."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from midge.train.data import Windows
from midge.train.hold_out import GROUPS, LAST, RECORDINGS, hold_out, of_training


def made(kinds, groups=None, recordings=None, starts=None, length=4):
    counts = np.zeros((len(kinds), length, 1), np.int16)
    arrays = [None if v is None else np.array(v) for v in (groups, recordings, starts)]
    return Windows(counts, np.array(kinds), *arrays)


def shares(windows, parts):
    each = np.bincount(windows.classes)
    return np.bincount(windows.classes[parts.held], minlength=len(each)) / each


def apart(names, parts):
    return not set(names[parts.kept]) & set(names[parts.held])


def people(count, recordings=6, kinds=3, windows=5):
    """Each has so many recordings of each class, in windows that overlap by half."""
    rows = [
        (kind, f"person {p}", f"{p}/{kind}/{r}", 2 * w)
        for p in range(count) for kind in range(kinds) for r in range(recordings)
        for w in range(windows)
    ]  # fmt: skip
    return made(*zip(*rows, strict=True))


@pytest.mark.parametrize("count", [4, 5, 10])
def test_whole_groups_where_they_are_a_small_part(count):
    windows = people(count)
    parts = hold_out(windows, 0.2, seed=1)
    assert set(parts.how.values()) == {GROUPS} and not parts.why
    assert apart(windows.groups, parts)
    assert sorted([*parts.kept, *parts.held]) == list(range(len(windows)))
    assert (shares(windows, parts) == round(0.2 * count) / count).all()


def test_recordings_where_a_group_is_a_third():
    windows = people(3)
    parts = hold_out(windows, 0.2, seed=1)
    assert set(parts.how.values()) == {RECORDINGS}
    assert apart(windows.recordings, parts)
    assert (abs(shares(windows, parts) - 0.2) < 0.03).all()

    assert parts.told(["a", "b", "c"]).startswith(
        f"{len(parts.held)} of {len(windows)} windows held out: whole recordings (3 groups"
    )
    # Networks compared for how they do on others: a third is not too much.
    parts = hold_out(windows, 0.25, seed=1, most=0.5)
    assert set(parts.how.values()) == {GROUPS} and apart(windows.groups, parts)


def test_a_class_with_one_recording_gives_its_last_windows_and_no_overlap():
    windows = people(5, recordings=2, kinds=2)
    alone = made([2] * 40, ["person 0"] * 40, ["long"] * 40, range(0, 80, 2), length=6)
    joined = ("classes", "groups", "recordings", "starts")
    both = made(*(np.append(getattr(windows, n), getattr(alone, n)) for n in joined), length=6)
    parts = hold_out(both, 0.2, seed=3)
    assert parts.how == {0: GROUPS, 1: GROUPS, 2: LAST}
    assert parts.why == {2: "1 recording, too few for 20%"}
    first = len(windows)
    assert list(parts.held[parts.held >= first] - first) == list(range(32, 40))
    # from window 32 on; 30 and 31 have samples in common with it
    assert list(parts.kept[parts.kept >= first] - first) == list(range(30))
    assert apart(both.groups[:first], hold_out(windows, 0.2, seed=3))


def test_what_comes_of_one_recording_goes_together_whatever_its_class():
    rng = np.random.default_rng(0)
    names = [f"word {n}" for n in range(40)]
    halves = rng.integers(0, 40, 30)
    windows = made(
        [n % 4 for n in range(40)] + [4] * 30,
        ["a", "b"] * 20 + [["a", "b"][n % 2] for n in halves],
        names + [names[n] for n in halves],
    )
    parts = hold_out(windows, 0.2, seed=5)
    assert set(parts.how.values()) == {RECORDINGS} and apart(windows.recordings, parts)
    assert (shares(windows, parts) > 0.1).all() and (shares(windows, parts) < 0.31).all()


@pytest.mark.parametrize("seed", range(20))
def test_every_class_keeps_windows_and_the_same_seed_gives_the_same(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 200))
    recordings = rng.integers(0, rng.integers(1, 30), n)
    windows = made(
        np.append(rng.integers(0, 4, n - 4), range(4)),
        [f"p{r % 3}" for r in recordings], [f"r{r}" for r in recordings],
        np.arange(n) * int(rng.integers(1, 6)),
    )  # fmt: skip
    parts = hold_out(windows, 0.2, seed=seed)
    assert not set(parts.kept) & set(parts.held)
    for kind in range(4):
        members = np.flatnonzero(windows.classes == kind)
        kept, held = np.isin(members, parts.kept), np.isin(members, parts.held)
        assert kept.any()
        assert held.any() or len(members) == 1
        names, way = windows.recordings[members], parts.how[kind]
        if way == RECORDINGS:
            assert not set(names[kept]) & set(names[held])
            assert held.mean() <= 0.3
    again = hold_out(windows, 0.2, seed=seed)
    assert (again.kept == parts.kept).all() and (again.held == parts.held).all()


def test_many_recordings_of_one_window_take_no_long():
    """A hundred thousand words in 35 classes: one draw, in seconds."""
    kinds = np.arange(100_000) % 35
    windows = made(kinds, None, np.arange(100_000).astype(str))
    assert (abs(shares(windows, hold_out(windows, 0.2, seed=0)) - 0.2) < 0.001).all()


def test_windows_that_say_nothing_are_one_recording():
    parts = hold_out(made([0] * 10 + [1] * 5), 0.2, seed=0)
    assert list(parts.held) == [8, 9, 14] and len(parts.kept) == 12
    assert set(parts.how.values()) == {LAST}


@pytest.mark.parametrize(("recordings", "held"), [(100, 20), (1000, 200), (4000, 200)])
def test_of_many_recordings_some_hundred_are_enough(recordings, held):
    names = [str(number) for number in range(recordings)]
    windows = made([number % 2 for number in range(recordings)], names, names)
    project = SimpleNamespace(model=SimpleNamespace(seed=1))
    parts = of_training(project, windows)
    assert abs(len(parts.held) - held) <= 2
