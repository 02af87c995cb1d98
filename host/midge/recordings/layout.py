"""Where a file keeps what: names of channels, class, time and context."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from midge.recordings.recording import DataError

TIMES = {"timestamp": 1.0, "timestamp_ms": 1e-3, "timestamp_us": 1e-6}  # in seconds
RECORDING = "recording"  # a column that tells recordings in one file apart


@dataclasses.dataclass(frozen=True)
class Layout:
    """How to read a project's recordings.

    ``channels``: names of a sample's values: columns of CSV and Parquet, in any order; in WAV
    and NPZ their number and order. ``label``: the column or array that holds the class; without
    it in the file, the name pattern's ``{label}``, then the folder the file lies in.
    ``pattern``: what the files' names (without suffix) say, such as ``{label}_{person}_{take}``.
    ``rate_hz``: what the project expects.

    CSV and Parquet may have a column ``timestamp`` (seconds, or an ISO 8601 time),
    ``timestamp_ms`` or ``timestamp_us``, and ``recording``, which tells several in one file
    apart. Every other column with one value throughout a recording is its context; so is every
    other array of an NPZ with one value a recording.
    """

    channels: tuple[str, ...]
    label: str = "label"
    pattern: str = ""
    rate_hz: float | None = None

    def from_name(self, path: Path) -> dict[str, str]:
        """Fields of the file's name by the pattern.

        Raises:
            DataError: the name does not fit.
        """
        if not self.pattern:
            return {}
        found = re.fullmatch(self._expression(), path.stem)
        if found is None:
            raise DataError(
                f"its name does not fit the pattern {self.pattern}",
                where=str(path),
                do="rename it, or mend [data] pattern in midge.toml",
            )
        return found.groupdict()

    def _expression(self) -> str:
        parts = re.split(r"\{(\w+)\}", self.pattern)
        return "".join(
            re.escape(part) if i % 2 == 0 else f"(?P<{part}>.+?)" for i, part in enumerate(parts)
        )
