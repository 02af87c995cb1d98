"""All recordings of a folder, whatever their formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from midge.recordings import csv_file, npz_file, parquet_file, wav_file
from midge.recordings.layout import Layout
from midge.recordings.recording import DataError, Recording

READERS: dict[str, Callable[[Path, Layout, str | None], list[Recording]]] = {
    ".csv": csv_file.read,
    ".wav": wav_file.read,
    ".npz": npz_file.read,
    ".parquet": parquet_file.read,
}


def read_folder(folder: Path, layout: Layout) -> list[Recording]:
    """Every recording under ``folder``, in the order of the files' names.

    A file in a folder below it has that folder's name for its class, unless it says otherwise.

    Raises:
        DataError: none there, or one cannot be read: says the file, and the line if it has any.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in READERS)
    files = [path for path in files if not path.name.startswith(".")]
    if not files:
        raise DataError(
            f"no recordings: needs {', '.join(READERS)} files, found none",
            where=str(folder),
            do="put one CSV a recording into a folder for each class",
        )
    return [
        recording
        for path in files
        for recording in read_file(
            path, layout, None if path.parent == folder else path.parent.name
        )
    ]


def read_file(path: Path, layout: Layout, folder_label: str | None = None) -> list[Recording]:
    """The recordings of one file; ``folder_label`` serves where the file says no class.

    Raises:
        DataError: another suffix, or as its reader says.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(
            f"files like {path.suffix or path.name!r} are not read, only {', '.join(READERS)}",
            where=str(path),
            do="convert it",
        )
    return reader(path, layout, folder_label)
