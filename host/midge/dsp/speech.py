"""Log-mel spectrum and MFCC: the blocks in their usual order, and their float64 reference.

Defaults: 16 kHz, frames of 32 ms that overlap by half, 40 bands. ``MICRO_SPEECH`` has the framing
of TensorFlow's micro_speech example, 30 ms every 20 ms (its noise reduction and gain control are
not here).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from midge.dsp import bands as band_tables
from midge.dsp import blocks, logs, windows
from midge.dsp.chain import Chain, CompiledChain, Signal
from midge.errors import FeatureError


@dataclass(frozen=True)
class LogMel:
    """Log-mel frames, log2 of the energy of each band; with ``coefficients``, MFCC.

    Samples are int16 counts, the spectrum is not normalized.
    """

    rate_hz: float = 16000.0
    window_ms: float = 32.0
    hop_ms: float = 16.0
    bands: int = 40
    low_hz: float = 20.0
    high_hz: float = 0.0  # 0: the Nyquist frequency
    window: str = "hann"
    coefficients: int = 0  # 0: the bands themselves
    frac: int = 8  # fraction bits; MFCC have two fewer
    floor: float = 0.0  # in log2 units

    @property
    def length(self) -> int:
        """Samples of a frame."""
        return self._samples(self.window_ms, "window")

    @property
    def hop(self) -> int:
        """Samples from one frame to the next."""
        return self._samples(self.hop_ms, "hop")

    def _samples(self, ms: float, what: str) -> int:
        samples = ms * self.rate_hz / 1000
        if not 1 <= samples <= windows.MAX_LENGTH or abs(samples - round(samples)) > 1e-6:
            raise FeatureError(
                f"the {what} of {ms:g} ms is {samples:g} samples at {self.rate_hz:g} a second, "
                f"needed a whole number up to {windows.MAX_LENGTH}"
            )
        return round(samples)

    @property
    def n_fft(self) -> int:
        """The power of two that holds a frame."""
        return max(32, 1 << (self.length - 1).bit_length())

    @property
    def triangles(self) -> band_tables.Triangles:
        return band_tables.mel(self.n_fft, self.rate_hz, self.bands, self.low_hz, self.high_hz)

    @property
    def out_frac(self) -> int:
        """Fraction bits of what :meth:`add` gives."""
        return self.frac - 2 if self.coefficients else self.frac

    def add(self, chain: Chain, source: blocks.Ring | Signal, channel: int = 0) -> Signal:
        """Adds the blocks for one frame of one channel: int16 [bands or coefficients]."""
        frame = blocks.window(chain, source, self.window, self.length, self.n_fft, channel)
        energies = blocks.mel(chain, blocks.power(chain, blocks.fft(chain, frame)), self.triangles)
        out = blocks.log2(chain, energies, self.frac, self.floor)
        return blocks.dct(chain, out, self.coefficients) if self.coefficients else out

    def compile(self) -> CompiledChain:
        """A chain of its own: a hop of samples in, int16 [hop, 1]; a frame's features out."""
        chain = Chain("log-mel", (self.hop, 1))
        ring = blocks.push(chain, blocks.split(chain, chain.input), self.length)
        return chain.compile(self.add(chain, ring))

    def reference(self, frame: np.ndarray) -> np.ndarray:
        """The same in float64 for int16 [length], in log2 units."""
        taper = windows.window(self.window, self.length)
        power = np.abs(np.fft.rfft(np.asarray(frame) * taper, self.n_fft)) ** 2
        energy = self.triangles.weights @ power
        logarithms = np.maximum(np.log2(np.maximum(energy, 1e-300)), self.floor)
        if not self.coefficients:
            return logarithms
        return logs.dct_matrix(self.coefficients, self.bands) @ logarithms


LOG_MEL = LogMel()
LOG_MEL_8K = LogMel(rate_hz=8000.0)
MICRO_SPEECH = LogMel(window_ms=30.0, hop_ms=20.0, low_hz=125.0, high_hz=7500.0)
MFCC = replace(LOG_MEL, coefficients=13)
