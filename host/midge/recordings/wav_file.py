"""Recordings in WAV: PCM of 8 to 32 bits or float, brought to 16 bits."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from midge.recordings.columns import no_label
from midge.recordings.layout import Layout
from midge.recordings.recording import HIGH, LOW, DataError, Recording, spans_of


def read(path: Path, layout: Layout, folder_label: str | None) -> list[Recording]:
    """The recording of a ``.wav`` file; the class comes from its name or folder.

    Raises:
        DataError: not WAV, another number of channels, a NaN in it, or no class.
    """
    from scipy.io import wavfile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # chunks it does not know
            rate_hz, samples = wavfile.read(path)
    except (ValueError, EOFError, OSError) as err:
        raise DataError(
            f"not a WAV file: {err}", where=str(path), do="convert it to 16-bit PCM"
        ) from err
    if not len(samples):
        raise DataError("no samples in it", where=str(path), do="record it again, or delete it")
    counts = _int16(path, samples.reshape(len(samples), -1))
    if counts.shape[1] != len(layout.channels):
        raise DataError(
            f"{counts.shape[1]} channels, the project has {len(layout.channels)}: "
            f"{', '.join(layout.channels)}",
            where=str(path),
            do="convert it, or name its channels in [sensor] channels",
        )
    context = layout.from_name(path)
    label = context.pop("label", None) or folder_label
    if label is None:
        raise no_label(path, layout)
    spans = spans_of(label, [], len(counts))
    return [Recording(path, counts, spans, float(rate_hz), context=context)]


def _int16(path: Path, samples: np.ndarray) -> np.ndarray:
    if samples.dtype == np.int16:
        return samples
    if samples.dtype == np.uint8:  # 8-bit WAV is unsigned
        return ((samples.astype(np.int16) - 128) << 8).astype(np.int16)
    if samples.dtype == np.int32:  # 24 bits come in the upper ones
        return (samples >> 16).astype(np.int16)
    if not np.isfinite(samples).all():
        at = int(np.flatnonzero(~np.isfinite(samples).all(axis=1))[0])
        raise DataError(
            f"sample {at} is {samples[at].tolist()}, needed: numbers",
            where=str(path),
            do="export it again",
        )
    return np.clip(np.rint(samples * -LOW), LOW, HIGH).astype(np.int16)
