"""Window functions: Q15 tables for ``dsp_window``."""

from __future__ import annotations

import numpy as np
from scipy import signal

from midge.dsp.check import whole
from midge.errors import FeatureError

NAMES = ("hann", "hamming", "blackman", "blackmanharris", "flattop", "bartlett", "rectangular")
MAX_LENGTH = 2048  # of the largest FFT
SCALE = 32767.0  # the largest value of a table


def window(name: str, length: int) -> np.ndarray:
    """The window, float64 [length], periodic as spectra want it (``scipy.signal.get_window``).

    Raises:
        FeatureError: an unknown name, or a length outside 2..2048.
    """
    if name not in NAMES:
        raise FeatureError(f"no window is called '{name}'", do=f"use one of {', '.join(NAMES)}")
    length = whole(length, "the window's length", 2, MAX_LENGTH)
    return signal.get_window("boxcar" if name == "rectangular" else name, length, fftbins=True)


def table(name: str, length: int) -> np.ndarray:
    """The window times 32767, rounded, int16 [length], none below 0 (flat top: clipped there).

    The rectangular window needs no table: give ``dsp_window`` none.
    """
    return np.clip(np.rint(window(name, length) * SCALE), 0, SCALE).astype(np.int16)
