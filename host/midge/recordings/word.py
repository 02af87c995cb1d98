"""One window a recording: for words, knocks and other events that are shorter than a window."""

from __future__ import annotations

import dataclasses

import numpy as np

from midge.recordings.recording import Recording, Span


def windows(recordings: list[Recording], length: int) -> list[Recording]:
    """A recording of ``length`` samples for each span of each recording."""
    return [
        dataclasses.replace(
            recording, counts=window(recording.counts[span.start : span.end], length),
            spans=[Span(0, length, span.label)], gaps=[], start_s=None,
            offset=recording.offset + span.start,
        )
        for recording in recordings
        for span in recording.spans
    ]  # fmt: skip


def window(counts: np.ndarray, length: int) -> np.ndarray:
    """int16 ``[length, channels]`` of ``[n, channels]``.

    What is shorter lies in the middle of silence: its own mean on each channel, so that no step
    at its ends is heard. Of what is longer, the part around the middle of its energy.
    """
    centre = counts.mean(axis=0)
    if len(counts) >= length:
        energy = np.cumsum(((counts - centre) ** 2).sum(axis=1))
        middle = int(np.searchsorted(energy, energy[-1] / 2))
        start = min(max(0, middle - length // 2), len(counts) - length)
        return counts[start : start + length]
    out = np.empty((length, counts.shape[1]), np.int16)
    out[:] = np.rint(centre)
    start = (length - len(counts)) // 2
    out[start : start + len(counts)] = counts
    return out
