"""Recordings in NPZ: many in one file, end to end, as numpy writes it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from midge.recordings.columns import no_label
from midge.recordings.layout import Layout
from midge.recordings.recording import HIGH, LOW, DataError, Recording, spans_of

SAMPLES = ("samples", "audio", "signal", "counts")
LENGTH = "length"
RATES = ("rate_hz", "sample_rate")
_HOW = f"arrays: {SAMPLES[0]} [n, channels], {LENGTH} [recordings], {RATES[0]}, one for the class"


def read(path: Path, layout: Layout, folder_label: str | None) -> list[Recording]:
    """All recordings of an ``.npz`` file.

    ``samples`` (also called ``audio``, ``signal`` or ``counts``) holds whole numbers of 16 bits,
    ``[n]`` or ``[n, channels]``, all recordings end to end; ``length`` how many samples each
    has (absent: one recording); ``rate_hz`` or ``sample_rate`` one number, or one each. Every
    other array of one value a recording is its class (``[data] label`` says which) or context.

    Raises:
        DataError: not NPZ, arrays that do not fit together, values beyond 16 bits, or no class.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (ValueError, OSError, zipfile.BadZipFile) as err:
        raise DataError(f"not an NPZ file: {err}", where=str(path), do=_HOW) from err
    counts = _samples(path, layout, arrays)
    lengths = _lengths(path, arrays, len(counts))
    ends = np.cumsum(lengths)
    several = len(lengths) > 1
    return [
        _one(path, layout, folder_label, arrays, counts[end - n : end], i, len(lengths), several)
        for i, (n, end) in enumerate(zip(lengths, ends, strict=True))
    ]


def _samples(path: Path, layout: Layout, arrays: dict[str, Any]) -> np.ndarray:
    name = next((name for name in SAMPLES if name in arrays), None)
    if name is None:
        found = ", ".join(arrays) or "nothing"
        raise DataError(
            f"needs an array {' or '.join(SAMPLES)}, found {found}", where=str(path), do=_HOW
        )
    values = arrays[name]
    values = values.reshape(len(values), -1) if values.ndim else values.reshape(1, 1)
    if values.shape[1] != len(layout.channels):
        raise DataError(
            f"{name} has {values.shape[1]} channels, the project {len(layout.channels)}: "
            f"{', '.join(layout.channels)}",
            where=str(path),
            do="name its channels in [sensor] channels",
        )
    whole = values.dtype.kind in "iu" or (
        values.dtype.kind == "f" and bool((values == np.rint(values)).all())
    )
    if not whole or (values.size and not LOW <= values.min() <= values.max() <= HIGH):
        raise DataError(
            f"{name} is {values.dtype} with values that are no sensor counts",
            where=str(path),
            do="needs whole numbers from -32768 to 32767",
        )
    return np.asarray(values.astype(np.int16))


def _lengths(path: Path, arrays: dict[str, Any], n: int) -> list[int]:
    lengths = [int(v) for v in np.atleast_1d(arrays.get(LENGTH, np.array(n)))]
    if min(lengths, default=0) <= 0 or sum(lengths) != n:
        raise DataError(
            f"{LENGTH} sums up to {sum(lengths)} samples in {len(lengths)} recordings, there are "
            f"{n}; each needs at least 1",
            where=str(path),
            do=_HOW,
        )
    return lengths


def _one(
    path: Path,
    layout: Layout,
    folder_label: str | None,
    arrays: dict[str, Any],
    counts: np.ndarray,
    i: int,
    total: int,
    several: bool,
) -> Recording:
    context = layout.from_name(path)
    rate_hz = None
    for name, values in arrays.items():
        if name in SAMPLES or name == LENGTH or values.size not in (1, total):
            continue
        value = values.reshape(-1)[i if values.size == total else 0]
        if name in RATES:
            rate_hz = float(value)
        else:
            context[name] = str(value)
    label = context.pop(layout.label, None) or folder_label
    if label is None:
        names = ", ".join(sorted(context)) or "none"
        raise (
            DataError(
                f"no array {layout.label!r} for the class; of one value a recording: {names}",
                where=str(path),
                do="name it in midge.toml: [data] label",
            )
            if context
            else no_label(path, layout)
        )
    spans = spans_of(label, [], len(counts))
    number = i + 1 if several else 0
    return Recording(path, counts, spans, rate_hz, context=context, number=number)
