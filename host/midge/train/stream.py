"""The test recordings as one long signal: what the emulated sensor plays."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from midge.train.data import DataError, Dataset, load_dataset

if TYPE_CHECKING:
    from midge.project import Project

_ORDER_SEED = 5


@dataclasses.dataclass
class Stream:
    """Samples one after the other, with what each truly is.

    ``counts`` int16 ``[n, channels]``, ``classes`` int64 ``[n]`` into ``labels``.
    """

    counts: np.ndarray
    classes: np.ndarray
    labels: list[str]
    channels: list[str]
    rate_hz: float

    @property
    def seconds(self) -> float:
        return len(self.counts) / self.rate_hz


def project_stream(project: Project, recordings: int | None = None) -> Stream:
    """The stream of a project's test recordings: no TensorFlow needed.

    Args:
        recordings: how many of them, drawn evenly from all classes; None: all.

    Raises:
        DataError: see `midge.train.data.load_dataset`.
    """
    return dataset_stream(load_dataset(project), recordings)


def dataset_stream(data: Dataset, recordings: int | None = None) -> Stream:
    """The test windows of ``data`` in an order that mixes the classes; always the same one."""
    if recordings is not None and not 1 <= recordings <= len(data.test):
        raise DataError(
            f"needs 1...{len(data.test)} recordings, found {recordings}", where=data.name,
            do="ask for fewer",
        )  # fmt: skip
    order = _mixed(data.test.classes, np.random.default_rng(_ORDER_SEED))[:recordings]
    length = data.test.counts.shape[1]
    return Stream(
        counts=data.test.counts[order].reshape(-1, data.test.counts.shape[2]),
        classes=np.repeat(data.test.classes[order], length),
        labels=data.labels,
        channels=data.channels,
        rate_hz=data.rate_hz,
    )


def _mixed(classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """All indices in rounds: each round takes one of every class that has any left, shuffled."""
    turn = np.empty(len(classes), np.int64)  # the round in which each index is taken
    for kind in np.unique(classes):
        members = rng.permutation(np.flatnonzero(classes == kind))
        turn[members] = np.arange(len(members))
    return np.lexsort((rng.random(len(classes)), turn))
