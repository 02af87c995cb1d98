"""What networks are trained and compared on, for each window length and features."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from midge.features.pipeline import SCALE
from midge.train import pipeline
from midge.train.data import Dataset, Windows, load_dataset
from midge.train.hold_out import HoldOut, hold_out
from midge.train.inputs import Inputs

if TYPE_CHECKING:
    from midge.project import Project

_COMPARED = 200  # windows at least: among a few, networks that differ by some percent look alike
_MOST_HELD_OUT = 0.5  # of a class: one of two groups rather than recordings of both
_DRAWS = 8  # of which the one that has the fewest windows that were compared on before
_KEPT = 3  # data sets with their features in memory
_MOST_KEPT_BYTES = 1 << 28  # of changed copies of each


@dataclasses.dataclass(frozen=True)
class Material:
    """A data set in two parts, as a window length and features show it."""

    data: Dataset  # train: to fit on; test: to compare on
    inputs: Remembering
    real: np.ndarray  # of data.train
    compare_x: np.ndarray  # of data.test and, where those are few, of changed copies of them
    compare_y: np.ndarray


class Materials:
    """The material of any candidate of a search.

    Args:
        project: what is searched for.
    """

    def __init__(self, project: Project):
        self._project = project
        self._dataset = functools.lru_cache(_KEPT)(self._load)
        self._material = functools.lru_cache(_KEPT)(self._prepare)

    def of(self, project: Project, part: int = 0) -> Material:
        """Of a candidate. ``part``: 0: what the search compares on; 1, 2...: others."""
        key = json.dumps(dataclasses.asdict(project.features), sort_keys=True)
        return self._material(project.window.length, project.hop, key, part, _Held(project))

    def _prepare(
        self, _length: int, _hop: int, _features: str, part: int, held: _Held
    ) -> Material:
        project = held.project
        features = pipeline.features_of(project)
        whole = self._dataset(project.window.length, project.hop, _Held(project))
        seed = project.model.seed
        apart = parts(whole.train, self._project.search.validation, seed, part)
        data = dataclasses.replace(
            whole, train=whole.train.take(apart.kept), test=whole.train.take(apart.held)
        )
        inputs = Remembering(data, features, kind=project.sensor.kind)
        compare, kinds = data.test.counts, data.test.classes
        copies = max(0, _COMPARED // len(compare) - 1)
        changed = inputs.copies(compare, copies, np.random.default_rng(seed))
        return Material(
            data, inputs, inputs.real(data.train.counts),
            np.concatenate([inputs.real(compare), changed]), np.tile(kinds, copies + 1),
        )  # fmt: skip

    def _load(self, _length: int, _hop: int, held: _Held) -> Dataset:
        return load_dataset(held.project)


def parts(windows: Windows, share: float, seed: int, part: int) -> HoldOut:
    """Part number ``part`` of those that windows are held out in: other groups than the parts
    before it where there are enough."""
    apart = hold_out(windows, share, seed=seed, most=_MOST_HELD_OUT)
    seen = np.zeros(len(windows), bool)
    for number in range(1, part + 1):
        seen[apart.held] = True
        draws = [
            hold_out(windows, share, seed=seed + number * _DRAWS + draw, most=_MOST_HELD_OUT)
            for draw in range(_DRAWS)
        ]
        apart = min(draws, key=lambda one: seen[one.held].mean())
    return apart


class Remembering(Inputs):
    """Real inputs and changed copies of what is trained on are the same for each network, and may
    take longer to make than its training."""

    def __init__(self, data: Dataset, features: Any, *, kind: str):
        super().__init__(data, features, kind=kind)
        self._real: np.ndarray | None = None
        self._made: dict[tuple[bytes, int, str], tuple[np.ndarray, Any]] = {}

    def real(self, counts: np.ndarray) -> np.ndarray:
        if counts is not self._counts:
            return super().real(counts)
        if self._real is None:
            self._real = super().real(counts)
        return self._real

    def quantized(self, real: np.ndarray) -> np.ndarray:
        """Real inputs as a classical model takes them, ``[n, features]``: int8 features, or int16
        counts."""
        if self.pipeline is not None:
            steps = np.rint(real / np.float32(SCALE)).clip(-128, 127).astype(np.int8)
        else:
            offset, gain = np.asarray(self.raw.offset), np.asarray(self.raw.gain, np.float32)
            steps = np.rint(real / gain + offset).clip(-32768, 32767).astype(np.int16)
        return steps.reshape(len(real), -1)

    def more(self, kept: np.ndarray, copies: int, rng: np.random.Generator) -> np.ndarray:
        key = (kept.tobytes(), copies, str(rng.bit_generator.state))
        if key in self._made:
            made, rng.bit_generator.state = self._made[key]
            return made
        made = super().more(kept, copies, rng)
        if made.nbytes + sum(one.nbytes for one, _ in self._made.values()) <= _MOST_KEPT_BYTES:
            self._made[key] = made, rng.bit_generator.state
        return made


class _Held:
    """A project that goes through a cache without being a part of its key."""

    def __init__(self, project: Project):
        self.project = project

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)
