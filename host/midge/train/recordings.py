"""A user's own recordings as a data set: a folder of files, see :mod:`midge.recordings`.

With folders ``train/`` and ``test/`` the split is yours. Otherwise whole groups (``[data] group``:
person, machine, session, ...) are kept for testing, or without groups a quarter of each class's
recordings, and the last quarter of the only recording where a class has just one.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from midge.recordings import (
    DataError,
    Layout,
    Recording,
    Span,
    check,
    classes,
    read_file,
    read_folder,
    split,
    word,
)
from midge.train.data import Dataset, Windows

Reader = Callable[[Path, Layout], list[Recording]]


def load(
    folder: Path,
    layout: Layout,
    *,
    length: int,
    hop: int,
    labels: list[str] | None = None,
    group: str = "",
    test_groups: list[str] | None = None,
    cut: str = "slide",
    others: str = "",
    where: str = "midge.toml",
    seed: int = 0,
    reader: Reader | None = None,
) -> Dataset:
    """Reads every recording under ``folder``, or in a file, and cuts windows of ``length``
    samples, ``hop`` apart; those to test with do not overlap.

    Args:
        layout: its ``rate_hz`` is the data set's.
        group: context whose values are kept whole on one side; "": each recording is a group.
        test_groups: values of ``group`` to test with; default: about a quarter of them.
        cut: "slide", or "word": of each recording one window, see :mod:`midge.recordings.word`.
        others: class of every recording of a class that ``labels`` does not name.
        where: what messages call the project's file.
        reader: of a folder; default: :func:`midge.recordings.read_folder`.

    Raises:
        DataError: no recordings, one class only, a class of ``labels`` (if given) without a
            recording, files that do not say what they should (file and line), other rates than
            the project's, the same recording on both sides, or recordings shorter than a window.
    """
    parts = parts_of(folder, layout, group, test_groups or [], where, seed, reader)
    everything = parts.train + parts.test
    check.rates(everything, layout, where)
    found = sorted({label for recording in everything for label in recording.labels})
    names = labels or found
    if others:
        everything = parts.train + parts.test
        for recording in everything:
            recording.spans = [_or_other(span, names, others) for span in recording.spans]
    classes.check(folder, [name for name in names if name != others], others, parts)
    _warn(parts, layout, classes.findings(everything, labels or [], others))
    assert layout.rate_hz is not None
    if cut == "word":
        parts = split.Split(word.windows(parts.train, length), word.windows(parts.test, length))
    return Dataset(
        folder.name, names, list(layout.channels), layout.rate_hz,
        _windows(parts.train, names, length, hop, folder, group),
        _windows(parts.test, names, length, length, folder, group),
    )  # fmt: skip


def parts_of(
    folder: Path,
    layout: Layout,
    group: str,
    test_groups: list[str],
    where: str,
    seed: int = 0,
    reader: Reader | None = None,
) -> split.Split:
    """The recordings to train on and those to test with; arguments as of :func:`load`.

    Raises:
        DataError: a group in ``train/`` and in ``test/``, groups that are not there, or as
            :func:`midge.recordings.read_folder`.
    """
    reader = reader or read_folder
    own = {"train": folder / "train", "test": folder / "test"}
    if all(path.is_dir() for path in own.values()):
        train, test = (reader(path, layout) for path in own.values())
        both = {split.group_of(r, group) for r in train} if group else set()
        both &= {split.group_of(r, group) for r in test} if group else set()
        if both:
            raise DataError(
                f"{group} {', '.join(sorted(both))} is in train/ and in test/",
                where=str(folder),
                do=f"keep each {group} in one of them",
            )
        return split.Split(train, test, group)
    recordings = reader(folder, layout) if folder.is_dir() else read_file(folder, layout)
    if group:
        return split.by_group(recordings, group, test_groups, where, seed)
    return split.by_recording(recordings, seed)


def _warn(parts: split.Split, layout: Layout, also: list[check.Finding]) -> None:
    """Tells what looks wrong, ``also`` that; raises DataError for a recording on both sides."""
    train = {recording.counts.tobytes(): recording for recording in parts.train}
    for recording in parts.test:
        twin = train.get(recording.counts.tobytes())
        if twin is not None:
            raise DataError(
                f"the same samples as {twin.path}: it would be tested with what it learnt",
                where=str(recording.path),
                do="delete one of them",
            )
    findings = also + check.examine(parts.train + parts.test, layout)
    for finding in findings[:10]:
        print(f"warning: {finding}", file=sys.stderr)
    if len(findings) > 10:
        print(f"warning: {len(findings) - 10} more: `midge data` lists them", file=sys.stderr)


def _or_other(span: Span, names: list[str], others: str) -> Span:
    return span if span.label in names else dataclasses.replace(span, label=others)


def _own(recording: Recording, folder: Path) -> str:
    """A name that no other recording of the data has: files of two classes may be called alike."""
    if recording.path == folder:
        return recording.name
    return str(recording.path.relative_to(folder).with_name(recording.name))


def _windows(
    recordings: list[Recording], names: list[str], length: int, hop: int, folder: Path, group: str
) -> Windows:
    windows, kinds, groups, names_of, starts = [], [], [], [], []
    for recording in recordings:
        own = _own(recording, folder)
        of = split.group_of(recording, group) if group else own
        for span in recording.spans:
            for start in range(span.start, span.end - length + 1, hop):
                windows.append(recording.counts[start : start + length])
                kinds.append(names.index(span.label))
                groups.append(of)
                names_of.append(own)
                starts.append(recording.offset + start)
    for kind, name in enumerate(names):
        if kind not in kinds:
            found = [len(span) for r in recordings for span in r.spans if span.label == name]
            if not found:  # of the class of others there may be none yet
                continue
            longest = max(found)
            raise DataError(
                f"class {name}: its longest recording here has {longest} samples, "
                f"a window needs {length}",
                where=str(folder),
                do="record longer, or shorten [window] length (a quarter is kept for testing)",
            )
    return Windows(
        np.stack(windows), np.array(kinds, np.int64), np.array(groups), np.array(names_of),
        np.array(starts, np.int64),
    )  # fmt: skip
