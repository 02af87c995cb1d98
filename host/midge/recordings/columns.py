"""Recordings out of named columns, one row a sample: what CSV and Parquet have in common."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from midge.recordings.layout import RECORDING, TIMES, Layout
from midge.recordings.recording import HIGH, LOW, DataError, Recording, spans_of

FORMAT = "one line a sample, whole numbers from -32768 to 32767"
_GAP = 1.5  # periods without a sample: one is missing
_LATE = 0.25  # periods: clocks of small boards tick in milliseconds


class Table:
    """Columns of one file. ``lines``: where each row stands, for messages (from 1)."""

    def __init__(self, path: Path, columns: dict[str, Sequence[object]], lines: Sequence[int]):
        self.path, self.columns, self.lines = path, columns, lines

    def recordings(self, layout: Layout, folder_label: str | None) -> list[Recording]:
        """All recordings of the file.

        Raises:
            DataError: columns are missing, a value is no sensor count, or there is no class.
        """
        if not self.lines:
            raise DataError(
                "no samples in it", where=str(self.path), do="record it again, or delete it"
            )
        if missing := [name for name in layout.channels if name not in self.columns]:
            raise DataError(
                f"needs columns {', '.join(layout.channels)}; {', '.join(missing)} missing from "
                f"{', '.join(self.columns)}",
                where=f"{self.path}:1",
                do="name the columns in the first line as [sensor] channels does",
            )
        counts = np.stack([self._counts(name) for name in layout.channels], axis=1)
        edges = self._edges()
        several = len(edges) > 2
        return [
            self._one(layout, folder_label, counts[start:end], start, number if several else 0)
            for number, (start, end) in enumerate(itertools.pairwise(edges), 1)
        ]

    def _counts(self, name: str) -> np.ndarray:
        try:
            values = np.array(self.columns[name], np.float64)
        except (TypeError, ValueError):
            values = np.array([_number(value) for value in self.columns[name]])
        bad = ~((values >= LOW) & (values <= HIGH) & (values == np.rint(values)))  # NaN is bad
        if bad.any():
            row = int(bad.argmax())
            raise DataError(
                f"column {name} needs a sensor count, found {self.columns[name][row]!r}",
                where=f"{self.path}:{self.lines[row]}",
                do=FORMAT,
            )
        return values.astype(np.int16)

    def _edges(self) -> list[int]:
        """Where recordings begin, and the end of the last."""
        n = len(self.lines)
        if RECORDING not in self.columns:
            return [0, n]
        names = [str(value) for value in self.columns[RECORDING]]
        edges = [0, *(i for i in range(1, n) if names[i] != names[i - 1]), n]
        starts = [names[i] for i in edges[:-1]]
        if len(set(starts)) != len(starts):
            again = next(name for i, name in enumerate(starts) if name in starts[:i])
            raise DataError(
                f"recording {again} is interrupted by another",
                where=str(self.path),
                do=f"sort the rows by {RECORDING}, then by time",
            )
        return edges

    def _one(
        self, layout: Layout, folder_label: str | None, counts: np.ndarray, start: int, number: int
    ) -> Recording:
        rows = slice(start, start + len(counts))
        named = layout.from_name(self.path)
        labels: list[str] | str | None
        if layout.label in self.columns:
            labels = [str(value).strip() for value in self.columns[layout.label][rows]]
        else:
            labels = named.get("label") or folder_label
        if not labels or (isinstance(labels, list) and "" in labels):
            raise no_label(self.path, layout)
        rate_hz, start_s, gaps = self._clock(rows)
        context = {key: value for key, value in named.items() if key != "label"}
        for name, column in self.columns.items():
            if name not in (*layout.channels, layout.label, *TIMES):
                values = {str(value) for value in column[rows]}
                if len(values) == 1:
                    context[name] = values.pop()
        spans = spans_of(labels, gaps, len(counts))
        return Recording(self.path, counts, spans, rate_hz, start_s, gaps, context, number)

    def _clock(self, rows: slice) -> tuple[float | None, float | None, list[int]]:
        """Rate, start and gaps by the column of times, if there is one."""
        name = next((name for name in TIMES if name in self.columns), None)
        if name is None:
            return None, None, []
        seconds = np.array([_seconds(value, TIMES[name]) for value in self.columns[name][rows]])
        steps = np.diff(seconds)
        bad = np.flatnonzero(~(steps > 0))
        if not np.isfinite(seconds).all() or bad.size:
            row = int(np.flatnonzero(~np.isfinite(seconds))[0]) if not bad.size else bad[0] + 1
            row = int(row) + rows.start
            raise DataError(
                f"column {name} needs rising times, found {self.columns[name][row]!r}",
                where=f"{self.path}:{self.lines[row]}",
                do="give seconds or an ISO 8601 time, later in each line, or drop the column",
            )
        if not steps.size:
            return None, float(seconds[0]), []
        period = float(np.median(steps))
        gaps = (np.flatnonzero(steps > (_GAP + _LATE) * period) + 1).tolist()
        regular = steps[steps <= (_GAP + _LATE) * period]
        return 1.0 / float(regular.mean()), float(seconds[0]), gaps


def no_label(path: Path, layout: Layout) -> DataError:
    """The error of a recording without a class."""
    return DataError(
        "no label",
        where=str(path),
        do=f"add a column `{layout.label}`, or put the file in a folder named after its class",
    )


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")


def _seconds(value: object, unit: float) -> float:
    number = _number(value)
    if number == number:
        return number * unit
    try:
        when = datetime.datetime.fromisoformat(str(value).strip())
    except ValueError:
        return number
    return when.timestamp()
