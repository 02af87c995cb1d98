"""Classical models: trees, naive Bayes, mixtures, neighbours and perceptrons of scikit-learn.

``midge.classical.convert()`` writes a trained scikit-learn model's parameters into a ``.npz`` (no
pickle: see docs/classical.md), which every command and :func:`midge.load` take as they take a
``.tflite``. Importing this costs nothing, and a ``.npz`` needs no scikit-learn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

SUFFIX = ".npz"  # of a classical model's file

if TYPE_CHECKING:
    from midge.classical.converter import convert

__all__ = ["SUFFIX", "convert"]


def __getattr__(name: str) -> Any:
    if name != "convert":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from midge.classical.converter import convert

    return convert
