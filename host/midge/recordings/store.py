"""Writes recordings in the project's own form: one NPZ a file imported, whole or not at all."""

from __future__ import annotations

import dataclasses
import io
from fractions import Fraction
from pathlib import Path

import numpy as np

from midge.firmware.files import write_whole
from midge.recordings.layout import Layout
from midge.recordings.recording import HIGH, LOW, DataError, Recording, Span

_RATIO = 1000  # the largest numerator or denominator a change of rate is approximated by


def resample(recording: Recording, rate_hz: float) -> Recording:
    """The recording at another rate, by scipy's polyphase filter, which keeps aliases out.

    Raises:
        DataError: the file does not say its rate.
    """
    from scipy import signal

    if recording.rate_hz is None:
        raise DataError(
            "does not say its rate",
            where=str(recording.path),
            do="add a column timestamp, or an array rate_hz",
        )
    ratio = Fraction(rate_hz / recording.rate_hz).limit_denominator(_RATIO)
    if ratio == 1:
        return recording
    changed = signal.resample_poly(
        recording.counts.astype(np.float64), ratio.numerator, ratio.denominator, axis=0
    )
    counts = np.clip(np.rint(changed), LOW, HIGH).astype(np.int16)
    n = len(counts)

    def moved(at: int) -> int:
        return min(n, round(at * ratio))

    spans = [Span(moved(s.start), moved(s.end), s.label) for s in recording.spans]
    return dataclasses.replace(
        recording,
        counts=counts,
        spans=[span for span in spans if len(span)],
        rate_hz=rate_hz,
        gaps=[moved(gap) for gap in recording.gaps],
    )


def store(recordings: list[Recording], layout: Layout, path: Path) -> int:
    """Writes ``recordings`` as NPZ that :mod:`midge.recordings.npz_file` reads.

    A recording becomes as many as it has spans: each is of one class and without a gap.

    Returns:
        How many were written.
    """
    pieces = [(recording, span) for recording in recordings for span in recording.spans]
    arrays: dict[str, np.ndarray] = {
        "samples": np.concatenate([r.counts[s.start : s.end] for r, s in pieces]),
        "length": np.array([len(span) for _, span in pieces], np.int32),
        layout.label: np.array([span.label for _, span in pieces]),
        "source": np.array([recording.name for recording, _ in pieces]),
    }
    rates = [recording.rate_hz or layout.rate_hz or 0.0 for recording, _ in pieces]
    if all(rates):
        arrays["rate_hz"] = np.array(rates)
    for key in sorted({key for recording, _ in pieces for key in recording.context}):
        arrays.setdefault(key, np.array([r.context.get(key, "") for r, _ in pieces]))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, buffer.getvalue())
    return len(pieces)
