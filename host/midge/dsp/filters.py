"""Filters: second-order sections for ``dsp_biquad``, low passes for ``dsp_decimate``.

Designed by scipy.signal in float64, quantized here, and refused where the quantized filter is
not stable, may overflow or answers differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import signal

from midge.dsp.check import finite, frequency, whole
from midge.errors import FeatureError

KINDS = ("lowpass", "highpass", "bandpass", "notch")
MAX_ERROR_DB = 0.2  # of the quantized response, in the pass band
NARROW_ERROR_DB = 0.05  # up to here 16-bit coefficients do
SHIFT = 13  # fraction bits of a section
MAX_TAPS = 512
_POINTS = 4096


@dataclass(frozen=True)
class Cascade:
    """``sections``: int16 [n, 9], ``midge_dsp_section_t`` each; ``sos``: what they stand for.

    ``error_db``: the largest difference of the two responses in the pass band (where the
    design is above -3 dB); ``radius``: of the outermost pole, quantized.
    """

    sections: np.ndarray
    sos: np.ndarray
    rate_hz: float
    error_db: float
    radius: float

    def response(self, hz: np.ndarray) -> np.ndarray:
        """The quantized filter's complex gain at some frequencies."""
        return signal.sosfreqz(quantized_sos(self.sections), hz, fs=self.rate_hz)[1]


def design(
    kind: str,
    rate_hz: float,
    corner_hz: float | Sequence[float],
    order: int = 2,
    q: float = 30.0,
) -> Cascade:
    """A Butterworth filter, or a notch, quantized.

    Args:
        kind: "lowpass", "highpass", "bandpass" (two corners) or "notch" (one frequency).
        order: of the prototype; a band pass has twice as many poles. Even for low and high pass.
        q: of the notch: its frequency over its width at -3 dB.

    Raises:
        FeatureError: a corner at or beyond the Nyquist frequency, or what :func:`quantize` says.
    """
    if kind not in KINDS:
        raise FeatureError(f"no filter is called '{kind}'", do=f"use one of {', '.join(KINDS)}")
    corners = [
        frequency(float(hz), rate_hz, "the filter's corner") for hz in np.atleast_1d(corner_hz)
    ]
    needed = 2 if kind == "bandpass" else 1
    if len(corners) != needed or sorted(set(corners)) != corners:
        raise FeatureError(f"{kind} needs {needed} rising corner frequencies, found {corners}")
    order = whole(order, "the filter's order", 1, 8)
    if kind == "notch":
        if not 0.1 <= q <= 1000:
            raise FeatureError(f"the notch's q is {q:g}, needed 0.1 to 1000")
        sos = signal.tf2sos(*signal.iirnotch(corners[0], q, fs=rate_hz))
    else:
        at = corners if needed == 2 else corners[0]
        sos = signal.butter(order, at, kind, fs=rate_hz, output="sos")
    return quantize(sos, rate_hz)


def quantize(sos: np.ndarray, rate_hz: float, max_error_db: float = MAX_ERROR_DB) -> Cascade:
    """Second-order sections (scipy's [n, 6]) in 16 bits.

    Each section is scaled so that no tone is larger behind it than at the input, and gets wide
    coefficients where 16 bits would change the response by more than 0.05 dB.

    Raises:
        FeatureError: not finite, unstable before or after quantization, a sum that may overflow,
            or a response that differs by more than ``max_error_db`` in the pass band.
    """
    sos = finite(sos, "filter coefficients").reshape(-1, 6)
    radius = _radius(sos)
    if radius >= 1:
        raise FeatureError(
            f"the filter is unstable: a pole has radius {radius:.6f}, needed below 1"
        )
    scaled = _spread_gain(sos / sos[:, 3:4])
    hz = _grid(rate_hz, scaled)
    for wide in (False, True):
        sections = np.stack([_section(row, wide) for row in scaled])
        error = _error_db(scaled, quantized_sos(sections), hz, rate_hz)
        if error <= NARROW_ERROR_DB:
            break
    after = _radius(quantized_sos(sections))
    if after >= 1 or error > max_error_db:
        raise FeatureError(
            f"quantized, the filter's outermost pole has radius {after:.7f} (needed below 1) and "
            f"its response differs by {error:.2f} dB in the pass band (at most {max_error_db:g})",
            do="move the corner away from 0 and from the Nyquist frequency, or decimate first",
        )
    return Cascade(sections, scaled, rate_hz, error, after)


def _radius(sos: np.ndarray) -> float:
    return max(float(np.abs(np.roots(row[3:])).max(initial=0)) for row in sos)


def _grid(rate_hz: float, sos: np.ndarray) -> np.ndarray:
    """Frequencies to look at: even, logarithmic, and dense around the poles."""
    poles = np.concatenate([np.roots(row[3:]) for row in sos])
    near = [
        np.abs(np.angle(p)) + (1 - np.abs(p)) * np.linspace(-6, 6, 121) for p in poles if p != 0
    ]
    w = np.concatenate([
        np.linspace(1e-4, np.pi, _POINTS), np.geomspace(1e-5, np.pi, _POINTS), *near,
    ])  # fmt: skip
    w = w[(w > 0) & (w < np.pi)]
    return np.unique(w) * rate_hz / (2 * np.pi)


def _spread_gain(sos: np.ndarray) -> np.ndarray:
    """The same filter, each partial product's largest gain 1, the last one's what it was."""
    sos = sos.copy()
    hz = _grid(1.0, sos)
    product = np.ones(hz.size)
    whole_gain = 1.0
    for i, row in enumerate(sos[:-1]):
        product = product * np.abs(signal.sosfreqz(row[None], hz, fs=1.0)[1])
        peak = float(product.max())
        if peak <= 0:
            raise FeatureError(f"section {i} of the filter lets nothing through")
        row[:3] /= peak
        product /= peak
        whole_gain *= peak
    sos[-1, :3] *= whole_gain
    return sos


def _section(row: np.ndarray, wide: bool) -> np.ndarray:
    """One ``midge_dsp_section_t``.

    Raises:
        FeatureError: a sum may overflow 32 bits for some int16 input and (saturated) output.
    """
    b, a = row[:3], row[4:]
    b_shift = 14 if wide else 0
    while b_shift and not _fits(_whole_ratio(b, 2.0 ** (SHIFT + b_shift))):
        b_shift -= 1
    b_int = _whole_ratio(b, 2.0 ** (SHIFT + b_shift))
    a_fine = np.rint(a * 2.0 ** (SHIFT + 14))
    a_int = np.floor(a_fine / 2**14 + 0.5) if wide else np.rint(a * 2.0**SHIFT)
    a_low = a_fine - a_int * 2**14 if wide else np.zeros(2)
    # with rest, and one more for each product of low parts
    largest = (np.abs(b_int).sum() / 2**b_shift + np.abs(a_int).sum() + 2) * 2**15 + 2**SHIFT
    if not (_fits(b_int) and _fits(a_int) and largest < 2**31):
        raise FeatureError(
            f"the section {np.round(row, 4).tolist()} does not fit: the magnitudes of its "
            f"coefficients add up to {np.abs(b).sum() + np.abs(a).sum():.1f}, needed below 8"
        )
    return np.array([*b_int, *a_int, *a_low, b_shift, int(wide)], np.int16)


def _whole_ratio(b: np.ndarray, one: float) -> np.ndarray:
    """b * one as whole numbers, in the ratio of their first: so 1, -2, 1 keeps its zeros."""
    first = np.rint(b[0] * one)
    return np.rint(b / b[0] * first) if first else np.rint(b * one)


def _fits(coefficients: np.ndarray) -> bool:
    """int16 each, and a sum of products with int16 within 31 bits."""
    inside = (coefficients >= -32768).all() and (coefficients <= 32767).all()
    return bool(inside and np.abs(coefficients).sum() <= 65535)


def quantized_sos(sections: np.ndarray) -> np.ndarray:
    """What int16 sections stand for, float64 [n, 6]."""
    s = sections.astype(np.float64)
    b = s[:, :3] / 2.0 ** (SHIFT + s[:, 7:8])
    a = (s[:, 3:5] + s[:, 5:7] / 2**14) / 2.0**SHIFT
    return np.concatenate([b, np.ones((len(s), 1)), a], 1)


def _error_db(want: np.ndarray, found: np.ndarray, hz: np.ndarray, rate_hz: float) -> float:
    wanted, got = (np.abs(signal.sosfreqz(sos, hz, fs=rate_hz)[1]) for sos in (want, found))
    inside = wanted > wanted.max() * 10 ** (-3 / 20)
    ratio = np.maximum(got[inside], 1e-12) / wanted[inside]
    return float(np.abs(20 * np.log10(ratio)).max())


@dataclass(frozen=True)
class Decimator:
    """``taps``: int16 Q15, symmetric. ``ripple_db`` up to ``pass_hz``, ``alias_db`` the largest
    gain of what would fold below ``pass_hz``."""

    taps: np.ndarray
    factor: int
    rate_hz: float
    pass_hz: float
    ripple_db: float
    alias_db: float

    @property
    def out_rate_hz(self) -> float:
        return self.rate_hz / self.factor


def decimator(
    rate_hz: float, factor: int, pass_hz: float = 0.0, attenuation_db: float = 60.0
) -> Decimator:
    """A Kaiser-window low pass in front of taking every ``factor``-th sample.

    Args:
        pass_hz: what is kept whole; 0: 0.8 of the new Nyquist frequency.
        attenuation_db: of what would fold into the pass band, 20 to 80.

    Raises:
        FeatureError: a pass band that reaches the new Nyquist frequency (it would alias), too
            many taps, or a quantized response that misses (0.2 dB, the attenuation less 3 dB).
    """
    factor = whole(factor, "the decimation factor", 2, 64)
    nyquist = rate_hz / factor / 2
    pass_hz = frequency(pass_hz or 0.8 * nyquist, rate_hz, "the decimator's pass band")
    if pass_hz >= nyquist:
        raise FeatureError(
            f"the decimator's pass band ends at {pass_hz:g} Hz: it would alias, needed below "
            f"{nyquist:g} Hz, the new Nyquist frequency",
            do="decimate by less, or pass less",
        )
    if not 20 <= attenuation_db <= 80:
        raise FeatureError(f"the attenuation is {attenuation_db:g} dB, needed 20 to 80")
    stop_hz = rate_hz / factor - pass_hz
    n_taps, beta = signal.kaiserord(attenuation_db, (stop_hz - pass_hz) / (rate_hz / 2))
    n_taps |= 1
    if n_taps > MAX_TAPS:
        raise FeatureError(
            f"the decimator needs {n_taps} taps, at most {MAX_TAPS}",
            do="pass less, or decimate in two steps",
        )
    taps = signal.firwin(n_taps, nyquist, window=("kaiser", beta), fs=rate_hz)
    return check_decimator(np.rint(taps * 2**15), factor, rate_hz, pass_hz, attenuation_db)


def check_decimator(
    taps: np.ndarray, factor: int, rate_hz: float, pass_hz: float, attenuation_db: float
) -> Decimator:
    """Measures quantized taps (whole numbers, Q15) and refuses what misses.

    Raises:
        FeatureError: as :func:`decimator`.
    """
    taps = finite(taps, "the decimator's taps")
    size = np.abs(taps).sum()
    if size >= 65535 or np.abs(taps).max() > 32767:
        raise FeatureError(f"the taps' magnitudes add up to {size:g}, needed below 65535")
    out_rate = rate_hz / factor
    hz = np.linspace(0, rate_hz / 2, 8192)
    gain = np.abs(signal.freqz(taps / 2**15, 1, hz, fs=rate_hz)[1])
    folded = np.abs(hz - np.rint(hz / out_rate) * out_rate)
    passing, aliasing = hz <= pass_hz, (folded <= pass_hz) & (hz > out_rate / 2)
    ripple = float(np.abs(20 * np.log10(np.maximum(gain[passing], 1e-9))).max())
    alias = float(20 * np.log10(np.maximum(gain[aliasing].max(initial=0), 1e-9)))
    if ripple > MAX_ERROR_DB or alias > 3 - attenuation_db:
        raise FeatureError(
            f"the decimator's ripple is {ripple:.2f} dB (at most {MAX_ERROR_DB:g}) and its "
            f"largest alias {alias:.1f} dB (at most {3 - attenuation_db:g})",
            do="ask for less attenuation, or pass less",
        )
    return Decimator(taps.astype(np.int16), factor, rate_hz, pass_hz, ripple, alias)
