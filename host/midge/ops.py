"""The one table of operator coverage: what Midge runs, how exactly, and what to use instead.

Docs and error messages read it; ``midge.lower`` has one function for each supported op.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class OpInfo:
    """One TFLite op.

    ``types``: input -> output types; int16 is the activations of 16x8 models, whose weights are
    int8 and whose zero points are 0. ``kernel``: the C kernel (``<kernel>_16`` for int16; there
    ``sigmoid_16`` and ``rescale_16`` do what tables do for int8), ``table`` for a 256-byte lookup
    made when the model is compiled, or ``folded`` where no code runs on the board.
    ``exact``: "bit-exact" with LiteRT's reference kernel, or why not. ``limits``: what the op
    does not do.
    """

    kind: str
    types: str
    kernel: str
    exact: str = "bit-exact"
    limits: str = ""


_OVERFLOW = "saturates where a value leaves int32, where LiteRT is undefined"
_BYTES = "int8, uint8"
_MOVED = "int8, uint8, int16, int32, float32"
_MOVED_BUT_INT16 = "int8, uint8, int32, float32"
_CONSTANT = "constant operands"

_SUPPORTED = (
    OpInfo("CONV_2D", "int8; int16", "conv_2d", limits="constant weights, zero point 0"),
    OpInfo(
        "DEPTHWISE_CONV_2D",
        "int8; int16",
        "depthwise_conv_2d",
        limits="constant weights, zero point 0",
    ),
    OpInfo(
        "FULLY_CONNECTED",
        "int8; int16",
        "fully_connected",
        exact=f"bit-exact; {_OVERFLOW}",
        limits="constant weights",
    ),
    OpInfo("MAX_POOL_2D", "int8; int16", "max_pool_2d"),
    OpInfo("AVERAGE_POOL_2D", "int8; int16", "average_pool_2d"),
    OpInfo("MEAN", "int8; int16", "mean", limits="constant axes"),
    OpInfo(
        "SUM",
        "int8",
        "mean",
        exact="bit-exact with LiteRT's uint8 kernel (LiteRT 2.3.0 takes int8 for uint8)",
        limits="constant axes",
    ),
    OpInfo(
        "REDUCE_MAX",
        "int8; int16",
        "max_pool_2d",
        limits="constant axes; input and output scaled alike",
    ),
    OpInfo(
        "REDUCE_MIN", "int8", "reduce_min", limits="constant axes; input and output scaled alike"
    ),
    OpInfo("REDUCE_PROD", "int8", "reduce_prod", limits="constant axes"),
    OpInfo("ARG_MAX", "int8 -> int32", "arg_max", limits="constant axis"),
    OpInfo("ARG_MIN", "int8 -> int32", "arg_max", limits="constant axis"),
    OpInfo("ADD", "int8; int16", "add"),
    OpInfo("SUB", "int8; int16", "add"),
    OpInfo("MUL", "int8; int16", "mul"),
    OpInfo(
        "DIV",
        "int8",
        "div",
        exact="bit-exact; over 0 saturates, where LiteRT stops, and a quotient far below one step "
        "is 0, where LiteRT is undefined",
    ),
    OpInfo("MAXIMUM", "int8", "maximum", limits="inputs and output quantized alike"),
    OpInfo("MINIMUM", "int8", "minimum", limits="inputs and output quantized alike"),
    OpInfo("SQUARED_DIFFERENCE", "int8", "squared_difference"),
    OpInfo("PRELU", "int8", "prelu"),
    OpInfo("PAD", "int8, uint8, int16", "pad", limits="constant paddings"),
    OpInfo("PADV2", "int8, uint8, int16", "pad", limits="constant paddings and value"),
    OpInfo("RESHAPE", "any", "folded"),
    OpInfo("SQUEEZE", "any", "folded"),
    OpInfo("EXPAND_DIMS", "any", "folded"),
    OpInfo("CONCATENATION", "any", "copy", limits="inputs and output quantized alike"),
    OpInfo("SOFTMAX", "int8; int16", "softmax", limits="last axis, up to 4095 classes"),
    OpInfo("LOG_SOFTMAX", "int8", "log_softmax", limits="last axis, up to 4095 classes"),
    OpInfo("L2_NORMALIZATION", "int8", "l2_normalization", limits="last axis"),
    OpInfo("LOGISTIC", "int8; int16", "table"),
    OpInfo("TANH", "int8; int16", "table"),
    OpInfo("RELU", "int8; int16", "table"),
    OpInfo("RELU6", "int8; int16", "table"),
    OpInfo("RELU_N1_TO_1", "int8", "table"),
    OpInfo("RELU_0_TO_1", "int8", "table"),
    OpInfo("LEAKY_RELU", "int8; int16", "table"),
    OpInfo("HARD_SWISH", "int8", "table"),
    OpInfo("BATCH_MATMUL", "int8", "batch_matmul", limits="up to 4 dimensions"),
    OpInfo(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        "int8",
        "lstm",
        limits="batch 1; int16 cell state; keeps state, see [Recurrent layers](recurrent.md)",
    ),
    OpInfo("SVDF", "int8", "svdf", limits="batch 1; int16 state and time weights; keeps state"),
    OpInfo(
        "ELU",
        "int8",
        "table",
        exact="LiteRT has no reference kernel; equals its optimized one bit for bit",
    ),
    OpInfo("GELU", "int8", "table", limits="exact and approximate"),
    OpInfo("EXP", "int8", "table", exact=f"bit-exact; {_OVERFLOW}"),
    OpInfo("LOG", "int8", "table"),
    OpInfo("SQRT", "int8", "table", exact="bit-exact; 0 below 0, where LiteRT stops"),
    OpInfo(
        "RSQRT", "int8", "table", exact="bit-exact; the greatest value below 0, where LiteRT stops"
    ),
    OpInfo("ABS", "int8", "table"),
    OpInfo("NEG", "int8", "table", limits="of the integers, as LiteRT: zero points are ignored"),
    OpInfo(
        "QUANTIZE",
        "float32 -> int8, uint8, int16",
        "quantize",
        exact="bit-exact; not a number becomes the lowest value, where LiteRT is undefined",
    ),
    OpInfo("QUANTIZE", "int8, uint8 -> int8, uint8", "table"),
    OpInfo("QUANTIZE", "int16 -> int8, int16; int8 -> int16", "rescale_16"),
    OpInfo("DEQUANTIZE", "int8, uint8, int16 -> float32", "dequantize"),
    OpInfo("TRANSPOSE_CONV", "int8", "transpose_conv", limits="constant weights, zero point 0"),
    OpInfo("TRANSPOSE", _MOVED, "move", limits=_CONSTANT),
    OpInfo("STRIDED_SLICE", _MOVED, "move", limits=_CONSTANT),
    OpInfo("SLICE", _MOVED, "move", limits=_CONSTANT),
    OpInfo("SPLIT", _MOVED, "move", limits=_CONSTANT),
    OpInfo("SPLIT_V", _MOVED, "move", limits=_CONSTANT),
    OpInfo("PACK", _MOVED, "copy", limits="inputs and output quantized alike"),
    OpInfo("UNPACK", _MOVED, "move"),
    OpInfo("GATHER", _MOVED, "move", limits="constant indices, batch_dims 0"),
    OpInfo("TILE", _MOVED, "move", limits=_CONSTANT),
    OpInfo("BROADCAST_TO", _MOVED, "move", limits=_CONSTANT),
    OpInfo("REVERSE_V2", _MOVED, "move", limits=_CONSTANT),
    OpInfo("MIRROR_PAD", _MOVED, "move", limits=_CONSTANT),
    OpInfo("SPACE_TO_DEPTH", _MOVED_BUT_INT16, "move"),
    OpInfo("DEPTH_TO_SPACE", _MOVED_BUT_INT16, "move"),
    OpInfo("SPACE_TO_BATCH_ND", _BYTES, "pad, move", limits=_CONSTANT),
    OpInfo("BATCH_TO_SPACE_ND", _MOVED, "move", limits=_CONSTANT),
    OpInfo("RESIZE_NEAREST_NEIGHBOR", _BYTES, "move", limits=_CONSTANT),
    OpInfo(
        "RESIZE_BILINEAR",
        "int8",
        "resize_bilinear",
        exact="bit-exact; gives the last element where LiteRT's rounding reads past it",
        limits=_CONSTANT,
    ),
)

# Ops that run as a part of a table: where they and their neighbours depend on one int8
# activation, element by element (midge.passes.fuse_tables).
_IN_TABLES = {
    "bool": (
        "EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "LOGICAL_AND",
        "LOGICAL_OR", "LOGICAL_NOT", "SELECT", "SELECT_V2",
    ),
    "float32": (
        "ABS", "ADD", "CEIL", "COS", "DIV", "ELU", "EXP", "FLOOR", "LOG", "MAXIMUM", "MINIMUM",
        "MUL", "NEG", "ROUND", "RSQRT", "SIGN", "SIN", "SQRT", "SQUARE",
        "SQUARED_DIFFERENCE", "SUB",
    ),
}  # fmt: skip

# What to build the layer from instead.
_INSTEAD = {
    "UNIDIRECTIONAL_SEQUENCE_RNN": "use Conv1D layers over the window instead of the RNN",
    "BIDIRECTIONAL_SEQUENCE_LSTM": "use a unidirectional LSTM, or Conv1D layers",
    "LSTM": "use an LSTM layer of tf_keras, which converts to UNIDIRECTIONAL_SEQUENCE_LSTM",
    "POW": "multiply instead of raising to a power",
    "ADD_N": "use Add, which converts to ADD, instead of tf.add_n",
    "TOPK_V2": "take the best scores on the board, after predict()",
    "CUMSUM": "use Softmax instead of Sparsemax; else sum on the board, after predict()",
    "CAST": "leave the dtype out of Input: the int8 model then takes int8, without a cast",
    "SHAPE": "give every dimension a size (Input(batch_shape=(1, ...))), then convert again",
}


_IN_TABLES_TEXT = (
    "Where ops depend, element by element, on one int8 activation, the compiler makes one table "
    "of them all, bit for bit: swish, SELU, Mish, Softplus, clipping, and what the converter "
    "leaves in float between DEQUANTIZE and QUANTIZE. Besides the ops above these can be part of "
    "one:",
    "",
)


def table() -> tuple[OpInfo, ...]:
    """All supported ops, in the order docs show them."""
    return _SUPPORTED


def supported(kind: str) -> bool:
    """Whether the TFLite op ``kind`` runs, at least with some types."""
    return any(info.kind == kind for info in _SUPPORTED)


def dtypes(kind: str) -> list[str]:
    """The types of an op whose input and output have one type."""
    return types(kind).split(", ")


def types(kind: str) -> str:
    """The types ``kind`` takes, as messages show them."""
    return "; ".join(info.types for info in _SUPPORTED if info.kind == kind)


def instead(kind: str) -> str:
    """What to do about an op that is not supported."""
    if supported(kind):
        return f"{kind} runs on {types(kind)}: convert the model to full int8 (`midge convert`)"
    if any(kind in kinds for kinds in _IN_TABLES.values()):
        return (
            f"{kind} runs only where it and its neighbours depend, element by element, on one "
            "int8 activation and constants of one element"
        )
    return replacement(kind) or "build the layer from supported ops; `docs/ops.md` lists them"


def replacement(kind: str) -> str:
    """What to use instead of an op that runs nowhere, or nothing where no one thing is known."""
    return _INSTEAD.get(kind, "")


def markdown() -> str:
    """The table as docs show it."""
    names = ("op", "types", "kernel", "equals LiteRT's reference", "limits")
    rows = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    rows += [f"| {i.kind} | {i.types} | {i.kernel} | {i.exact} | {i.limits} |" for i in _SUPPORTED]
    rows += ["", *_IN_TABLES_TEXT]
    rows += [f"- {types}: {', '.join(kinds)}." for types, kinds in _IN_TABLES.items()]
    return "\n".join(rows) + "\n"
