"""The graph in the making: input, constants, ops."""

from __future__ import annotations

import numpy as np

from midge.classical.scaling import Scaling
from midge.classical.store import Classical
from midge.graph import Graph, Op, Quant, Tensor


class Maker:
    """A graph of one chain from the input to the output."""

    def __init__(self, model: Classical, path: str, sha256: str):
        self.model = model
        self.graph = Graph(model.source, path, {}, [], [], [], sha256)
        quant = None if model.input_type == "float32" else quant_of(model.input_scale)
        shape = (1, model.features)
        self.last = self.graph.add_tensor(Tensor("features", shape, model.input_type, quant))
        self.graph.inputs = [self.last]

    @property
    def unit(self) -> float:
        """What one of the input's numbers stands for."""
        return 1.0 if self.model.input_type == "float32" else self.model.input_scale

    def steps(self, real: np.ndarray) -> np.ndarray:
        """Real features as numbers of the input, float64."""
        return real / self.unit

    def const(self, name: str, data: np.ndarray, quant: Quant | None = None) -> int:
        """A constant tensor."""
        data = np.ascontiguousarray(data)
        tensor = Tensor(name, data.shape, data.dtype.name, quant, data)
        return self.graph.add_tensor(tensor)

    def op(
        self,
        kind: str,
        name: str,
        size: int,
        dtype: str,
        quant: Quant | None,
        consts: list[int],
        **attrs: object,
    ) -> None:
        """An op from the chain's last tensor, and from constants, to a new one, (1, ``size``)."""
        out = self.graph.add_tensor(Tensor(name, (1, size), dtype, quant))
        inputs = [self.last, *consts]
        self.graph.ops.append(Op(kind, inputs, [out], dict(attrs), len(self.graph.ops)))
        self.last = out

    def scale(self, scaling: Scaling, step: float = 1.0) -> None:
        """The features to int16, each in steps of its own; ``step``: the scale they then have."""
        arrays = {"mult": scaling.mult, "shift": scaling.shift, "bias": scaling.bias}
        consts = [self.const(f"features/{name}", data) for name, data in arrays.items()]
        n = self.model.features
        self.op(
            "SCALE_FEATURES", "scaled", n, "int16", quant_of(step), consts, limit=scaling.limit
        )

    def done(self) -> Graph:
        """The graph; its output is the last tensor."""
        self.graph.outputs = [self.last]
        return self.graph


def quant_of(scale: float, zero_point: int = 0) -> Quant:
    """One scale."""
    return Quant(np.array([scale], np.float32), np.array([zero_point], np.int64))
