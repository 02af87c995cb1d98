"""The test split as each of the model's inputs sees it: one sensor, or several."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from midge import several

if TYPE_CHECKING:
    from midge.compile import CompiledModel
    from midge.features.pipeline import Compiled
    from midge.project import Project
    from midge.report.answers import Answers
    from midge.train.data import Dataset


@dataclasses.dataclass(frozen=True)
class View:
    """One sensor: ``counts`` int16 ``[n, length, channels]``, ``inputs`` ``[n, rows, columns]`` as
    the model gets them; ``features`` None: they are the samples. ``name``: "" of the only one."""

    name: str
    channels: tuple[str, ...]
    rate_hz: float
    counts: np.ndarray
    inputs: np.ndarray
    features: Compiled | None

    @property
    def plain(self) -> bool:
        """The model sees the samples themselves, scaled."""
        return self.inputs.shape == self.counts.shape

    @property
    def image(self) -> tuple[int, int, int] | None:
        """Height, width and channels of a camera's picture."""
        block = None if self.features is None else self.features.pipeline.picture
        return None if block is None else block.out

    def named(self, what: str) -> str:
        """``what`` with the sensor's name in front, where there are several."""
        return f"{self.name} {what}" if self.name else what


def parts(project: Project, counts: np.ndarray) -> list[np.ndarray]:
    """Windows ``[n, length, channels]`` of each sensor that has an input of its own."""
    return several.unpack(project, counts) if several.branches(project) else [counts]


def views(
    project: Project, compiled: CompiledModel, data: Dataset, answers: Answers
) -> list[View]:
    """One for each input of the model."""
    counts = parts(project, data.test.counts)
    inputs = answers.inputs(counts)
    if len(counts) == 1:
        front = compiled.features[0] if compiled.features else None
        return [View("", tuple(data.channels), data.rate_hz, counts[0], inputs[0], front)]
    return [
        View(sensor.name, tuple(sensor.channels), sensor.rate_hz, one, into, front)
        for sensor, one, into, front in zip(
            several.named(project), counts, inputs, compiled.features, strict=True
        )
    ]
