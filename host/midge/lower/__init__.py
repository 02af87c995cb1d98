"""Lowering: a graph becomes a list of kernel calls with all their constants.

:func:`lower` is the one way in. Each family of ops has its file; :mod:`midge.ops` lists them.
"""

from __future__ import annotations

from collections.abc import Callable

from midge import cost, ops, tables
from midge.choose import Chooser, settle
from midge.errors import ModelError
from midge.graph import Graph, Op
from midge.lower import (
    activation,
    arithmetic,
    blocks,
    classical,
    conv,
    dense,
    elementwise_16,
    matmul,
    moving,
    pool,
    quantization,
    recurrent,
    reduction,
    resize,
    shape,
    transposed,
    weights_16,
)
from midge.lower.context import Lowering
from midge.program import ANYWHERE, Draft, Port, Program

_LOWER: dict[str, Callable[[Lowering, Op], None]] = {
    **dict.fromkeys(tables.MAKERS, activation.by_table),
    "CONV_2D": conv.conv_2d,
    "DEPTHWISE_CONV_2D": conv.depthwise_conv_2d,
    "FULLY_CONNECTED": dense.fully_connected,
    "MAX_POOL_2D": pool.max_pool_2d,
    "AVERAGE_POOL_2D": pool.average_pool_2d,
    "MEAN": reduction.mean,
    "SUM": reduction.mean,
    "REDUCE_MAX": reduction.reduce_max,
    "REDUCE_MIN": reduction.reduce_min,
    "REDUCE_PROD": reduction.reduce_prod,
    "ARG_MAX": reduction.arg_max,
    "ARG_MIN": reduction.arg_max,
    "ADD": arithmetic.add,
    "SUB": arithmetic.sub,
    "MUL": arithmetic.mul,
    "DIV": arithmetic.div,
    "MAXIMUM": arithmetic.maximum_minimum,
    "MINIMUM": arithmetic.maximum_minimum,
    "SQUARED_DIFFERENCE": arithmetic.squared_difference,
    "PRELU": arithmetic.prelu,
    "PAD": shape.pad,
    "PADV2": shape.pad,
    "RESHAPE": shape.alias,
    "SQUEEZE": shape.alias,
    "EXPAND_DIMS": shape.alias,
    "CONCATENATION": shape.concatenation,
    "SOFTMAX": activation.softmax,
    "LOG_SOFTMAX": activation.log_softmax,
    "L2_NORMALIZATION": reduction.l2_normalization,
    "BATCH_MATMUL": matmul.batch_matmul,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": recurrent.unidirectional_sequence_lstm,
    "SVDF": recurrent.svdf,
    "QUANTIZE": quantization.quantize,
    "DEQUANTIZE": quantization.dequantize,
    "TRANSPOSE_CONV": transposed.transpose_conv,
    "TRANSPOSE": moving.transpose,
    "STRIDED_SLICE": blocks.strided_slice,
    "SLICE": moving.slice_,
    "SPLIT": moving.split,
    "SPLIT_V": moving.split_v,
    "PACK": moving.pack,
    "UNPACK": moving.unpack,
    "GATHER": moving.gather,
    "TILE": moving.tile,
    "BROADCAST_TO": moving.broadcast_to,
    "REVERSE_V2": moving.reverse_v2,
    "MIRROR_PAD": moving.mirror_pad,
    "SPACE_TO_DEPTH": blocks.space_to_depth,
    "DEPTH_TO_SPACE": blocks.depth_to_space,
    "SPACE_TO_BATCH_ND": blocks.space_to_batch_nd,
    "BATCH_TO_SPACE_ND": blocks.batch_to_space_nd,
    "RESIZE_NEAREST_NEIGHBOR": resize.resize_nearest_neighbor,
    "RESIZE_BILINEAR": resize.resize_bilinear,
}
# What passes make of TFLite's ops, and the ops of classical models.
_MADE: dict[str, Callable[[Lowering, Op], None]] = {
    "LOOKUP": activation.by_given_table,
    "SCALE_FEATURES": classical.scale_features,
    "RANK_FEATURES": classical.rank_features,
    "TREE_ENSEMBLE": classical.tree_ensemble,
    "GAUSSIAN": classical.gaussian,
    "SOFTMAX_32": classical.softmax_32,
    "LOG_SUM_EXP": classical.log_sum_exp,
    "K_NEIGHBORS": classical.k_neighbors,
}

# Ops whose int16 form has a function of its own; the others take both types.
_LOWER_16: dict[str, Callable[[Lowering, Op], None]] = {
    "CONV_2D": weights_16.conv_2d,
    "DEPTHWISE_CONV_2D": weights_16.depthwise_conv_2d,
    "FULLY_CONNECTED": weights_16.fully_connected,
    "SOFTMAX": elementwise_16.softmax,
    "LOGISTIC": elementwise_16.logistic,
    "TANH": elementwise_16.tanh,
    "RELU": elementwise_16.relu,
    "RELU6": elementwise_16.relu,
    "LEAKY_RELU": elementwise_16.leaky_relu,
    "QUANTIZE": elementwise_16.quantize,
    "DEQUANTIZE": elementwise_16.dequantize,
}


def lower(
    graph: Graph, kernels: str = "auto", picks: str = "fastest", cpu: str = cost.DEFAULT_CPU
) -> Program:
    """A program whose buffers are not yet placed (:mod:`midge.plan` does that).

    Args:
        graph, kernels, cpu: as :func:`draft`.
        picks: "fastest", each layer's candidate with the fewest cycles; "smallest", the one
            whose step needs the fewest bytes.
    """
    chooser = Chooser(draft(graph, kernels, cpu), cpu)
    limit = ANYWHERE if picks == "fastest" else 0
    return settle(chooser.draft, chooser.picks(limit), chooser.cpu)


def draft(graph: Graph, kernels: str = "auto", cpu: str = cost.DEFAULT_CPU) -> Draft:
    """Computes each op's candidates: kernels, parameters, constants.

    Args:
        graph: after the passes, in execution order. Not changed.
        kernels: "auto", all that are proven right for a layer; "plain", the portable ones;
            "packed" or "blocked", these where they are proven right, the portable ones elsewhere;
            "jit", those that write code wherever they may, all elsewhere.
        cpu: a board's: "auto" has the fast kernels of its family.

    Returns:
        The candidates; :mod:`midge.choose` makes a program of them.

    Raises:
        ModelError: an op, type, shape or scale that Midge does not do: names the layer, what
            was needed and found, and what to use instead.
    """
    low = Lowering(graph, kernels, cpu)
    inputs = [_port(low, t) for t in graph.inputs]
    for op in graph.ops:
        function = _function(graph, op)
        if function is None:
            raise ModelError(
                f"op {op.kind} is not supported", where=op.where(graph), do=ops.instead(op.kind)
            )
        function(low, op)
    outputs = [_port(low, t) for t in graph.outputs]
    return Draft(
        name=graph.name,
        path=graph.path,
        sha256=graph.sha256,
        layers=low.layers,
        buffers=low.buffers,
        consts=low.consts,
        inputs=inputs,
        outputs=outputs,
        states=low.states,
    )


def _function(graph: Graph, op: Op) -> Callable[[Lowering, Op], None] | None:
    ends = [t for t in (*op.inputs[:1], *op.outputs[: op.kind == "QUANTIZE"]) if t >= 0]
    if op.kind in _LOWER_16 and any(graph.tensors[t].dtype == "int16" for t in ends):
        return _LOWER_16[op.kind]
    return _LOWER.get(op.kind) or _MADE.get(op.kind)


def _port(low: Lowering, tensor_id: int) -> Port:
    tensor = low.graph.tensors[tensor_id]
    ref = low.port_buffer(tensor_id)
    return Port(tensor.name, ref.buffer, tensor.shape, tensor.dtype, tensor.quant)
