"""Recordings of several sensors at once: a *take* is a file for each sensor, brought to one time.

``walk/3.imu.csv`` and ``walk/3.mic.wav`` are take 3: what stands before the last dot of the stem
is the take, behind it the sensor. A file with times (a column ``timestamp``) says when it began; a
file without began with the first of its take that says so.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from midge.recordings import check
from midge.recordings.folder import READERS, read_file
from midge.recordings.layout import Layout
from midge.recordings.recording import DataError, Recording, Span

if TYPE_CHECKING:
    from midge.several import NamedSensor

_EPS = 1e-6  # of a sample: times are rounded decimals


@dataclasses.dataclass(frozen=True)
class Take:
    """One recording of each sensor, in the sensors' order."""

    name: str
    parts: tuple[Recording, ...]
    rates: tuple[float, ...]  # samples a second: as the files' times say, or else the project's

    @property
    def starts(self) -> list[float]:
        """Time of each part's first sample, seconds."""
        known = [part.start_s for part in self.parts if part.start_s is not None]
        begin = known[0] if known else 0.0
        return [begin if part.start_s is None else part.start_s for part in self.parts]

    @property
    def span(self) -> tuple[float, float]:
        """When all sensors were being recorded: from, until, seconds."""
        lengths = zip(self.starts, self.parts, self.rates, strict=True)
        ends = [start + len(part.counts) / rate for start, part, rate in lengths]
        return max(self.starts), min(ends)

    def before(self, number: int, times: np.ndarray) -> np.ndarray:
        """How many samples of a part there are up to each time, that moment included."""
        behind = (times - self.starts[number]) * self.rates[number] + _EPS
        return np.clip(np.floor(behind).astype(np.int64) + 1, 0, len(self.parts[number].counts))


def read(folder: Path, sensors: Sequence[NamedSensor], how: Layout, where: str) -> list[Take]:
    """All takes under a folder, in the order of their names.

    Args:
        how: where the class and the context stand; channels and rate are each sensor's own.

    Raises:
        DataError: none there, a file that is of no sensor, a take that lacks one, another rate
            than the sensor's, a gap, or parts that have no time in common.
    """
    files: dict[tuple[str, int], dict[str, Recording]] = {}
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in READERS)
    for path in (path for path in paths if not path.name.startswith(".")):
        take, _, name = path.stem.rpartition(".")
        sensor = next((one for one in sensors if one.name == name), None)
        if sensor is None or not take:
            names = ", ".join(f"TAKE.{one.name}{path.suffix}" for one in sensors)
            raise DataError(
                "of which sensor is it?", where=str(path), do=f"call it one of {names}"
            )
        layout = dataclasses.replace(
            how, channels=tuple(sensor.channels), rate_hz=sensor.rate_hz,
            pattern=f"{how.pattern}.{name}" if how.pattern else "",
        )  # fmt: skip
        label = None if path.parent == folder else path.parent.name
        recordings = read_file(path, layout, label)
        check.rates(recordings, layout, where)
        for recording in recordings:
            files.setdefault((str(path.parent / take), recording.number), {})[name] = recording
    if not files:
        raise DataError(
            f"no recordings: needs a file for each of {', '.join(s.name for s in sensors)}",
            where=str(folder), do="record all sensors at once, as docs/sensors.md shows",
        )  # fmt: skip
    return [_take(take, found, sensors) for (take, _), found in files.items()]


def _take(name: str, found: dict[str, Recording], sensors: Sequence[NamedSensor]) -> Take:
    missing = [sensor.name for sensor in sensors if sensor.name not in found]
    if missing:
        raise DataError(
            f"this take has no recording of {', '.join(missing)}, only of {', '.join(found)}",
            where=name, do="record all sensors at once, or delete the take",
        )  # fmt: skip
    parts = tuple(found[sensor.name] for sensor in sensors)
    for part in parts:
        if part.gaps:
            raise DataError(
                f"samples are missing before sample {part.gaps[0]} of {len(part.counts)}: the "
                "sensors would not come together",
                where=str(part.path), do="cut the take there, or record it again",
            )  # fmt: skip
    rates = tuple(part.rate_hz or s.rate_hz for part, s in zip(parts, sensors, strict=True))
    take = Take(name, parts, rates)
    start, end = take.span
    if end - start < 1 / min(rates):
        edges = [f"{s.name} from {t:g} s" for s, t in zip(sensors, take.starts, strict=True)]
        raise DataError(
            f"its parts have {max(0.0, end - start):g} s in common ({', '.join(edges)}), needed "
            f"at least {1 / min(rates):g} s",
            where=name, do="record all sensors at once, with times of one clock",
        )  # fmt: skip
    return take


def packets(take: Take, tick_hz: float, per_tick: Sequence[int]) -> Recording:
    """A take as one recording of packets: int16 ``[ticks, sum of n * channels]``; see
    :mod:`midge.several`.

    What a sensor gave up to the end of a tick goes into it; where a file's rate is a little off
    the sensor's, a sample is left out or stands twice now and then.
    """
    start, end = take.span
    ticks = int((end - start) * tick_hz + _EPS)
    columns = []
    for number, (part, n) in enumerate(zip(take.parts, per_tick, strict=True)):
        times = start + (np.arange(ticks * n) + 0.5) / (n * tick_hz)
        rows = np.maximum(take.before(number, times) - 1, 0)
        columns.append(part.counts[rows].reshape(ticks, -1))
    times = start + (np.arange(ticks) + 0.5) / tick_hz
    return _joined(take, np.concatenate(columns, axis=1), times)


def fused(take: Take, rate_hz: float) -> Recording:
    """A take as one recording at the first sensor's pace, all channels side by side: what
    ``midge.Fusion`` gives on a board that gets the same samples."""
    start, end = take.span
    skipped = np.ceil((start - take.starts[0]) * take.rates[0] - _EPS)
    start = take.starts[0] + skipped / take.rates[0]  # with a sample of the first sensor
    n = int((end - start) * rate_hz + _EPS)
    times = start + np.arange(n) / rate_hz
    first = take.parts[0].counts[np.maximum(take.before(0, times) - 1, 0)]
    others = [_means(part.counts, take.before(i, times)) for i, part in enumerate(take.parts) if i]
    return _joined(take, np.concatenate([first, *others], axis=1), times)


def _means(counts: np.ndarray, until: np.ndarray) -> np.ndarray:
    """Of the samples since the row before, or the last one where none came."""
    since = np.concatenate([[0], until[:-1]])
    total = np.concatenate([np.zeros((1, counts.shape[1]), np.int64), np.cumsum(counts, axis=0)])
    n = np.maximum(until - since, 1)[:, None]
    means = (2 * (total[until] - total[since]) + n) // (2 * n)
    last = counts[np.maximum(until - 1, 0)]
    return np.where((until > since)[:, None], means, last).astype(np.int16)


def _joined(take: Take, counts: np.ndarray, times: np.ndarray) -> Recording:
    """The recording with the class of each moment: all parts that say one must say the same."""
    labels = []
    for number, part in enumerate(take.parts):
        names = np.empty(len(part.counts), object)
        for span in part.spans:
            names[span.start : span.end] = span.label
        labels.append(names[np.maximum(take.before(number, times) - 1, 0)])
    edges = [0, *(np.flatnonzero(np.any([n[1:] != n[:-1] for n in labels], axis=0)) + 1).tolist()]
    edges.append(len(counts))
    spans = []
    for a, b in itertools.pairwise(edges):
        said = sorted({names[a] for names in labels})
        if len(said) == 1:  # elsewhere the sensors' files disagree: of no class
            spans.append(Span(a, b, said[0]))
    if not spans:
        raise DataError(
            f"its parts are of other classes: {', '.join(sorted({n[0] for n in labels}))}",
            where=take.name, do="label them alike",
        )  # fmt: skip
    context = {key: value for part in reversed(take.parts) for key, value in part.context.items()}
    first = take.parts[0]
    return Recording(first.path, counts, spans, context=context, number=first.number)
