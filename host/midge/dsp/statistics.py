"""Statistics of a window: names, units and float64 reference of ``dsp_statistics``."""

from __future__ import annotations

import re

import numpy as np

from midge import abi
from midge.errors import FeatureError

# name -> unit of the C block's output, in the order of its bits
UNITS = {
    "mean": 1 / 16,
    "rms": 1 / 16,
    "std": 1 / 16,
    "min": 1.0,
    "max": 1.0,
    "peak_to_peak": 1.0,
    "zero_crossings": 1.0,
    "skew": 1 / 1024,
    "kurtosis": 1 / 1024,
    "crest": 1 / 1024,
}
MAX_LENGTH = 16384


def bits() -> dict[str, int]:
    """name -> bit of ``select``, from ``midge_dsp.h``."""
    text = (abi.core_dir() / "midge_dsp.h").read_text(encoding="utf-8")
    found = {name.lower(): int(n) for name, n in re.findall(r"MIDGE_DSP_(\w+) = (\d+),", text)}
    return {name: found[name] for name in UNITS}


def select(names: list[str]) -> int:
    """The bits of some statistics; the output has them in the order of :data:`UNITS`.

    Raises:
        FeatureError: an unknown name, a name twice, or none.
    """
    known = bits()
    odd = [name for name in names if name not in known]
    if odd or not names or len(set(names)) != len(names):
        what = f"no statistic is called '{odd[0]}'" if odd else f"statistics {names}"
        raise FeatureError(what, do=f"name each once, one or more of {', '.join(known)}")
    return sum(known[name] for name in names)


def reference(samples: np.ndarray, names: list[str]) -> np.ndarray:
    """float64 [channels, len(names)] of int16 ``samples`` [channels, length], in C's order."""
    x = np.asarray(samples, np.float64)
    mean = x.mean(1)
    d = x - mean[:, None]
    m2, m3, m4 = ((d**k).mean(1) for k in (2, 3, 4))
    rms = np.sqrt((x**2).mean(1))
    positive = x >= 0
    with np.errstate(divide="ignore", invalid="ignore"):
        values = {
            "mean": mean,
            "rms": rms,
            "std": np.sqrt(m2),
            "min": x.min(1),
            "max": x.max(1),
            "peak_to_peak": np.ptp(x, axis=1),
            "zero_crossings": (positive[:, 1:] != positive[:, :-1]).sum(1),
            "skew": np.where(m2 > 0, m3 / m2**1.5, 0),
            "kurtosis": np.where(m2 > 0, m4 / m2**2, 0),
            "crest": np.where(rms > 0, np.abs(x).max(1) / rms, 0),
        }
    return np.stack([values[name] for name in UNITS if name in names], 1)
