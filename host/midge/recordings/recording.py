"""What a recording is."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import numpy as np

from midge.errors import MidgeError

LOW, HIGH = -32768, 32767


class DataError(MidgeError):
    """The recordings are missing, broken, or too few to learn from."""


@dataclasses.dataclass(frozen=True)
class Span:
    """Samples ``start`` to ``end`` (not included) are of one class, without a gap."""

    start: int
    end: int
    label: str

    def __len__(self) -> int:
        return self.end - self.start


@dataclasses.dataclass
class Recording:
    """Samples in a row from one device.

    ``counts``: int16 ``[n, channels]``, raw sensor counts. ``spans``: in order; no window reaches
    over the end of one. ``rate_hz``: samples a second as the file says; None where it does not.
    ``start_s``: time of the first sample, seconds, of whatever clock; None if not known.
    ``gaps``: indices of samples before which others are missing. ``context``: device, person,
    session, ...: whatever the file says of the whole recording. ``offset``: of a piece, samples
    of the recording before it.
    """

    path: Path
    counts: np.ndarray
    spans: list[Span]
    rate_hz: float | None = None
    start_s: float | None = None
    gaps: list[int] = dataclasses.field(default_factory=list)
    context: dict[str, str] = dataclasses.field(default_factory=dict)
    number: int = 0  # in its file
    offset: int = 0

    @property
    def name(self) -> str:
        """For messages and tables: the file, and the number in it where there are several."""
        return f"{self.path.name}#{self.number}" if self.number else self.path.name

    @property
    def labels(self) -> list[str]:
        """Its classes, in the order they come."""
        return list(dict.fromkeys(span.label for span in self.spans))


def spans_of(labels: list[str] | str, gaps: list[int], n: int) -> list[Span]:
    """Spans of ``n`` samples: a label for each, or one for all; cut at the gaps too."""
    edges = {0, n, *gaps}
    if not isinstance(labels, str):
        edges |= {i for i in range(1, n) if labels[i] != labels[i - 1]}
    order = sorted(edges)
    return [
        Span(start, end, labels if isinstance(labels, str) else labels[start])
        for start, end in itertools.pairwise(order)
    ]
