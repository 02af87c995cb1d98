"""Which recordings to train on and which to test with: whole groups, never parts of one."""

from __future__ import annotations

import dataclasses

import numpy as np

from midge.recordings.recording import DataError, Recording, Span

TEST_SHARE = 0.25
_DRAWS = 64  # until one has each class on both sides


@dataclasses.dataclass(frozen=True)
class Split:
    """Recordings in two parts that share no group (no recording, where there are no groups)."""

    train: list[Recording]
    test: list[Recording]
    group: str = ""


def group_of(recording: Recording, group: str) -> str:
    """The recording's value of the context ``group``.

    Raises:
        DataError: it has none.
    """
    if group not in recording.context:
        known = ", ".join(sorted(recording.context)) or "nothing"
        raise DataError(
            f"{recording.name} does not say its {group}; it says {known}",
            where=str(recording.path),
            do=f"add a column or array `{group}`, or put {{{group}}} into [data] pattern",
        )
    return recording.context[group]


def groups(recordings: list[Recording], group: str) -> list[str]:
    """All values of the context ``group``, sorted."""
    return sorted({group_of(recording, group) for recording in recordings})


def by_group(
    recordings: list[Recording], group: str, test_groups: list[str], where: str, seed: int = 0
) -> Split:
    """Groups named in ``test_groups`` to test with; by default about a quarter of them, drawn so
    that each class is on both sides if that can be.

    Raises:
        DataError: there is one group only, or a group that is named is not there.
    """
    found = groups(recordings, group)
    if len(found) < 2:
        raise DataError(
            f"needs at least 2 values of {group} to split by, found {', '.join(found)}",
            where=where,
            do="record another one, or take [data] group out",
        )
    if unknown := sorted(set(test_groups) - set(found)):
        raise DataError(
            f"no {group} {', '.join(unknown)}; there are {', '.join(found)}",
            where=f"{where}: [data] test_groups",
            do="name groups that are there",
        )
    if set(test_groups) == set(found):
        raise DataError(
            f"every {group} is to test with, none is left to train on",
            where=f"{where}: [data] test_groups",
            do="name fewer",
        )
    test = set(test_groups) or _draw(recordings, group, found, seed)
    return Split(
        [r for r in recordings if group_of(r, group) not in test],
        [r for r in recordings if group_of(r, group) in test],
        group,
    )


def _draw(recordings: list[Recording], group: str, found: list[str], seed: int) -> set[str]:
    count = max(1, round(TEST_SHARE * len(found)))
    classes: dict[str, set[str]] = {name: set() for name in found}
    for recording in recordings:
        classes[group_of(recording, group)] |= set(recording.labels)
    every = set().union(*classes.values())
    rng = np.random.default_rng(seed)
    best: tuple[int, list[str]] | None = None
    for _ in range(_DRAWS):
        test = sorted(rng.permutation(found)[:count].tolist())
        seen = set().union(*(classes[name] for name in test))
        left = set().union(*(classes[name] for name in found if name not in test))
        score = len(every - seen) + len(every - left)
        if best is None or score < best[0]:
            best = (score, test)
        if score == 0:
            break
    assert best is not None
    return set(best[1])


def by_recording(recordings: list[Recording], seed: int = 0) -> Split:
    """A quarter of each class's recordings to test with: whole ones, whatever gaps they have.

    The last quarter in time where a class has only one recording. Recordings of several classes
    stay whole too, if each class can be on both sides then; else they are cut where the class
    changes, and the pieces go apart.
    """
    several = any(len(set(recording.labels)) > 1 for recording in recordings)
    if several and (split := _whole(recordings, seed)):
        return split
    if several:
        recordings = [_cut(r, span) for r in recordings for span in r.spans]
    train: list[Recording] = []
    test: list[Recording] = []
    for name in sorted({label for recording in recordings for label in recording.labels}):
        members = [recording for recording in recordings if name in recording.labels]
        if len(members) == 1:
            before, after = _in_time(members[0])
            train += before
            test += after
            continue
        order = np.random.default_rng(seed).permutation(len(members))
        taken = set(order[: max(1, round(TEST_SHARE * len(members)))].tolist())
        train += [one for i, one in enumerate(members) if i not in taken]
        test += [one for i, one in enumerate(members) if i in taken]
    return Split(train, test)


def _whole(recordings: list[Recording], seed: int) -> Split | None:
    """Whole recordings on either side, each class on both; None: no draw did that."""
    every = {label for recording in recordings for label in recording.labels}
    count = max(1, round(TEST_SHARE * len(recordings)))
    rng = np.random.default_rng(seed)
    for _ in range(_DRAWS):
        taken = set(rng.permutation(len(recordings))[:count].tolist())
        split = Split(
            [one for i, one in enumerate(recordings) if i not in taken],
            [one for i, one in enumerate(recordings) if i in taken],
        )
        sides = ({label for one in side for label in one.labels}
                 for side in (split.train, split.test))  # fmt: skip
        if all(side == every for side in sides):
            return split
    return None


def _in_time(recording: Recording) -> tuple[list[Recording], list[Recording]]:
    """The pieces of a recording before and after three quarters of its labelled samples."""
    left = round((1 - TEST_SHARE) * sum(len(span) for span in recording.spans))
    before, after = [], []
    for span in recording.spans:
        cut = span.start + min(max(left, 0), len(span))
        left -= len(span)
        if cut > span.start:
            before.append(_cut(recording, Span(span.start, cut, span.label)))
        if cut < span.end:
            after.append(_cut(recording, Span(cut, span.end, span.label)))
    return before, after


def _cut(recording: Recording, span: Span) -> Recording:
    return dataclasses.replace(
        recording,
        counts=recording.counts[span.start : span.end],
        spans=[Span(0, len(span), span.label)],
        gaps=[],
        start_s=None,
        offset=recording.offset + span.start,
    )
