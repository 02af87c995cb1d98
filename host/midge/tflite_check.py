"""Says what kind of model a file holds, and refuses all but int8 and 16x8 models of batch 1.

Runs on the graph as read, before constant folding, which would hide how it was quantized.
"""

from __future__ import annotations

from midge import ops, window_check
from midge.errors import ModelError
from midge.graph import Graph, Op, Tensor
from midge.passes import fuse_tables

FLOATS = ("float16", "float32", "float64")
_CONVERT = (
    "convert to full int8: `midge convert MODEL --data DATA`, or a TFLiteConverter with "
    "optimizations, a representative_dataset and TFLITE_BUILTINS_INT8"
)
# Ops that may touch float32: the model's edges, and ops that only move bytes.
_FLOAT_OPS = {"QUANTIZE", "DEQUANTIZE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS"}


# What passes and lowering rely on: inputs that must be there, options that the file must have.
_WINDOW = ("padding", "stride_h", "stride_w", "fused_activation_function")
_DILATED = (*_WINDOW, "dilation_h_factor", "dilation_w_factor")
_POOL = (*_WINDOW, "filter_height", "filter_width")
_ACTIVATION = ("fused_activation_function",)
_OPERANDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "CONV_2D": (2, _DILATED),
    "DEPTHWISE_CONV_2D": (2, _DILATED),
    "FULLY_CONNECTED": (2, _ACTIVATION),
    "MAX_POOL_2D": (1, _POOL),
    "AVERAGE_POOL_2D": (1, _POOL),
    "ADD": (2, _ACTIVATION),
    "SUB": (2, _ACTIVATION),
    "MUL": (2, _ACTIVATION),
    "DIV": (2, _ACTIVATION),
    "MAXIMUM": (2, ()),
    "MINIMUM": (2, ()),
    "SQUARED_DIFFERENCE": (2, ()),
    "PRELU": (2, ()),
    "MEAN": (2, ("keep_dims",)),
    **dict.fromkeys(("SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"), (2, ("keep_dims",))),
    "ARG_MAX": (2, ()),
    "ARG_MIN": (2, ()),
    "L2_NORMALIZATION": (1, _ACTIVATION),
    "PAD": (2, ()),
    "PADV2": (3, ()),
    "CONCATENATION": (1, ("axis", "fused_activation_function")),
    "SOFTMAX": (1, ("beta",)),
    "LEAKY_RELU": (1, ("alpha",)),
    "TRANSPOSE_CONV": (3, ("padding", "stride_h", "stride_w")),
    "TRANSPOSE": (2, ()),
    "STRIDED_SLICE": (4, ("begin_mask", "end_mask", "shrink_axis_mask")),
    "SLICE": (3, ()),
    "SPLIT": (2, ("num_splits",)),
    "SPLIT_V": (3, ("num_splits",)),
    "PACK": (1, ("axis",)),
    "UNPACK": (1, ("axis",)),
    "GATHER": (2, ("axis",)),
    "TILE": (2, ()),
    "BROADCAST_TO": (2, ()),
    "REVERSE_V2": (2, ()),
    "MIRROR_PAD": (2, ("mode",)),
    "SPACE_TO_DEPTH": (1, ("block_size",)),
    "DEPTH_TO_SPACE": (1, ("block_size",)),
    "SPACE_TO_BATCH_ND": (3, ()),
    "BATCH_TO_SPACE_ND": (3, ()),
    "RESIZE_NEAREST_NEIGHBOR": (2, ("align_corners", "half_pixel_centers")),
    "RESIZE_BILINEAR": (2, ("align_corners", "half_pixel_centers")),
}


def check(graph: Graph) -> None:
    """Raises ``ModelError`` where the graph is not a static int8 or 16x8 model of batch 1."""
    _check_operands(graph)
    _check_variables(graph)
    _check_batch(graph)
    _check_floats(graph)
    _check_integers(graph)
    _check_scales(graph)
    window_check.check(graph)


def _check_operands(graph: Graph) -> None:
    for op in graph.ops:
        needed, options = _OPERANDS.get(op.kind, (1, ()))
        missing = [name for name in options if name not in op.attrs]
        present = op.inputs[:needed]
        if len(present) < needed or -1 in present or missing or not op.outputs:
            what = f"options {', '.join(missing)}" if missing else f"{needed} inputs and an output"
            raise ModelError(
                f"damaged .tflite file: the layer lacks {what}",
                where=op.where(graph),
                do="copy or convert the model again",
            )


# Which inputs of an op are its state.
_STATES = {"UNIDIRECTIONAL_SEQUENCE_LSTM": (18, 19), "SVDF": (4,)}


def _check_variables(graph: Graph) -> None:
    owners: dict[int, Op] = {}
    for op in graph.ops:
        for place, t in enumerate(op.inputs):
            if t == -1 or not graph.tensors[t].variable:
                continue
            if place not in _STATES.get(op.kind, ()) or t in owners:
                name = graph.tensors[t].name
                raise ModelError(
                    f"input {place} is variable tensor '{name}': state that Midge does not keep",
                    where=op.where(graph),
                    do="keep state in LSTM layers only (see docs/ops.md), each with its own",
                )
            owners[t] = op


def _check_batch(graph: Graph) -> None:
    for t in graph.inputs:
        tensor = graph.tensors[t]
        if not tensor.shape:
            continue
        if tensor.shape[0] != 1 or 0 in tensor.shape:
            raise ModelError(
                f"input '{tensor.name}' has shape {tensor.shape}: batch {tensor.shape[0]}, "
                "needed: 1",
                where=graph.path,
                do="build the model with Input(batch_shape=(1, ...)) and convert it again",
            )


def _activations(graph: Graph, op: Op) -> list[Tensor]:
    ids = [t for t in (*op.inputs, *op.outputs) if t != -1]
    return [graph.tensors[t] for t in ids if not graph.tensors[t].is_const]


def _check_floats(graph: Graph) -> None:
    working = [op for op in graph.ops if op.kind not in _FLOAT_OPS]
    floating = [op for op in working if _is_float(graph, op)]
    if floating:
        in_tables = {id(graph.ops[i]) for i in fuse_tables.absorbed(graph)}
        floating = [op for op in floating if id(op) not in in_tables]
    if not floating:
        return
    consts = [t for t in graph.tensors.values() if t.is_const]
    count = f"{len(floating)} of {len(working)} layers compute in float"
    if any(t.dtype == "float16" for t in consts):
        found = f"a float16 model ({count})"
    elif len(floating) < len(working) and any(_is_integer(graph, op) for op in working):
        raise ModelError(
            f"this layer was left in float by the converter ({count})",
            where=floating[0].where(graph),
            do=ops.replacement(floating[0].kind)
            or "replace the layer with one that converts to int8 (see docs/ops.md), or "
            + _CONVERT,
        )
    elif any(t.dtype == "int8" and t.size > 1 for t in consts):
        found = f"a dynamic-range model: int8 weights, float activations ({count})"
    else:
        found = f"a float model ({count})"
    raise ModelError(f"{found}; needed: int8", where=graph.path, do=_CONVERT)


def _is_float(graph: Graph, op: Op) -> bool:
    return any(t.dtype in FLOATS for t in _activations(graph, op))


def _is_integer(graph: Graph, op: Op) -> bool:
    return any(t.dtype in ("int8", "int16") for t in _activations(graph, op))


def _check_integers(graph: Graph) -> None:
    for op in graph.ops:
        if op.kind in ("QUANTIZE", "DEQUANTIZE"):
            continue
        activations = [t for t in _activations(graph, op) if not t.variable]
        if "uint8" in {t.dtype for t in activations if t.quant is not None}:
            raise ModelError(
                "a uint8 model (uint8 activations); needed: int8 or int16",
                where=op.where(graph),
                do=_CONVERT,
            )


_LIMITS = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767)}


def _check_scales(graph: Graph) -> None:
    for op in graph.ops:
        for t in (*op.inputs, *op.outputs):
            tensor = graph.tensors.get(t)
            if tensor is None or tensor.dtype not in _LIMITS:
                continue
            wrong = _wrong_scale(tensor) or _wrong_zero_point(tensor)
            if wrong:
                raise ModelError(
                    f"tensor '{tensor.name}' {wrong}", where=op.where(graph), do=_CONVERT
                )


def _wrong_scale(tensor: Tensor) -> str:
    if tensor.is_const:
        return ""
    if tensor.quant is None or len(tensor.quant.scale) != 1 or tensor.scale <= 0:
        found = "none" if tensor.quant is None else str(tensor.quant.scale.tolist()[:4])
        return f"needs one scale above 0, found: {found}"
    return ""


def _wrong_zero_point(tensor: Tensor) -> str:
    low, high = _LIMITS[tensor.dtype]
    for zero_point in [] if tensor.quant is None else tensor.quant.zero_point.tolist():
        if not low <= zero_point <= high:
            return f"has zero point {zero_point}, outside {low} to {high}"
    return ""
