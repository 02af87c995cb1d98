"""From windows of counts to what a model is trained on: scaled samples, or features.

Float training sees what the int8 input can hold: features are those of the C core, dequantized.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from midge.features import Pipeline
from midge.features.pipeline import SCALE
from midge.meta import Raw
from midge.train import audio, spectra
from midge.train.augment import analog, augment, picture
from midge.train.data import Dataset, raw_scaling, to_real

Augment = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]


class Inputs:
    """How a data set's windows reach the model.

    Args:
        pipeline: None: the samples themselves, scaled.
        kind: of the sensor: changed copies of speech (:mod:`midge.train.audio`) are others than
            those of a voltage or of motion (:mod:`midge.train.augment`).
    """

    def __init__(self, data: Dataset, pipeline: Pipeline | None, *, kind: str = ""):
        self._kind = kind
        self._counts = data.train.counts
        self.raw: Raw = raw_scaling(self._counts)
        self.pipeline = None if pipeline is None else pipeline.fit(self._counts)

    def real(self, counts: np.ndarray) -> np.ndarray:
        """The model's real input for int16 ``[n, length, channels]``, float32."""
        if self.pipeline is None:
            return to_real(counts, self.raw)
        return self.pipeline.real(counts)

    def more(self, kept: np.ndarray, copies: int, rng: np.random.Generator) -> np.ndarray:
        """Changed copies of training windows, by their indices; see :meth:`copies`."""
        return self.copies(self._counts[kept], copies, rng)

    def copies(self, windows: np.ndarray, copies: int, rng: np.random.Generator) -> np.ndarray:
        """Changed copies of int16 ``[n, length, channels]``: the model's real input, float32,
        copy after copy. Log-mel spectra of speech and pictures are changed as such, anything
        else before its features are computed."""
        if self._kind == "microphone":
            if spectra.suits(self.pipeline):
                assert self.pipeline is not None
                return spectra.augment(self.pipeline, windows, copies, rng)
            copied = self.real(audio.augment(windows, copies, rng))
            return copied if self.pipeline is None else audio.mask(copied, rng)
        if self.pipeline is not None and self.pipeline.picture:
            seen = self.real(windows)
            shape = (len(seen), *self.pipeline.picture.out)
            return picture(seen.reshape(shape), copies, rng).reshape(-1, *seen.shape[1:])
        change = analog if self._kind == "adc" else augment
        changed = change(to_real(windows, self.raw), copies, rng)
        if self.pipeline is None:
            return changed
        offset, gain = (np.asarray(v, np.float32) for v in (self.raw.offset, self.raw.gain))
        counts = np.clip(np.rint(changed / gain + offset), -32768, 32767)
        return self.pipeline.real(counts.astype(np.int16))

    @property
    def ends(self) -> tuple[float, float] | None:
        """The int8 input's ends, where features give them."""
        return None if self.pipeline is None else (-128 * SCALE, 127 * SCALE)

    def representative(self, counts: np.ndarray) -> np.ndarray:
        """What the converter takes the ranges from.

        With features, one window more holds the int8 input's ends, so that the converter gives
        it just the scale that the features have.
        """
        real = self.real(counts)
        if self.pipeline is None:
            return real
        ends = real[:1].copy()
        ends.reshape(-1)[:2] = np.float32(SCALE) * np.array([-128, 127], np.float32)
        return np.concatenate([real, ends])

    def describe(self) -> dict[str, Any]:
        """The sidecar's fields."""
        if self.pipeline is None:
            return {"raw": self.raw}
        return {"features": [self.pipeline.as_dict()]}
