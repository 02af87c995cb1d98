"""What all random cases are made with: graphs of one op, scales, zero points, data."""

from __future__ import annotations

from typing import Any

import numpy as np

from midge.graph import Graph, Op, Quant, Tensor

Rng = np.random.Generator
ACTIVATIONS = ("NONE", "NONE", "RELU", "RELU6", "RELU_N1_TO_1")


class Maker:
    """A graph of one op in the making: tensors are numbered in the order they are added."""

    def __init__(self, kind: str):
        self.tensors: list[Tensor] = []
        self.op = Op(kind, [], [], {}, 0)

    def add(
        self,
        shape: tuple[int, ...],
        dtype: str = "int8",
        quant: Quant | None = None,
        data: np.ndarray | None = None,
        role: str = "in",
    ) -> Tensor:
        tensor = Tensor(f"{role}{len(self.tensors)}", tuple(map(int, shape)), dtype, quant, data)
        tensor.variable = role == "state"
        self.tensors.append(tensor)
        lists = {"out": self.op.outputs, "intermediate": self.op.intermediates}
        lists.get(role, self.op.inputs).append(len(self.tensors) - 1)
        return tensor

    def absent(self, count: int = 1) -> None:
        """Optional inputs that are not there."""
        self.op.inputs += [-1] * count

    def graph(self, **attrs: Any) -> Graph:
        self.op.attrs = attrs
        variable = [
            i
            for i in self.op.inputs
            if i >= 0 and self.tensors[i].data is None and not self.tensors[i].variable
        ]
        return Graph(
            "case",
            "case.tflite",
            dict(enumerate(self.tensors)),
            [self.op],
            list(dict.fromkeys(variable)),
            self.op.outputs,
        )


def scale(rng: Rng, low: float = 1e-3, high: float = 1.0) -> float:
    """Log-uniform; now and then a power of two, where ties are common."""
    value = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return 2.0 ** round(np.log2(value)) if rng.random() < 0.15 else value


def zero_point(rng: Rng, dtype: str = "int8") -> int:
    low, high = (-128, 127) if dtype == "int8" else (0, 255)
    anywhere = int(rng.integers(low, high + 1))
    return anywhere if rng.random() < 0.6 else int(rng.choice([low, high, (low + high + 1) // 2]))


def quant(rng: Rng, dtype: str = "int8", low: float = 1e-3, high: float = 1.0) -> Quant:
    return per_tensor(scale(rng, low, high), zero_point(rng, dtype))


def per_tensor(value: float, zero: int = 0) -> Quant:
    return Quant(np.array([value], np.float32), np.array([zero], np.int64))


def extreme(rng: Rng) -> float:
    """A factor for the output scale: mostly 1, sometimes far too large or too small."""
    return float(rng.choice([1, 1, 1, 1, 1, 1, 1e-3, 1e3, 1e6, 3e-5, 1e-8]))


def int8_data(rng: Rng, shape: tuple[int, ...], low: int = -128) -> np.ndarray:
    """Uniform, or extreme: all at the ends, or all alike."""
    kind = rng.random()
    if kind < 0.08:
        return rng.choice(np.array([low, 127], np.int8), shape)
    if kind < 0.12:
        return np.full(shape, rng.choice([low, 127]), np.int8)
    return rng.integers(low, 128, shape).astype(np.int8)


def int16_data(rng: Rng, shape: tuple[int, ...]) -> np.ndarray:
    """Uniform over all values or a part around 0, or extreme: at the ends."""
    kind = rng.random()
    if kind < 0.08:
        return rng.choice(np.array([-32768, 32767], np.int16), shape)
    if kind < 0.12:
        return np.full(shape, rng.choice([-32768, 32767]), np.int16)
    limit = int(rng.choice([32768, 32768, 3000, 100]))
    return rng.integers(-limit, limit, shape).astype(np.int16)


def sample(rng: Rng, graph: Graph) -> list[np.ndarray]:
    """One random input for each of the graph's inputs."""
    values = []
    for t in graph.inputs:
        tensor = graph.tensors[t]
        if tensor.dtype == "float32":
            values.append(
                (rng.normal(size=tensor.shape) * rng.choice([0.1, 1, 30])).astype(np.float32)
            )
        elif tensor.dtype == "uint8":
            values.append(rng.integers(0, 256, tensor.shape).astype(np.uint8))
        elif tensor.dtype == "int16":
            values.append(int16_data(rng, tensor.shape))
        elif tensor.dtype == "int32":
            ends = np.iinfo(tensor.dtype)
            values.append(rng.integers(ends.min, ends.max, tensor.shape).astype(tensor.dtype))
        else:
            values.append(int8_data(rng, tensor.shape))
    return values


def all_bytes(
    rng: Rng, kind: str, y: Quant, low: float = 1e-3, high: float = 1.0, **attrs: Any
) -> Graph:
    """An elementwise op over 256 elements: :func:`every_byte` is its input."""
    m = Maker(kind)
    m.add((1, 256), quant=quant(rng, low=low, high=high))
    m.add((1, 256), quant=y, role="out")
    return m.graph(**attrs)


def every_byte(dtype: str = "int8") -> np.ndarray:
    """All 256 values of the type, shape (1, 256)."""
    return np.arange(256, dtype=np.uint8).view(dtype).reshape(1, 256)
