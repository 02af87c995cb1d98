"""Optuna's journal file, so that a full disk or a killed process leaves no half line in it.

A study's changes are lines of JSON. Optuna reads over an unfinished last line, but the next one
would be written behind it, and no process could read the study any more.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

_PIECE = 4096


class Journal(JournalFileBackend):
    """As Optuna's, with lines that are written whole or not at all.

    Raises:
        OSError: of :meth:`append_logs`, with the file's name: the disk is full.
    """

    def __init__(self, path: Path):
        self._path, self._only_one = path, JournalFileSymlinkLock(str(path))
        super().__init__(str(path), self._only_one)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._only_one.acquire()
        try:
            yield
        finally:
            self._only_one.release()

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Adds a line for each of ``logs``."""
        left = b"".join(json.dumps(log, separators=(",", ":")).encode() + b"\n" for log in logs)
        with self._locked(), self._path.open("r+b", buffering=0) as file:
            end = _end_of_lines(file)
            try:
                file.truncate(end)
                file.seek(end)
                while left:
                    left = left[file.write(left) :]
                os.fsync(file.fileno())
            except OSError as err:
                file.truncate(end)
                err.filename = str(self._path)
                raise


def _end_of_lines(file: Any) -> int:
    """Where the last whole line ends."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - _PIECE)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return int(start + found + 1)
        end = start
    return 0
