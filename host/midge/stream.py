"""``model.stream()`` on the PC: samples in, windows of features out, as the board does it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from midge.io_types import samples_of

if TYPE_CHECKING:
    from midge.features.pipeline import Compiled


class Stream:
    """Collects samples and computes each step's features once; made by ``Model.stream``.

    Give it to ``Model.predict`` or ``Model.classify`` when ``ready()``.

    Attributes:
        rate_hz, channels, length, hop, step: what the model was trained for, in samples.
        size: elements of a window of features.
        count: complete windows so far.
    """

    def __init__(self, name: str, compiled: Compiled, rate_hz: float | None, channels: int | None):
        pipeline = compiled.pipeline
        self.name, self.compiled = name, compiled
        self.rate_hz, self.channels = pipeline.rate_hz, len(pipeline.channels)
        self.length, self.hop, self.step = pipeline.length, pipeline.hop, pipeline.step
        self.size = math.prod(pipeline.shape)
        self.count = 0
        room = 1e-3 * self.rate_hz
        if rate_hz is not None and not abs(rate_hz - self.rate_hz) <= room:  # refuses nan too
            raise ValueError(
                f"{name}: trained at {self.rate_hz:g} samples a second, found {rate_hz:g}"
            )
        if channels is not None and channels != self.channels:
            raise ValueError(f"{name}: trained with {self.channels} channels, found {channels}")
        self.clear()

    def clear(self) -> None:
        """Forgets all samples (``count`` stays), for example after a gap in the signal."""
        pipeline = self.compiled.pipeline
        self._arena = self.compiled.chain.arena()
        self._part = np.zeros((self.step, self.channels), np.int16)
        self._filled = 0
        self._rows: list[np.ndarray] = []
        self._steps = 0
        self._needed = pipeline.warmup + pipeline.rows
        self._ready = False

    def ready(self) -> bool:
        """True after a push that completed a window, until the next."""
        return self._ready

    def push(self, sample: Any) -> bool:
        """Adds one sample: ``channels`` whole numbers, or one number; ``None`` is a gap.

        Returns:
            Whether it completed a window.

        Raises:
            ValueError: another number of values, or one beyond 16 bits.
        """
        if sample is None:
            self.clear()
            return False
        values = [sample] if isinstance(sample, int) else list(sample)
        if len(values) != self.channels:
            raise ValueError(f"sample: needs {self.channels} values, found {len(values)}")
        for value in values:
            if not -32768 <= value <= 32767:
                raise ValueError(f"sample: needs values of 16 bits, found {value}")
        self._take(np.array([values], np.int16))
        return self._ready

    def push_from(self, samples: Any, start: int = 0) -> int:
        """Adds samples from a buffer until one window is complete or the buffer is used up.

        Args:
            samples: ``'h'`` or bytes of it, samples one after the other.
            start: the first sample to take.

        Returns:
            How many it took: call it again with a later ``start`` for the rest.

        Raises:
            TypeError: another type. ValueError: no whole number of samples, or ``start`` outside.
        """
        counts = samples_of(samples, self.channels)
        if not 0 <= start <= len(counts):
            raise ValueError(f"start: needs 0..{len(counts)}, found {start}")
        return self._take(counts[start:])

    def _take(self, counts: np.ndarray) -> int:
        used = 0
        self._ready = False
        while used < len(counts) and not self._ready:
            part = counts[used : used + self.step - self._filled]
            self._part[self._filled : self._filled + len(part)] = part
            used += len(part)
            self._filled += len(part)
            if self._filled == self.step:
                self._filled = 0
                self._run()
        return used

    def _run(self) -> None:
        pipeline = self.compiled.pipeline
        row = self.compiled.chain.run(self._arena, self._part)
        self._steps += 1
        if self._steps > pipeline.warmup:
            self._rows = [*self._rows[-pipeline.rows + 1 :], row] if pipeline.rows > 1 else [row]
        since = self._steps - self._needed
        self._ready = since >= 0 and since % pipeline.stride == 0
        self.count += self._ready

    def features(self, out: Any) -> None:
        """Copies the window, as the model gets it, into a buffer of type ``'b'``."""
        target = memoryview(out).cast("B")
        window = self.window()
        if target.nbytes != window.nbytes:
            raise ValueError(
                f"features: needs {window.nbytes} elements of type 'b', found "
                f"{target.nbytes} bytes of type '{memoryview(out).format}'"
            )
        target[:] = window.tobytes()

    def window(self) -> np.ndarray:
        """The window as a new array: int8, flat.

        Raises:
            ValueError: none is complete yet.
        """
        if self._steps < self._needed:
            raise ValueError(
                f"window: no window yet, {self._steps} of {self._needed} hops were pushed"
            )
        return np.concatenate(self._rows)
