"""Bands of a power spectrum: edges for ``dsp_bands``, triangles for ``dsp_mel``.

The mel scale is HTK's, 2595 log10(1 + f / 700) (Young et al., "The HTK Book"). Triangles have
their corners on it and straight sides over frequency, peak 1, as librosa's with ``htk=True,
norm=None``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from midge.dsp.check import whole
from midge.errors import FeatureError

MAX_BANDS = 128


def to_mel(hz: np.ndarray | float) -> np.ndarray:
    """Mel of a frequency in Hz."""
    return 2595.0 * np.log10(1.0 + np.asarray(hz, np.float64) / 700.0)


def from_mel(mel: np.ndarray | float) -> np.ndarray:
    """Frequency in Hz of a mel value."""
    return 700.0 * (10.0 ** (np.asarray(mel, np.float64) / 2595.0) - 1.0)


@dataclass(frozen=True)
class Triangles:
    """``edges``: uint16 [bands + 2], ``rise``: uint16 [last edge - first], Q15 (``dsp_mel``)."""

    edges: np.ndarray
    rise: np.ndarray
    weights: np.ndarray  # float64 [bands, n_fft / 2 + 1]: what the two approximate


def check_range(low_hz: float, high_hz: float, rate_hz: float) -> None:
    """Refuses bands that leave [0, Nyquist].

    Raises:
        FeatureError: they do.
    """
    if not (0 <= low_hz < high_hz <= rate_hz / 2):
        raise FeatureError(
            f"bands from {low_hz:g} to {high_hz:g} Hz: needed 0 <= low < high <= "
            f"{rate_hz / 2:g} Hz, the Nyquist frequency at {rate_hz:g} samples a second"
        )


def mel(
    n_fft: int, rate_hz: float, bands: int = 40, low_hz: float = 20.0, high_hz: float = 0.0
) -> Triangles:
    """Mel triangles.

    Args:
        high_hz: the last triangle's end; 0: the Nyquist frequency.

    Raises:
        FeatureError: bands beyond the Nyquist frequency, or so narrow that one has no bin.
    """
    bands = whole(bands, "the number of bands", 1, MAX_BANDS)
    high_hz = high_hz or rate_hz / 2
    check_range(low_hz, high_hz, rate_hz)
    corners = from_mel(np.linspace(to_mel(low_hz), to_mel(high_hz), bands + 2))
    hz = np.arange(n_fft // 2 + 1) * rate_hz / n_fft
    edges = np.searchsorted(hz, corners * (1 - 1e-12))
    segment = np.clip(np.searchsorted(edges, np.arange(hz.size), side="right") - 1, 0, bands)
    rise = (hz - corners[segment]) / (corners[segment + 1] - corners[segment])
    inside = slice(edges[0], edges[-1])
    weights = np.zeros((bands + 2, hz.size))
    at = np.arange(edges[0], edges[-1])
    weights[segment[inside] + 1, at] = rise[inside]
    weights[segment[inside], at] += 1 - rise[inside]
    weights = weights[1:-1]
    empty = np.flatnonzero(weights.sum(1) < 1e-6)
    if empty.size:
        raise FeatureError(
            f"band {empty[0]} ({corners[empty[0]]:.0f} to {corners[empty[0] + 2]:.0f} Hz) has no "
            f"bin: {n_fft} points at {rate_hz:g} samples a second are {rate_hz / n_fft:.1f} Hz "
            "apart",
            do="use fewer bands, a larger FFT, or a higher low frequency",
        )
    q15 = np.rint(rise[inside] * 32768)
    return Triangles(edges.astype(np.uint16), q15.astype(np.uint16), weights)


def edges(ranges_hz: list[tuple[float, float]], n_fft: int, rate_hz: float) -> np.ndarray:
    """First bin of each band and the one behind its last, uint16 [bands, 2].

    A band has the bins at or above its low frequency and below its high one.

    Raises:
        FeatureError: a band beyond the Nyquist frequency, or without a bin.
    """
    rows = []
    for low_hz, high_hz in ranges_hz:
        check_range(low_hz, high_hz, rate_hz)
        first, last = (int(np.ceil(f * n_fft / rate_hz - 1e-9)) for f in (low_hz, high_hz))
        if first >= last:
            raise FeatureError(
                f"the band from {low_hz:g} to {high_hz:g} Hz has no bin: {n_fft} points at "
                f"{rate_hz:g} samples a second are {rate_hz / n_fft:.2f} Hz apart",
                do="make it wider, or use a larger FFT",
            )
        rows.append((first, last))
    return np.array(rows, np.uint16).reshape(-1, 2)
