"""Quantization-aware training: weights and activations are rounded while the network learns.

By TensorFlow Model Optimization (Jacob et al., arXiv:1712.05877), which knows Keras 2 only: so in
a process of its own, with ``TF_USE_LEGACY_KERAS=1``. Norms are folded before, so that what is
rounded is what the board computes with.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import tempfile
from pathlib import Path

import numpy as np

from midge.compress import net as nets
from midge.compress.fold import folded, in_two_dimensions
from midge.compress.net import Net
from midge.compress.teacher import Teacher
from midge.errors import MidgeError, ModelError
from midge.train.child import run_child
from midge.train.fit import Examples
from midge.train.leftover import find_leftovers

_TIMEOUT_S = 3600


def need_tfmot() -> None:
    """Raises MidgeError where TensorFlow Model Optimization is not installed."""
    if importlib.util.find_spec("tensorflow_model_optimization") is None:
        raise MidgeError(
            "quantization-aware training needs tensorflow-model-optimization",
            where="[model] steps: qat", do="pip install 'midge[train]'",
        )  # fmt: skip


def usual_ends(x: np.ndarray) -> tuple[float, float]:
    """The ends that all but one value in a thousand lie in: rare extremes, such as a sensor's
    glitches, must not take the resolution from all others. The network learns with them clipped.
    """
    low, high = np.quantile(x, (0.0005, 0.9995))
    return float(low), float(high)


def train_aware(
    net: Net,
    examples: Examples,
    teacher: Teacher | None,
    ends: tuple[float, float],
    out: Path,
    *,
    epochs: int,
    batch_size: int,
    seed: int,
) -> tuple[Net, Path]:
    """Trains ``net`` on, quantization-aware; returns its float form and the int8 ``out``.

    Args:
        ends: of the input's int8 range, as real values.

    Raises:
        ModelError: a layer has no quantization-aware form, the training or the conversion failed,
            or a layer stayed float.
    """
    line = in_two_dimensions(folded(net))
    if any(layer.constraint is not None for layer in line.layers):
        raise ModelError(
            "a layer's weights are constrained, which quantization-aware training would not keep",
            where="[model] steps: qat", do="leave qat out for this recipe",
        )  # fmt: skip
    settings = {
        "epochs": epochs, "batch_size": batch_size, "seed": seed,
        "low": min(ends[0], 0.0), "high": max(ends[1], 0.0),
    }  # fmt: skip
    with tempfile.TemporaryDirectory(dir=out.parent) as name:
        folder = Path(name)
        nets.save(line, folder / "net.npz")
        soft = {} if teacher is None else {"soft": teacher.soft}
        np.savez(folder / "examples.npz", **dataclasses.asdict(examples), **soft)  # type: ignore[arg-type]
        (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
        run_child(
            "midge.compress.qat_process", [str(folder)], "quantization-aware training",
            where=net.name, made=folder / "model.tflite", timeout_s=_TIMEOUT_S,
            environment={"TF_USE_LEGACY_KERAS": "1"},
        )  # fmt: skip
        find_leftovers((folder / "model.tflite").read_bytes(), net.name)
        os.replace(folder / "model.tflite", out)
        return nets.load(folder / "trained.npz"), out
