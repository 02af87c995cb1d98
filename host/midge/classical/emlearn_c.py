"""The same tree models as C by emlearn, to compare with: ``scripts/classical_table.py`` does.

Midge runs none of it: a model of emlearn's is C of its own for each model, so a PC's process could
not load it, and the board could not say what it costs before a build. emlearn's headers come from
the installed package.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from midge.errors import MidgeError


def load() -> Any:
    """The package emlearn. Importing it has numpy raise on every overflow and underflow: that is
    put back as it was.

    Raises:
        MidgeError: it is not installed.
    """
    before = np.geterr()
    try:
        import emlearn
    except ImportError as err:
        raise MidgeError(
            "emlearn is not installed", do="pip install 'midge[dev]', or emlearn by itself"
        ) from err
    finally:
        np.seterr(**before)
    return emlearn


def source(model: Any, method: str, leaf_bits: int = 0) -> str:
    """C of a fitted tree model of scikit-learn: ``model_predict(const int16_t *, int)``.

    Args:
        method: "inline", comparisons as code, or "loadable", a table of nodes.
        leaf_bits: 0: trees vote; 3...8: their leaves' shares of the classes are added.
    """
    before = np.geterr()
    try:
        made = load().convert(model, method=method, dtype="int16_t", leaf_bits=leaf_bits)
        return str(made.save(name="model", include_proba=False))
    finally:
        np.seterr(**before)


def include_dir() -> Path:
    """Where emlearn's headers lie."""
    return Path(load().__file__).parent
