"""Models that stand in for the examples' trained ones: known weights, so known answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tflite_writer

from midge.graph import Graph, Op, Quant, Tensor

if TYPE_CHECKING:
    from midge.compile import CompiledModel

GESTURES = ["Standing", "Running", "Walking", "Badminton"]
COUNT = 2000  # in the recordings: this much up or down
_IN_SCALE, _WEIGHT_SCALE = 0.05, 1e-4


def gesture(folder: Path) -> CompiledModel:
    """[100, 6] counts; class k is likely where channel k is high: logistic(2 * its mean)."""
    weights = np.zeros((4, 100, 6), np.float32)
    for k in range(4):
        weights[k, :, k] = 2 / 100
    return _compile(folder, "gesture", (1, 100, 6), weights.reshape(4, 600), GESTURES)


def spikes(folder: Path) -> CompiledModel:
    """[64, 1] ADC counts; likely where their mean is above the middle of the range."""
    weights = np.full((1, 64), 2 / 64, np.float32)
    return _compile(folder, "spikes", (1, 64, 1), weights, ["spikes"], offset=2048)


def _compile(
    folder: Path,
    name: str,
    shape: tuple[int, ...],
    weights: np.ndarray,
    labels: list[str],
    offset: int = 0,
) -> CompiledModel:
    from midge.compile import compile_model
    from midge.meta import Meta, Raw

    path = folder / f"{name}.tflite"
    path.write_bytes(tflite_writer.write(_graph(name, shape, weights)))
    meta = Meta(name=name, labels=labels, raw=Raw([offset], [1 / 1000]))
    meta.save(path.with_suffix(".json"))
    return compile_model(path)


def _graph(name: str, shape: tuple[int, ...], weights: np.ndarray) -> Graph:
    graph = Graph(name, f"{name}.tflite", {}, [], [], [])
    units = len(weights)
    wide = np.clip(np.rint(weights / _WEIGHT_SCALE), -127, 127)
    values = {"w": wide.astype(np.int8), "b": np.zeros(units, np.int32)}
    scales = {"w": _WEIGHT_SCALE, "b": _WEIGHT_SCALE * _IN_SCALE}

    def add(key: str, size: tuple[int, ...], scale: float, zero: int) -> int:
        quant = Quant(np.array([scale], np.float32), np.array([zero], np.int64))
        value = values.get(key)
        kind = "int8" if value is None else str(value.dtype)
        return graph.add_tensor(Tensor(key, size, kind, quant, value))

    into = add("x", shape, _IN_SCALE, 0)
    dense = [into, *(add(key, values[key].shape, scales[key], 0) for key in ("w", "b"))]
    logits = add("logits", (1, units), 0.05, 0)
    out = add("y", (1, units), 1 / 256, -128)
    graph.ops = [
        Op("FULLY_CONNECTED", dense, [logits], {"fused_activation_function": "NONE"}, 0),
        Op("LOGISTIC", [logits], [out], {}, 1),
    ]
    graph.inputs, graph.outputs = [into], [out]
    return graph
