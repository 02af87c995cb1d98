"""A user's own recordings: a folder of CSV files, one a recording.

The first line names the columns: the project's channels, in any order; others are ignored. Each
further line is one sample in raw sensor counts (whole numbers, int16). The class stands in a
column ``label``, or is the name of the folder that the file lies in::

    recordings/idle/monday.csv        recordings/train/idle/monday.csv
    recordings/drill/monday.csv       recordings/test/idle/tuesday.csv

With ``train/`` and ``test/`` the split is yours; otherwise a quarter of each class's recordings
is kept for testing, and the last quarter of the only recording where a class has just one.
"""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import numpy as np

from midge.train.data import DataError, Dataset, Windows, split_by_class

LABEL = "label"
_TEST_SHARE = 0.25
_FORMAT = "one line a sample, whole numbers from -32768 to 32767"


@dataclasses.dataclass
class Segment:
    """A stretch of one recording with one label: ``counts`` int16 ``[n, channels]``."""

    counts: np.ndarray
    label: str
    path: Path


def load(
    folder: Path,
    *,
    channels: list[str],
    length: int,
    hop: int,
    rate_hz: float,
    labels: list[str] | None = None,
    seed: int = 0,
) -> Dataset:
    """Reads every ``.csv`` under ``folder`` and cuts windows of ``length`` samples, ``hop`` apart.

    Raises:
        DataError: no recordings, one class only, a class of ``labels`` (if given) without a
            recording, a line that is not what the header says (file and line), or recordings
            shorter than a window.
    """
    split = {"train": folder / "train", "test": folder / "test"}
    own_split = all(path.is_dir() for path in split.values())
    if own_split:
        train, test = (_segments(path, channels) for path in split.values())
    else:
        train, test = _split(_segments(folder, channels), seed)
    found = sorted({segment.label for segment in train + test})
    _check_classes(folder, labels or found, train, test)
    names = labels or found
    return Dataset(
        folder.name, names, channels, rate_hz,
        _windows(train, names, length, hop, folder),
        _windows(test, names, length, length, folder),  # apart, so that each tests something new
    )  # fmt: skip


def read_recording(path: Path, channels: list[str], label: str | None) -> list[Segment]:
    """One file, cut where its ``label`` column changes; ``label`` serves if it has none.

    Raises:
        DataError: says the file and the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [(number, row) for number, row in _numbered(csv.reader(file)) if row]
    except (UnicodeDecodeError, csv.Error) as err:
        raise DataError(f"not a CSV text file: {err}", where=str(path), do=_FORMAT) from err
    if len(rows) < 2:
        raise DataError("no samples in it", where=str(path), do="record it again, or delete it")
    header = [name.strip() for name in rows[0][1]]
    if missing := [name for name in channels if name not in header]:
        raise DataError(
            f"needs columns {', '.join(channels)}; {', '.join(missing)} missing from "
            f"{', '.join(header)}",
            where=f"{path}:1", do="name the columns in the first line as [sensor] channels does",
        )  # fmt: skip
    places = [header.index(name) for name in channels]
    samples = np.array([_sample(path, header, places, *row) for row in rows[1:]], np.int16)
    if LABEL in header:
        names = [row[header.index(LABEL)].strip() for _, row in rows[1:]]
    elif label is not None:
        names = [label] * len(samples)
    else:
        raise DataError(
            "no label", where=str(path),
            do="add a column `label`, or put the file in a folder named after its class",
        )  # fmt: skip
    edges = [i for i in range(1, len(names)) if names[i] != names[i - 1]]
    pairs = zip([0, *edges], [*edges, len(names)], strict=True)
    return [Segment(samples[start:end], names[start], path) for start, end in pairs]


def _numbered(reader: object) -> list[tuple[int, list[str]]]:
    # line_num counts lines of the file, also where a quoted field runs over several.
    return [(reader.line_num, row) for row in reader]  # type: ignore[attr-defined]


def _sample(
    path: Path, header: list[str], places: list[int], line: int, row: list[str]
) -> list[int]:
    where = f"{path}:{line}"
    if len(row) != len(header):
        raise DataError(
            f"needs {len(header)} columns, found {len(row)}", where=where,
            do=f"the first line names {', '.join(header)}",
        )  # fmt: skip
    values = []
    for place in places:
        try:
            value = float(row[place])
        except ValueError:
            value = float("nan")
        if not (-32768 <= value <= 32767 and value == int(value)):  # a NaN fails both
            raise DataError(
                f"column {header[place]} needs a sensor count, found {row[place]!r}",
                where=where, do=_FORMAT,
            )  # fmt: skip
        values.append(int(value))
    return values


def _segments(folder: Path, channels: list[str]) -> list[Segment]:
    files = sorted(folder.rglob("*.csv"))
    if not files:
        raise DataError(
            "no recordings: needs .csv files, found none", where=str(folder),
            do="put one CSV a recording into a folder for each class",
        )  # fmt: skip
    segments = []
    for path in files:
        label = None if path.parent == folder else path.parent.name
        segments += read_recording(path, channels, label)
    return segments


def _split(segments: list[Segment], seed: int) -> tuple[list[Segment], list[Segment]]:
    """By recording; in time for a class that has only one."""
    train, test = [], []
    names = np.array([segment.label for segment in segments])
    for name in np.unique(names):
        members = [segment for segment in segments if segment.label == name]
        if len(members) == 1:
            only = members[0]
            cut = len(only.counts) - round(len(only.counts) * _TEST_SHARE)
            train.append(dataclasses.replace(only, counts=only.counts[:cut]))
            test.append(dataclasses.replace(only, counts=only.counts[cut:]))
            continue
        rest, taken = split_by_class(
            np.zeros(len(members)), _TEST_SHARE, np.random.default_rng(seed)
        )
        train += [members[i] for i in rest]
        test += [members[i] for i in taken]
    return train, test


def _check_classes(
    folder: Path, names: list[str], train: list[Segment], test: list[Segment]
) -> None:
    if len(names) < 2:
        raise DataError(
            f"needs at least 2 classes, found only {names[0]!r}", where=str(folder),
            do="add recordings of something else, even if only of nothing happening",
        )  # fmt: skip
    for split, segments in (("train", train), ("test", test)):
        found = {segment.label for segment in segments}
        if found != set(names):
            extra, missing = sorted(found - set(names)), sorted(set(names) - found)
            problem = f"no recording of {', '.join(missing)}" if missing else (
                f"recordings of {', '.join(extra)}, which [data] labels does not name"
            )  # fmt: skip
            raise DataError(
                f"{problem} to {split} with", where=str(folder),
                do=f"the classes are {', '.join(names)}: record, rename or list them",
            )  # fmt: skip


def _windows(
    segments: list[Segment], names: list[str], length: int, hop: int, folder: Path
) -> Windows:
    windows, classes = [], []
    for segment in segments:
        for start in range(0, len(segment.counts) - length + 1, hop):
            windows.append(segment.counts[start : start + length])
            classes.append(names.index(segment.label))
    for kind, name in enumerate(names):
        if kind not in classes:
            longest = max(len(s.counts) for s in segments if s.label == name)
            raise DataError(
                f"class {name}: its longest recording here has {longest} samples, "
                f"a window needs {length}",
                where=str(folder),
                do="record longer, or shorten [window] length (a quarter is kept for testing)",
            )
    return Windows(np.stack(windows), np.array(classes, np.int64))
