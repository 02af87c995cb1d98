"""What is wrong with recordings, or looks it: found before anything is trained on them."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Container

import numpy as np

from midge.recordings.layout import Layout
from midge.recordings.recording import HIGH, LOW, DataError, Recording

RATE_TOLERANCE = 0.02  # of the project's rate: a board's crystal and timer stay well inside
CLIPPED_SHARE = 0.001  # of samples at the end of their range
FLAT_RUN = 3  # samples at a recording's own extreme in a row: a sensor at its stop
IMBALANCE = 10  # times as many seconds of one class as of another


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something a person should know. ``serious``: training on it would learn something wrong."""

    recording: str  # its name, or "" for all together
    what: str
    do: str
    serious: bool = False

    def __str__(self) -> str:
        where = f"{self.recording}: " if self.recording else ""
        return f"{where}{self.what} -> {self.do}"


def examine(recordings: list[Recording], layout: Layout) -> list[Finding]:
    """All findings, the serious ones first."""
    dead = _dead(recordings, layout)
    found = [finding for r in recordings for finding in _one(r, layout, dead)]
    found += [
        Finding(
            "",
            f"channel {channel} never leaves {value}, in all {len(recordings)} recordings",
            "check its wiring, or leave it out of [sensor] channels",
            serious=True,
        )
        for channel, value in dead.items()
    ]
    found += _duplicates(recordings) + _balance(recordings)
    return sorted(found, key=lambda finding: not finding.serious)


def rates(recordings: list[Recording], layout: Layout, where: str) -> None:
    """Raises DataError where a recording's rate is not the project's."""
    for recording in recordings:
        rate, wanted = recording.rate_hz, layout.rate_hz
        if rate and wanted and abs(rate - wanted) > RATE_TOLERANCE * wanted:
            raise DataError(
                f"recorded at {rate:g} Hz, the project samples at {wanted:g} Hz",
                where=f"{recording.path} ({recording.name})" if recording.number else
                str(recording.path),
                do=f"set [sensor] rate_hz in {where}, or bring it to that rate: "
                f"`midge data --rate {wanted:g} --into FOLDER`",
            )  # fmt: skip


def _dead(recordings: list[Recording], layout: Layout) -> dict[str, int]:
    """Channels that have one value in all of several recordings."""
    if len(recordings) < 2:
        return {}
    low = np.min([recording.counts.min(axis=0) for recording in recordings], axis=0)
    high = np.max([recording.counts.max(axis=0) for recording in recordings], axis=0)
    each = zip(layout.channels, low, high, strict=True)
    return {channel: int(a) for channel, a, b in each if a == b}


def _called(recording: Recording) -> str:
    """Its name with its folder's: classes often number their files alike."""
    return f"{recording.path.parent.name}/{recording.name}"


def _one(recording: Recording, layout: Layout, dead: Container[str]) -> list[Finding]:
    name, counts = _called(recording), recording.counts
    found = []
    if n := len(recording.gaps):
        found.append(
            Finding(name, f"{n} gap{'s' * (n > 1)} in time", "no window reaches over one")
        )
    for channel, column in zip(layout.channels, counts.T, strict=True):
        if len(column) > 1 and column.min() == column.max() and channel not in dead:
            found.append(
                Finding(
                    name,
                    f"channel {channel} never leaves {column[0]}",
                    "check its wiring, or leave the channel out",
                )
            )
        share = clipped(column)
        if share > CLIPPED_SHARE:
            found.append(
                Finding(
                    name,
                    f"channel {channel}: {share:.1%} of the samples are at the end of its range",
                    "choose a larger range or less gain",
                )
            )
    return found


def clipped(column: np.ndarray) -> float:
    """Share of samples that are at int16's ends, or in runs of the column's own extremes."""
    low, high = column.min(), column.max()
    if low == high:
        return 0.0
    at_end = (column == LOW) | (column == HIGH)
    for extreme in (low, high):
        same = column == extreme
        edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8)))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            if end - start >= FLAT_RUN:
                at_end[start:end] = True
    return float(at_end.mean())


def _duplicates(recordings: list[Recording]) -> list[Finding]:
    seen: dict[str, str] = {}
    found = []
    for recording in recordings:
        key = hashlib.sha256(np.ascontiguousarray(recording.counts).tobytes()).hexdigest()
        if key in seen:
            what = f"the same samples as {seen[key]}"
            found.append(Finding(_called(recording), what, "delete one", serious=True))
        seen.setdefault(key, _called(recording))
    return found


def samples_of(recordings: list[Recording]) -> Counter[str]:
    """Samples of each class."""
    counts: Counter[str] = Counter()
    for recording in recordings:
        for span in recording.spans:
            counts[span.label] += len(span)
    return counts


def _balance(recordings: list[Recording]) -> list[Finding]:
    counts = samples_of(recordings)
    if len(counts) < 2:
        return []
    (most, many), (least, few) = counts.most_common()[0], counts.most_common()[-1]
    if many < IMBALANCE * few:
        return []
    what = f"{many / few:.0f} times as much of {most} as of {least}"
    return [Finding("", what, f"record more of {least}")]
