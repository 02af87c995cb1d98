"""Did the board compute what the PC computes? Every reported window, bit for bit.

The board reports with each window its int8 scores and the CRC-32 of the raw counts it looked at.
The same counts are looked up in the recording that the sensor played and run on the host.
"""

from __future__ import annotations

import binascii
import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from midge.model import Model


@dataclasses.dataclass
class Agreement:
    """Windows reported, of these found in the recording, and of these with equal scores."""

    windows: int
    found: int
    equal: int

    @property
    def complete(self) -> bool:
        """There was something to compare, and every bit of every window agreed."""
        return self.windows > 0 and self.equal == self.windows

    def __str__(self) -> str:
        if self.complete:
            return f"all {self.windows} windows equal the PC's prediction, bit for bit"
        return (
            f"{self.windows} windows: {self.found} hold samples of the recording, "
            f"{self.equal} have the PC's scores"
        )


def compare(
    records: list[dict[str, Any]], counts: np.ndarray, model: Model, length: int
) -> Agreement:
    """Compares the ``window`` records of a run with ``model`` on the host.

    Args:
        records: telemetry; windows need ``crc`` and ``scores``.
        counts: int16 ``[n, channels]``, what the sensor played.
        length: samples in a window.
    """
    recorded = np.ascontiguousarray(counts, "<i2")
    starts = {
        binascii.crc32(recorded[start : start + length].tobytes()): start
        for start in range(len(recorded) - length + 1)
    }
    reports = [record for record in records if record["k"] == "window"]
    found = equal = 0
    for report in reports:
        start = starts.get(report["crc"])
        if start is None:
            continue
        found += 1
        window = np.ascontiguousarray(recorded[start : start + length])
        equal += np.array(model.predict(window)).reshape(-1).tolist() == report["scores"]
    return Agreement(len(reports), found, equal)
