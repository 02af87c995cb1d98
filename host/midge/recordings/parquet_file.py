"""Recordings in Parquet: the columns of a CSV with their types. Needs ``midge[parquet]``."""

from __future__ import annotations

from pathlib import Path

from midge.recordings.columns import Table
from midge.recordings.layout import Layout
from midge.recordings.recording import DataError, Recording


def read(path: Path, layout: Layout, folder_label: str | None) -> list[Recording]:
    """All recordings of a ``.parquet`` file; see :class:`Layout` for its columns.

    Raises:
        DataError: not Parquet, or as for CSV (lines are rows, the first is 2); or pyarrow is
            not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as err:
        raise DataError(
            "reading Parquet needs pyarrow", where=str(path), do="pip install 'midge[parquet]'"
        ) from err
    try:
        table = parquet.read_table(path)
    except (OSError, pyarrow.ArrowException) as err:
        raise DataError(
            f"not a Parquet file: {str(err).splitlines()[0]}", where=str(path), do="write it again"
        ) from err
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    return Table(path, columns, range(2, table.num_rows + 2)).recordings(layout, folder_label)
