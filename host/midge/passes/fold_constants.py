"""Computes ops whose operands are all constant, in numpy.

What this is for: the SHAPE, STRIDED_SLICE, PACK that Keras' Flatten and Reshape leave before a
RESHAPE (shapes are static here, so SHAPE is a constant whatever it reads), and RESHAPE,
TRANSPOSE, QUANTIZE, DEQUANTIZE of weights. Only ops where numpy gives the oracle's bits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from midge import elementwise, slices
from midge.errors import ModelError
from midge.graph import Graph, Op, Tensor

Values = list[np.ndarray]
_MAX_ELEMENTS = 1 << 24  # what a damaged file may make numpy allocate


def apply(graph: Graph) -> bool:
    """Returns whether an op was computed."""
    kept = []
    for op in graph.ops:
        data = _fold(graph, op)
        if data is None:
            kept.append(op)
            continue
        result = graph.tensors[op.outputs[0]]
        if tuple(data.shape) != result.shape or result.size > _MAX_ELEMENTS:
            raise ModelError(
                f"gives shape {tuple(data.shape)}, the file says {result.shape}",
                where=op.where(graph),
                do="convert the model again",
            )
        result.data = np.array(data, dtype=result.dtype, order="C")
    changed = len(kept) < len(graph.ops)
    graph.ops = kept
    return changed


def _fold(graph: Graph, op: Op) -> np.ndarray | None:
    if len(op.outputs) != 1 or op.outputs[0] in graph.outputs or not op.inputs:
        return None
    if op.kind == "SHAPE" and op.inputs[0] != -1:
        return np.array(graph.tensors[op.inputs[0]].shape)
    evaluate = _EVALUATORS.get(op.kind)
    operands = [graph.tensors[t] for t in op.inputs if t != -1]
    if evaluate is None or not all(t.is_const for t in operands):
        return None
    values = [t.data for t in operands if t.data is not None]
    try:
        return evaluate(op, values, operands, graph.tensors[op.outputs[0]])
    except (IndexError, KeyError, ValueError, TypeError) as err:
        raise ModelError(
            f"invalid operands or options: {err}",
            where=op.where(graph),
            do="convert the model again",
        ) from err


def _reshape(op: Op, values: Values, operands: list[Tensor], result: Tensor) -> np.ndarray:
    return values[0].reshape(result.shape)


def _transpose(op: Op, values: Values, operands: list[Tensor], result: Tensor) -> np.ndarray:
    return np.transpose(values[0], values[1].tolist())


def _pack(op: Op, values: Values, operands: list[Tensor], result: Tensor) -> np.ndarray:
    return np.stack(values, axis=op.attrs["axis"])


def _concat(op: Op, values: Values, operands: list[Tensor], result: Tensor) -> np.ndarray | None:
    if (
        any(t.quant is not None for t in operands)
        or op.attrs["fused_activation_function"] != "NONE"
    ):
        return None
    return np.concatenate(values, axis=op.attrs["axis"])


def _gather(op: Op, values: Values, operands: list[Tensor], result: Tensor) -> np.ndarray | None:
    if op.attrs.get("batch_dims") or (values[1] < 0).any():
        return None
    return np.take(values[0], values[1], axis=op.attrs["axis"])


def _product(op: Op, values: Values, operands: list[Tensor], result: Tensor) -> np.ndarray | None:
    if not _is_index(operands[0]):
        return None
    axes = tuple(int(a) for a in values[1].reshape(-1))
    return np.prod(values[0], axis=axes, keepdims=op.attrs["keep_dims"], dtype=values[0].dtype)


def _strided_slice(op: Op, values: Values, operands: list[Tensor], result: Tensor) -> np.ndarray:
    data, begin, end, strides = values
    cuts, shape = slices.strided(
        data.shape, begin.tolist(), end.tolist(), strides.tolist(), op.attrs
    )
    return data[slices.index(cuts)].reshape(shape)


def _cast(op: Op, values: Values, operands: list[Tensor], result: Tensor) -> np.ndarray | None:
    if not _is_index(operands[0]) or not _is_index(result):
        return None
    return values[0].astype(result.dtype)


def _arithmetic(function: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Evaluator:
    def evaluate(
        op: Op, values: Values, operands: list[Tensor], result: Tensor
    ) -> np.ndarray | None:
        if not all(_is_index(t) for t in (*operands, result)):
            return None
        if op.attrs.get("fused_activation_function", "NONE") != "NONE":
            return None
        return function(values[0], values[1])

    return evaluate


def _affine(op: Op, values: Values, operands: list[Tensor], result: Tensor) -> np.ndarray | None:
    return elementwise.affine(op.kind, values[0], operands[0], result)


def _is_index(tensor: Tensor) -> bool:
    """Whether the tensor holds plain integers, as shapes and indices are."""
    return tensor.dtype in ("int32", "int64") and tensor.quant is None


Evaluator = Callable[[Op, Values, list[Tensor], Tensor], np.ndarray | None]
_EVALUATORS: dict[str, Evaluator] = {
    "ADD": _arithmetic(np.add),
    "CAST": _cast,
    "CONCATENATION": _concat,
    "DEQUANTIZE": _affine,
    "EXPAND_DIMS": _reshape,
    "GATHER": _gather,
    "MUL": _arithmetic(np.multiply),
    "PACK": _pack,
    "QUANTIZE": _affine,
    "REDUCE_PROD": _product,
    "RESHAPE": _reshape,
    "SQUEEZE": _reshape,
    "STRIDED_SLICE": _strided_slice,
    "SUB": _arithmetic(np.subtract),
    "TRANSPOSE": _transpose,
}
