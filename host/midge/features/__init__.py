"""Features: what stands between a sensor and a model, the same on the PC and on the board.

A :class:`Pipeline` is a list of blocks declared in ``midge.toml`` or here. Training computes with
it, the sidecar carries it, firmware runs it: always the C blocks of :mod:`midge.dsp`.
"""

from __future__ import annotations

from midge.features.pipeline import Pipeline

__all__ = ["Pipeline"]
