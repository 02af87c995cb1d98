"""Which recordings to train on and which to test with: whole groups, never parts of one."""

from __future__ import annotations

import dataclasses

import numpy as np

from midge.recordings.recording import DataError, Recording, Span

TEST_SHARE = 0.25


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
    for _ in range(64):
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
    """A quarter of each class's recordings to test with; in time where a class has only one.

    A recording of several classes is cut where they change, and its pieces go apart.
    """
    pieces = [_cut(r, span) for r in recordings for span in r.spans]
    train: list[Recording] = []
    test: list[Recording] = []
    rng_seed = seed
    for name in sorted({piece.spans[0].label for piece in pieces}):
        members = [piece for piece in pieces if piece.spans[0].label == name]
        if len(members) == 1:
            only = members[0]
            n = len(only.counts)
            cut = n - round(n * TEST_SHARE)
            train.append(_cut(only, Span(0, cut, name)))
            test.append(_cut(only, Span(cut, n, name)))
            continue
        order = np.random.default_rng(rng_seed).permutation(len(members))
        taken = set(order[: max(1, round(TEST_SHARE * len(members)))].tolist())
        train += [piece for i, piece in enumerate(members) if i not in taken]
        test += [piece for i, piece in enumerate(members) if i in taken]
    return Split(train, test)


def _cut(recording: Recording, span: Span) -> Recording:
    return dataclasses.replace(
        recording,
        counts=recording.counts[span.start : span.end],
        spans=[Span(0, len(span), span.label)],
        gaps=[],
        start_s=None,
        offset=recording.offset + span.start,
    )
