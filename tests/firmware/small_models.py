"""Models so small that what they answer is plain to see."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tflite_writer

from midge.graph import Graph, Op, Quant, Tensor

if TYPE_CHECKING:
    from midge.compile import CompiledModel

SCALE, ZERO_POINT = 0.5, 3


def relu_model(folder: Path) -> CompiledModel:
    """``max(x, 0)`` of 2 samples of 3 channels, scale 0.5 and zero point 3 on both sides.

    Its raw counts: channel 0 has a gain of 0.5 (a count is a step), 1 the same after an offset
    of 100, 2 a gain of 0.05.
    """
    from midge.meta import Meta, Raw

    graph, into = _graph("relu", "int8", (1, 2, 3), Quant(*_quant()))
    out = graph.add_tensor(Tensor("y", (1, 2, 3), "int8", Quant(*_quant())))
    graph.ops, graph.outputs = [Op("RELU", [into], [out], {}, 0)], [out]
    meta = Meta(
        name="relu", version="1.2", labels=list("abcdef"), data_fingerprint="feed",
        raw=Raw([0, 100, 0], [0.5, 0.5, 0.05]),
    )  # fmt: skip
    return _compile(graph, folder, meta)


def long_model(folder: Path) -> CompiledModel:
    """4,096 times ``max(x, 0)``: works long enough to be interrupted."""
    from midge.meta import Meta

    graph, into = _graph("long", "int8", (1, 4096), Quant(*_quant()))
    out = graph.add_tensor(Tensor("y", (1, 4096), "int8", Quant(*_quant())))
    graph.ops, graph.outputs = [Op("RELU", [into], [out], {}, 0)], [out]
    return _compile(graph, folder, Meta(name="long"))


def float_model(folder: Path) -> CompiledModel:
    """The same between a QUANTIZE and a DEQUANTIZE: float32 in and out."""
    from midge.meta import Meta

    graph, into = _graph("floats", "float32", (1, 4), None)
    a = graph.add_tensor(Tensor("a", (1, 4), "int8", Quant(*_quant())))
    b = graph.add_tensor(Tensor("b", (1, 4), "int8", Quant(*_quant())))
    out = graph.add_tensor(Tensor("y", (1, 4), "float32"))
    kinds = (("QUANTIZE", into, a), ("RELU", a, b), ("DEQUANTIZE", b, out))
    graph.ops = [Op(kind, [x], [y], {}, i) for i, (kind, x, y) in enumerate(kinds)]
    graph.outputs = [out]
    return _compile(graph, folder, Meta(name="floats"))


def pair_model(folder: Path) -> CompiledModel:
    """The sum of two inputs: for what takes more than one buffer."""
    from midge.meta import Meta

    graph, first = _graph("pair", "int8", (1, 4), Quant(*_quant()))
    second = graph.add_tensor(Tensor("x2", (1, 4), "int8", Quant(*_quant())))
    out = graph.add_tensor(Tensor("y", (1, 4), "int8", Quant(*_quant())))
    attrs = {"fused_activation_function": "NONE"}
    graph.ops, graph.outputs = [Op("ADD", [first, second], [out], attrs, 0)], [out]
    graph.inputs = [first, second]
    return _compile(graph, folder, Meta(name="pair"))


def wide_model(folder: Path, name: str = "wide", raw: bool = True) -> CompiledModel:
    """``max(x, 0)`` of 2 samples of 3 channels, int16, scale 0.001.

    With ``raw``: a count is a step in channel 0, two after an offset of 100 in channel 1, and a
    tenth in channel 2.
    """
    from midge.meta import Meta, Raw

    quant = Quant(np.array([0.001], np.float32), np.array([0], np.int64))
    graph, into = _graph(name, "int16", (1, 2, 3), quant)
    out = graph.add_tensor(Tensor("y", (1, 2, 3), "int16", quant))
    graph.ops, graph.outputs = [Op("RELU", [into], [out], {}, 0)], [out]
    scaling = Raw([0, 100, 0], [0.001, 0.002, 0.0001]) if raw else None
    return _compile(graph, folder, Meta(name=name, labels=list("abcdef"), raw=scaling))


def features_model(folder: Path) -> CompiledModel:
    """``max(x, 0)`` of its features, of scale 1/32 and zero point 0: a high pass, then log-mel
    bands of frames of 64 samples of two channels, 32 apart; windows of 256 samples every 64."""
    from midge.features import Pipeline
    from midge.meta import Meta

    pipeline = Pipeline(
        [{"block": "highpass", "hz": 20}, {"block": "logmel", "bands": 6}],
        rate_hz=1000, channels=["left", "right"], length=256, hop=64, frame=64, step=32,
    ).fit(noise(20))  # fmt: skip
    rows, columns = pipeline.shape
    quant = Quant(np.array([1 / 32], np.float32), np.array([0], np.int64))
    graph, into = _graph("heard", "int8", (1, rows, columns), quant)
    out = graph.add_tensor(Tensor("y", (1, rows, columns), "int8", quant))
    graph.ops, graph.outputs = [Op("RELU", [into], [out], {}, 0)], [out]
    return _compile(graph, folder, Meta(name="heard", features=[pipeline.as_dict()]))


def two_sensors_model(folder: Path) -> CompiledModel:
    """The sum of two rows of features: statistics of a slow sensor with 3 channels at 50 Hz, and
    a spectrum of a fast one at 1000 Hz; windows of both are a second long, every 0.64 s."""
    from midge.features import Pipeline
    from midge.meta import Meta

    rng = np.random.default_rng(6)
    slow = Pipeline(
        [{"block": "statistics", "names": ["mean", "std", "min", "max"]}],
        rate_hz=50, channels=["x", "y", "z"], length=50, hop=32,
    ).fit(rng.integers(-800, 800, (20, 50, 3)).astype(np.int16))  # fmt: skip
    fast = Pipeline(
        [{"block": "spectrum", "bands": 12}],
        rate_hz=1000, channels=["mic"], length=1000, hop=640,
    ).fit(rng.integers(-800, 800, (20, 1000, 1)).astype(np.int16))  # fmt: skip
    quant = Quant(np.array([1 / 32], np.float32), np.array([0], np.int64))
    graph, first = _graph("both", "int8", (1, 12), quant)
    second = graph.add_tensor(Tensor("x2", (1, 12), "int8", quant))
    out = graph.add_tensor(Tensor("y", (1, 12), "int8", quant))
    attrs = {"fused_activation_function": "NONE"}
    graph.ops, graph.outputs = [Op("ADD", [first, second], [out], attrs, 0)], [out]
    graph.inputs = [first, second]
    return _compile(graph, folder, Meta(name="both", features=[slow.as_dict(), fast.as_dict()]))


def picture_model(folder: Path) -> CompiledModel:
    """``max(x, 0)`` of a picture of 16 x 12 pixels in RGB565, as 6 x 8 of gray."""
    from midge.features import Pipeline
    from midge.meta import Meta

    block = {
        "block": "image", "width": 16, "height": 12, "crop": [1, 2, 10, 13], "out_height": 6,
        "out_width": 8,
    }  # fmt: skip
    pipeline = Pipeline([block], rate_hz=1, length=192).fit(pictures(20))
    quant = Quant(np.array([1 / 32], np.float32), np.array([0], np.int64))
    graph, into = _graph("seen", "int8", (1, 6, 8), quant)
    out = graph.add_tensor(Tensor("y", (1, 6, 8), "int8", quant))
    graph.ops, graph.outputs = [Op("RELU", [into], [out], {}, 0)], [out]
    return _compile(graph, folder, Meta(name="seen", features=[pipeline.as_dict()]))


def pictures(count: int) -> np.ndarray:
    """int16 [count, 192, 1] for :func:`picture_model`: any pixels."""
    rng = np.random.default_rng(8)
    return rng.integers(-32768, 32768, (count, 192, 1)).astype(np.int16)


def noise(windows: int) -> np.ndarray:
    """int16 [windows, 256, 2] for :func:`features_model`."""
    rng = np.random.default_rng(5)
    return rng.normal(0, 3000, (windows, 256, 2)).astype(np.int16)


def _graph(
    name: str, dtype: str, shape: tuple[int, ...], quant: Quant | None
) -> tuple[Graph, int]:
    graph = Graph(name, f"{name}.tflite", {}, [], [], [])
    graph.inputs = [graph.add_tensor(Tensor("x", shape, dtype, quant))]
    return graph, graph.inputs[0]


def _quant() -> tuple[np.ndarray, np.ndarray]:
    return np.array([SCALE], np.float32), np.array([ZERO_POINT], np.int64)


def _compile(graph: Graph, folder: Path, meta: object) -> CompiledModel:
    from midge.compile import compile_model

    path = folder / f"{graph.name}.tflite"
    path.write_bytes(tflite_writer.write(graph))
    return compile_model(path, meta)  # type: ignore[arg-type]
