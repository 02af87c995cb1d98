"""Did the board compute what the PC computes? Every reported window, bit for bit.

A ``window`` record of a run has the integer ``scores`` and says which samples of the signal they
are of:

- Raw windows: ``crc``, the CRC-32 of the counts; those are looked up in the recording.
- Features: ``at``, the number of samples pushed into the model's stream by then, counted from the
  signal's beginning; ``since``, the sample that the stream began with if that is not the first
  one; and, if given, ``crc`` of the features. The PC pushes the same samples into its own stream.
  A model of several inputs has lists of them, one entry an input; ``crc`` is then of all
  features, one input's after the other's.
"""

from __future__ import annotations

import binascii
import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from midge.model import Model
    from midge.stream import Stream


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


def comparable(record: dict[str, Any]) -> bool:
    """Whether a record is of a window that can be looked up."""
    return record["k"] == "window" and "scores" in record and ("crc" in record or "at" in record)


def compare(
    records: list[dict[str, Any]],
    counts: np.ndarray | Sequence[np.ndarray],
    model: Model,
    length: int,
    *,
    silence: bool = False,
) -> Agreement:
    """Compares the ``window`` records of a run with ``model`` on the host.

    Args:
        records: telemetry; see this module's beginning for what windows need.
        counts: int16 ``[n, channels]``, what the sensor played; for a model of several inputs,
            what each of their sensors played.
        length: samples in a window; not used for features, which know it.
        silence: what comes behind the signal's end: zeros, or else its last sample.
    """
    signals = [counts] if isinstance(counts, np.ndarray) else list(counts)
    signals = [np.ascontiguousarray(signal, "<i2") for signal in signals]
    reports = [record for record in records if record["k"] == "window"]
    if model.compiled.features:
        feeds = [_Feed(model.stream(i), one, silence) for i, one in enumerate(signals)]
        return _streams(reports, feeds, model)
    return _windows(reports, signals[0], model, length)


def _windows(
    reports: list[dict[str, Any]], recorded: np.ndarray, model: Model, length: int
) -> Agreement:
    starts = {
        binascii.crc32(recorded[start : start + length].tobytes()): start
        for start in range(len(recorded) - length + 1)
    }
    found = equal = 0
    for report in reports:
        start = starts.get(report["crc"])
        if start is None:
            continue
        found += 1
        window = np.ascontiguousarray(recorded[start : start + length])
        equal += np.array(model.predict(window)).reshape(-1).tolist() == report["scores"]
    return Agreement(len(reports), found, equal)


def _streams(reports: list[dict[str, Any]], feeds: list[_Feed], model: Model) -> Agreement:
    found = equal = 0
    for report in reports:
        at, since = _each(report.get("at"), feeds), _each(report.get("since", 0), feeds)
        if not all(feed.go(*to) for feed, *to in zip(feeds, since, at, strict=True)):
            continue
        crc = 0
        for feed in feeds:
            crc = binascii.crc32(feed.stream.window().tobytes(), crc)
        if report.get("crc", crc) != crc:
            continue
        found += 1
        streams = tuple(feed.stream for feed in feeds)
        scores = model.predict(streams if len(streams) > 1 else streams[0])
        equal += np.array(scores).reshape(-1).tolist() == report["scores"]
    return Agreement(len(reports), found, equal)


def _each(value: Any, feeds: list[_Feed]) -> list[Any]:
    """One value for each input."""
    given = value if isinstance(value, list) else [value] * len(feeds)
    return given if len(given) == len(feeds) else [None] * len(feeds)


class _Feed:
    """A stream on the host and how far in a signal it is."""

    def __init__(self, stream: Stream, signal: np.ndarray, silence: bool):
        self.stream, self._signal = stream, signal
        self._behind = signal[-1:] * (not silence)
        self._since = self._at = 0

    def go(self, since: Any, at: Any) -> bool:
        """Pushes samples ``since`` to ``at``; False unless the last one completes a window."""
        if not (isinstance(at, int) and isinstance(since, int) and 0 <= since < at):
            return False
        if since != self._since or at < self._at:
            self.stream.clear()
            self._since = self._at = since
        while self._at < at:
            self._at += self.stream.push_from(self._samples(self._at, at))
        return self.stream.ready()

    def _samples(self, start: int, end: int) -> np.ndarray:
        part = self._signal[start:end]
        return np.concatenate([part, *[self._behind] * (end - start - len(part))])
