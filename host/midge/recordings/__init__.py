"""Recordings of sensors: reading them, checking them, and cutting them into windows.

A folder holds them as CSV, WAV, NPZ or Parquet, in any mixture: one or more recordings a file,
samples in raw sensor counts (whole numbers, int16). A recording has a class for each of its
samples and a context, such as its device or person: see :class:`~midge.recordings.layout.Layout`
for where these come from.
"""

from midge.recordings.folder import read_file, read_folder
from midge.recordings.layout import Layout
from midge.recordings.recording import DataError, Recording, Span

__all__ = ["DataError", "Layout", "Recording", "Span", "read_file", "read_folder"]
