"""Models and firmware for the emulator's tests."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tflite_writer

from midge.graph import Graph, Op, Quant, Tensor

if TYPE_CHECKING:
    from midge.compile import CompiledModel
    from midge.firmware.build import BuildResult

FILES = {
    "kws": "kws_dscnn_int8.tflite",
    "ic": "ic_resnet8_int8.tflite",
    "ad": "ad01_int8.tflite",
    "vww": "vww_96_int8.tflite",
}


@dataclasses.dataclass
class Firmware:
    """A built firmware and the models in it."""

    result: BuildResult
    models: dict[str, CompiledModel]

    @property
    def uf2(self) -> Path:
        return self.result.uf2


def reference_model(folder: Path, name: str) -> CompiledModel:
    from midge.compile import compile_model
    from midge.meta import Meta

    return compile_model(folder / FILES[name], Meta(name=name))


def tiny_model(folder: Path) -> CompiledModel:
    """A convolution and a dense layer over 12 samples of 3 channels: some 5,000 cycles."""
    from midge.compile import compile_model
    from midge.meta import Meta

    path = folder / "tiny.tflite"
    path.write_bytes(tflite_writer.write(_tiny_graph()))
    return compile_model(path, Meta(name="tiny", labels=["a", "b", "c", "d"]))


def _tiny_graph() -> Graph:
    rng = np.random.default_rng(24)
    filters, units = 4, 4
    graph = Graph("tiny", "tiny.tflite", {}, [], [], [])

    def add(name: str, value: np.ndarray | tuple[int, ...], scale: float, zero: int = 0) -> int:
        quant = Quant(np.array([scale], np.float32), np.array([zero], np.int64))
        if isinstance(value, tuple):
            return graph.add_tensor(Tensor(name, value, "int8", quant))
        return graph.add_tensor(Tensor(name, value.shape, str(value.dtype), quant, value))

    def weights(*shape: int) -> np.ndarray:
        return rng.integers(-127, 128, shape).astype(np.int8)

    def biases(n: int) -> np.ndarray:
        return rng.integers(-2000, 2000, n).astype(np.int32)

    into = add("in", (1, 1, 12, 3), 0.05, -3)
    conv_in = [into, add("w0", weights(filters, 1, 3, 3), 0.01), add("b0", biases(filters), 5e-4)]
    conv = add("conv", (1, 1, 12, filters), 0.06, -20)
    dense_in = [
        conv,
        add("w1", weights(units, 12 * filters), 0.01),
        add("b1", biases(units), 6e-4),
    ]
    dense = add("dense", (1, units), 0.6, 5)  # wide enough not to saturate
    same = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
    same |= {"dilation_w_factor": 1, "dilation_h_factor": 1}
    graph.ops = [
        Op("CONV_2D", conv_in, [conv], {**same, "fused_activation_function": "RELU"}, 0),
        Op("FULLY_CONNECTED", dense_in, [dense], {"fused_activation_function": "NONE"}, 1),
    ]
    graph.inputs, graph.outputs = [into], [dense]
    return graph
