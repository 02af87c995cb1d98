"""The one graph: importers build it, passes rewrite it, lowering reads it.

Nothing here knows about ``.tflite`` files or about C.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass
class Quant:
    """Affine quantization: ``real = scale[c] * (q - zero_point[c])``."""

    scale: np.ndarray  # float32, one element (per tensor) or one per channel
    zero_point: np.ndarray  # int64, same length as scale
    axis: int = 0  # the channel axis where there is more than one scale


@dataclasses.dataclass
class Tensor:
    """A value in the graph; constant where ``data`` is set."""

    name: str
    shape: tuple[int, ...]
    dtype: str  # numpy's name: "int8", "uint8", "int16", "int32", "int64", "float32", "bool"
    quant: Quant | None = None
    data: np.ndarray | None = None
    variable: bool = False  # keeps its value from one inference to the next

    @property
    def is_const(self) -> bool:
        return self.data is not None

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64)) if self.shape else 1

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return np.dtype(self.dtype).itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    @property
    def scale(self) -> float:
        """The single per-tensor scale, as the float32 value widened to a Python float."""
        assert self.quant is not None
        return float(self.quant.scale[0])

    @property
    def zero_point(self) -> int:
        assert self.quant is not None
        return int(self.quant.zero_point[0])


@dataclasses.dataclass
class Op:
    """One operation. ``kind`` is the TFLite name; ``attrs`` its options in snake_case.

    ``attrs`` spell enumerations as TFLite's schema does: ``padding`` is "SAME" or "VALID",
    ``fused_activation_function`` is "NONE", "RELU", "RELU_N1_TO_1", "RELU6", ...
    Passes may add ``explicit_padding`` = (top, bottom, left, right), which overrides ``padding``,
    to a TILE ``repeats``, how often each element of each axis comes, one after the other, and an
    op of their own, ``LOOKUP``, with ``table``, int8 [256], indexed by the input's bits.
    """

    kind: str
    inputs: list[int]  # tensor ids; -1 for an absent optional input
    outputs: list[int]
    attrs: dict[str, Any] = dataclasses.field(default_factory=dict)
    index: int = -1  # position in the model file, for messages
    intermediates: list[int] = dataclasses.field(default_factory=list)  # hold only quantization

    def where(self, graph: Graph) -> str:
        """How messages name this layer: file, number, kind, output name."""
        out = graph.tensors[self.outputs[0]].name if self.outputs else "?"
        return f"{graph.path}: layer {self.index} {self.kind} '{out}'"


@dataclasses.dataclass
class Graph:
    """Ops in execution order over a table of tensors."""

    name: str
    path: str  # the file it came from, for messages
    tensors: dict[int, Tensor]
    ops: list[Op]
    inputs: list[int]
    outputs: list[int]
    sha256: str = ""  # of the file it came from

    def add_tensor(self, tensor: Tensor) -> int:
        """Adds a tensor and returns its id."""
        key = max(self.tensors, default=-1) + 1
        self.tensors[key] = tensor
        return key

    def producer(self, tensor: int) -> Op | None:
        return next((op for op in self.ops if tensor in op.outputs), None)

    def consumers(self, tensor: int) -> list[Op]:
        return [op for op in self.ops if tensor in op.inputs]
