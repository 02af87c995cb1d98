"""What a model learns from: windows of raw sensor counts with their labels, in two splits."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from midge.meta import Raw
from midge.recordings.folder import READERS
from midge.recordings.layout import Layout
from midge.recordings.recording import DataError, Recording

if TYPE_CHECKING:
    from midge.project import Project


_RANGE = 32768.0  # of int16 counts


@dataclasses.dataclass
class Windows:
    """One split: ``counts`` int16 ``[n, length, channels]``, ``classes`` int64 ``[n]``.

    Where the source says so: ``groups`` str ``[n]``, the person, machine, session or recording
    each window is of; ``recordings`` str ``[n]``, the recording (default: the group), and
    ``starts`` int64 ``[n]``, the number of its first sample there (default: none overlap). Windows
    of a recording come in the order of time.
    """

    counts: np.ndarray
    classes: np.ndarray
    groups: np.ndarray | None = None
    recordings: np.ndarray | None = None
    starts: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.classes)

    def take(self, indices: np.ndarray) -> Windows:
        """Some of the windows."""
        kept = {
            name: None if (value := getattr(self, name)) is None else value[indices]
            for name in ("groups", "recordings", "starts")
        }
        return Windows(self.counts[indices], self.classes[indices], **kept)


@dataclasses.dataclass
class Dataset:
    """Labelled windows as the board's sensor would count them.

    ``labels[k]`` names class ``k``. Nothing of ``test`` was seen by training: it is whole
    recordings of its own, or the archive's own split, in windows that do not overlap.
    """

    name: str
    labels: list[str]
    channels: list[str]
    rate_hz: float
    train: Windows
    test: Windows

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over both splits, the labels and the channels' names."""
        digest = hashlib.sha256()
        digest.update(repr((self.labels, self.channels, self.rate_hz)).encode())
        for split in (self.train, self.test):
            digest.update(repr(split.counts.shape).encode())
            digest.update(np.ascontiguousarray(split.counts, "<i2").tobytes())
            digest.update(np.ascontiguousarray(split.classes, "<i8").tobytes())
        return digest.hexdigest()


def raw_scaling(counts: np.ndarray) -> Raw:
    """Offset and gain per channel that bring counts ``[..., channels]`` to mean 0, deviation 1.

    The int8 input has one scale for all channels, so channels of unlike size must be brought
    together first, or the small ones are lost in quantization.
    """
    flat = counts.reshape(-1, counts.shape[-1]).astype(np.float64)
    offset = [int(value) for value in np.rint(flat.mean(axis=0))]
    deviation = flat.std(axis=0)
    # A channel that never moved tells nothing, also if it moves on the board: what comes then
    # stays near 0. One count is the smallest step of others.
    deviation = np.where(deviation == 0, _RANGE, np.maximum(deviation, 1.0))
    return Raw(offset=offset, gain=[float(np.float32(1.0 / value)) for value in deviation])


def to_real(counts: np.ndarray, raw: Raw) -> np.ndarray:
    """The model's real input, float32: ``(counts - offset[c]) * gain[c]`` on the last axis."""
    offset = np.asarray(raw.offset, np.float32)
    return (counts.astype(np.float32) - offset) * np.asarray(raw.gain, np.float32)


def load_dataset(project: Project) -> Dataset:
    """The data that ``[data] source`` of ``midge.toml`` names, checked against the project.

    Raises:
        DataError: unknown source, no recordings, fewer than two classes, or windows whose
            length or channels are not those of ``[window]`` and ``[sensor]``.
    """
    from midge.train import anomaly, background

    where = str(project.root / "midge.toml")
    if project.model.recipe == anomaly.RECIPE:
        project = anomaly.split_names(project)
        return anomaly.as_two(_load(project), project.data.labels, where)
    data = _load(project)
    if project.data.others and project.sensor.kind == "microphone":
        data = background.add(data, project.data.others)
    return _in_order(data, project.data.labels, where)


def _load(project: Project) -> Dataset:
    from midge.train import basic_motions, recordings, spikes

    source = project.data.source
    if source == basic_motions.NAME:
        data = basic_motions.load(
            accel_g=project.sensor.accel_g,
            gyro_dps=project.sensor.gyro_dps,
            length=project.window.length,
        )
    elif source == spikes.NAME:
        data = spikes.load(seed=project.model.seed)
    elif source and _recordings_at(project.root / source):
        data = recordings.load(
            project.root / source,
            layout(project),
            length=project.window.length,
            hop=project.hop,
            labels=project.data.labels,
            group=project.data.group,
            test_groups=project.data.test_groups,
            cut=project.window.cut,
            others=project.data.others,
            where=str(project.root / "midge.toml"),
            reader=reader(project),
        )
    else:
        raise DataError(
            f"needs a folder or a file of recordings or one of {basic_motions.NAME}, "
            f"{spikes.NAME}, found {source!r}",
            where=f"{project.root / 'midge.toml'}: [data] source",
            do="make the folder, or name the one that holds the recordings",
        )
    _check_against(project, data)
    return data


def _recordings_at(path: Path) -> bool:
    return path.is_dir() or (path.is_file() and path.suffix.lower() in READERS)


def reader(project: Project) -> Callable[[Path, Layout], list[Recording]] | None:
    """What reads a folder of recordings of several sensors; None for a single one."""
    if not project.sensors:
        return None
    from midge import several
    from midge.recordings import takes

    sensors, where = several.named(project), str(project.root / "midge.toml")

    def read(folder: Path, how: Layout) -> list[Recording]:
        found = takes.read(folder, sensors, how, where)
        if project.sensor.kind == several.FUSED:
            return [takes.fused(take, project.sensor.rate_hz) for take in found]
        n = several.per_tick(sensors)
        return [takes.packets(take, project.sensor.rate_hz, n) for take in found]

    return read


def layout(project: Project) -> Layout:
    """How the project's recordings are to be read."""
    return Layout(
        tuple(project.sensor.channels),
        project.data.label,
        project.data.pattern,
        project.sensor.rate_hz,
    )


def _check_against(project: Project, data: Dataset) -> None:
    found = (data.train.counts.shape[1], data.train.counts.shape[2], data.rate_hz)
    needed = (project.window.length, len(project.sensor.channels), project.sensor.rate_hz)
    names = ("[window] length", "[sensor] channels", "[sensor] rate_hz")
    for name, in_data, in_project in zip(names, found, needed, strict=True):
        if in_data != in_project:
            raise DataError(
                f"{data.name} has {in_data:g}, the project {in_project:g}",
                where=f"{project.root / 'midge.toml'}: {name}",
                do=f"set it to {in_data:g}",
            )


def _in_order(data: Dataset, wanted: list[str], where: str) -> Dataset:
    """The same data with its classes numbered in the order of ``wanted`` (if any)."""
    if not wanted or wanted == data.labels:
        return data
    if sorted(wanted) != sorted(data.labels):
        raise DataError(
            f"names {wanted}, the recordings have {data.labels}",
            where=f"{where}: [data] labels",
            do="name exactly the classes of the recordings, in any order",
        )
    new_class = np.array([wanted.index(label) for label in data.labels])
    train, test = (
        dataclasses.replace(split, classes=new_class[split.classes])
        for split in (data.train, data.test)
    )
    return dataclasses.replace(data, labels=list(wanted), train=train, test=test)
