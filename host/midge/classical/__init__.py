"""Classical models: trees, naive Bayes, mixtures, neighbours and perceptrons of scikit-learn.

``convert()`` writes a trained scikit-learn model's parameters into a ``.npz`` (no pickle: see
docs/classical.md), which every command and :func:`midge.load` take as they take a ``.tflite``.
Importing this is cheap, and needs no scikit-learn; neither does a ``.npz``.
"""

from __future__ import annotations

from midge.classical.convert import convert
from midge.classical.store import SUFFIX

__all__ = ["SUFFIX", "convert"]
