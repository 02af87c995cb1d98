"""Builds small graphs by hand, and runs them with and without the passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracle
import tflite_writer

from midge import passes
from midge.graph import Graph, Op, Quant, Tensor
from midge.tflite_reader import parse


def quant(scale: float, zero_point: int = 0) -> Quant:
    """Per-tensor quantization."""
    return Quant(np.array([scale], np.float32), np.array([zero_point], np.int64))


class Kit:
    """A graph in the making; every method gives the id of the tensor it made."""

    def __init__(self, seed: int = 0):
        self.rng = np.random.default_rng(seed)
        self.graph = Graph("kit", "kit.tflite", {}, [], [], [])

    def shape(self, tensor: int) -> tuple[int, ...]:
        return self.graph.tensors[tensor].shape

    def quant(self, tensor: int) -> Quant:
        found = self.graph.tensors[tensor].quant
        assert found is not None
        return found

    def input(self, shape: tuple[int, ...], q: Quant | None, dtype: str = "int8") -> int:
        t = self.graph.add_tensor(Tensor(f"x{len(self.graph.inputs)}", shape, dtype, q))
        self.graph.inputs.append(t)
        return t

    def const(self, data: np.ndarray, q: Quant | None = None) -> int:
        name = f"c{len(self.graph.tensors)}"
        return self.graph.add_tensor(Tensor(name, data.shape, data.dtype.name, q, data))

    def op(
        self,
        kind: str,
        inputs: list[int],
        shape: tuple[int, ...],
        q: Quant | None,
        dtype: str = "int8",
        **attrs: Any,
    ) -> int:
        name = f"{kind.lower()}{len(self.graph.ops)}"
        out = self.graph.add_tensor(Tensor(name, shape, dtype, q))
        self.graph.ops.append(Op(kind, inputs, [out], attrs, len(self.graph.ops)))
        return out

    def reshape(self, x: int, shape: tuple[int, ...]) -> int:
        target = self.const(np.array(shape, np.int32))
        return self.op("RESHAPE", [x, target], shape, self.quant(x), new_shape=shape)

    def pad(self, x: int, amounts: list[list[int]]) -> int:
        shape = tuple(n + a + b for n, (a, b) in zip(self.shape(x), amounts, strict=True))
        return self.op("PAD", [x, self.const(np.array(amounts, np.int32))], shape, self.quant(x))

    def conv(
        self,
        x: int,
        channels: int,
        kernel: tuple[int, int] = (3, 3),
        stride: tuple[int, int] = (1, 1),
        padding: str = "VALID",
        activation: str = "NONE",
        depthwise: bool = False,
        dilation: tuple[int, int] = (1, 1),
        q: Quant | None = None,
    ) -> int:
        """A convolution with random weights, per-channel scales and a bias."""
        n, *size, depth = self.shape(x)
        scales = self.rng.uniform(0.005, 0.02, channels).astype(np.float32)
        zeros = np.zeros(channels, np.int64)
        shape = (1, *kernel, channels) if depthwise else (channels, *kernel, depth)
        data = self.rng.integers(-127, 128, shape).astype(np.int8)
        weights = self.const(data, Quant(scales, zeros, 3 if depthwise else 0))
        bias = self.rng.integers(-2000, 2000, channels).astype(np.int32)
        bias_quant = Quant(scales * self.quant(x).scale, zeros, 0)
        out = []
        for axis in range(2):
            reach = (kernel[axis] - 1) * dilation[axis] + 1
            room = size[axis] if padding == "SAME" else size[axis] - reach + 1
            out.append(-(-room // stride[axis]))
        attrs: dict[str, Any] = {
            "padding": padding,
            "stride_h": stride[0],
            "stride_w": stride[1],
            "dilation_h_factor": dilation[0],
            "dilation_w_factor": dilation[1],
            "fused_activation_function": activation,
        }
        if depthwise:
            attrs["depth_multiplier"] = channels // depth
        return self.op(
            "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D",
            [x, weights, self.const(bias, bias_quant)],
            (n, *out, channels),
            q or quant(float(self.rng.uniform(0.05, 0.2)), int(self.rng.integers(-60, 60))),
            **attrs,
        )

    def pool(self, kind: str, x: int, size: int = 2, activation: str = "NONE") -> int:
        n, h, w, c = self.shape(x)
        return self.op(
            kind,
            [x],
            (n, (h - size) // size + 1, (w - size) // size + 1, c),
            self.quant(x),
            padding="VALID",
            stride_h=size,
            stride_w=size,
            filter_height=size,
            filter_width=size,
            fused_activation_function=activation,
        )

    def done(self, *outputs: int) -> Graph:
        self.graph.outputs = list(outputs)
        return self.graph


def samples(graph: Graph, seed: int = 1, n: int = 6) -> list[list[np.ndarray]]:
    """Random inputs, and the two extremes."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(n):
        sample = []
        for t in graph.inputs:
            tensor = graph.tensors[t]
            if tensor.dtype == "float32":
                sample.append(rng.normal(0, 3, tensor.shape).astype(np.float32))
            else:
                values = rng.integers(-128, 128, tensor.shape)
                fixed = {0: -128, 1: 127}.get(number)
                sample.append((values if fixed is None else values * 0 + fixed).astype(np.int8))
        made.append(sample)
    return made


def reread(graph: Graph) -> Graph:
    """The graph as it comes back from a file."""
    return parse(tflite_writer.write(graph), "kit.tflite", "kit")


def prove(graph: Graph, seed: int = 1, n: int = 6) -> Graph:
    """Passes change no bit of what the oracle makes of the untouched file.

    Returns:
        The graph after the passes.
    """
    file = tflite_writer.write(graph)
    inputs = samples(graph, seed, n)
    expected = oracle.reference(file, inputs)
    after = passes.run(parse(file, "kit.tflite", "kit"))
    compiled = oracle.Compiled(after)
    for sample, wanted in zip(inputs, expected, strict=True):
        for got, want in zip(compiled.run(sample), wanted, strict=True):
            np.testing.assert_array_equal(got, want)
    return after


def kinds(graph: Graph) -> list[str]:
    return [op.kind for op in graph.ops]
