"""Recordings in CSV: the first line names the columns, each further line is one sample."""

from __future__ import annotations

import csv
from pathlib import Path

from midge.recordings.columns import FORMAT, Table
from midge.recordings.layout import Layout
from midge.recordings.recording import DataError, Recording


def read(path: Path, layout: Layout, folder_label: str | None) -> list[Recording]:
    """All recordings of a ``.csv`` file; see :class:`Layout` for its columns.

    Raises:
        DataError: says the file and the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            # line_num counts lines of the file, also where a quoted field runs over several.
            rows = [(reader.line_num, row) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as err:
        raise DataError(f"not a CSV text file: {err}", where=str(path), do=FORMAT) from err
    if not rows:
        raise DataError("no samples in it", where=str(path), do="record it again, or delete it")
    header = [name.strip() for name in rows[0][1]]
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise DataError(
                f"needs {len(header)} columns, found {len(row)}",
                where=f"{path}:{line}",
                do=f"the first line names {', '.join(header)}",
            )
    columns = {name: [row[i] for _, row in rows[1:]] for i, name in enumerate(header)}
    lines = [line for line, _ in rows[1:]]
    return Table(path, dict(columns), lines).recordings(layout, folder_label)
