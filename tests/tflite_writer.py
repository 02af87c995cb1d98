"""Writes a Graph as a ``.tflite`` file, so that any graph a test makes can go to the oracle."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import flatbuffers
import numpy as np
import tflite

from midge.graph import Graph, Op, Quant, Tensor

_TYPES = {
    "float32": tflite.TensorType.FLOAT32,
    "float16": tflite.TensorType.FLOAT16,
    "int8": tflite.TensorType.INT8,
    "uint8": tflite.TensorType.UINT8,
    "int16": tflite.TensorType.INT16,
    "int32": tflite.TensorType.INT32,
    "int64": tflite.TensorType.INT64,
    "bool": tflite.TensorType.BOOL,
}

# The options table of each op that has one; the table's fields are the op's attributes.
_OPTIONS = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "REDUCE_MAX": "ReducerOptions",
    "REDUCE_MIN": "ReducerOptions",
    "SUM": "ReducerOptions",
    "ARG_MAX": "ArgMaxOptions",
    "ARG_MIN": "ArgMinOptions",
    "L2_NORMALIZATION": "L2NormOptions",
    "LOG_SOFTMAX": "LogSoftmaxOptions",
    "ABS": "AbsOptions",
    "EXP": "ExpOptions",
    "GELU": "GeluOptions",
    "NEG": "NegOptions",
    "SQUARE": "SquareOptions",
    "ADD": "AddOptions",
    "SUB": "SubOptions",
    "MUL": "MulOptions",
    "DIV": "DivOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "SQUARED_DIFFERENCE": "SquaredDifferenceOptions",
    "PAD": "PadOptions",
    "PADV2": "PadV2Options",
    "RESHAPE": "ReshapeOptions",
    "SQUEEZE": "SqueezeOptions",
    "EXPAND_DIMS": "ExpandDimsOptions",
    "CONCATENATION": "ConcatenationOptions",
    "SOFTMAX": "SoftmaxOptions",
    "LEAKY_RELU": "LeakyReluOptions",
    "QUANTIZE": "QuantizeOptions",
    "DEQUANTIZE": "DequantizeOptions",
    "SHAPE": "ShapeOptions",
    "STRIDED_SLICE": "StridedSliceOptions",
    "PACK": "PackOptions",
    "BATCH_MATMUL": "BatchMatMulOptions",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTMOptions",
    "SVDF": "SVDFOptions",
    "GATHER": "GatherOptions",
    "REDUCE_PROD": "ReducerOptions",
    "TRANSPOSE_CONV": "TransposeConvOptions",
    "TRANSPOSE": "TransposeOptions",
    "SLICE": "SliceOptions",
    "SPLIT": "SplitOptions",
    "SPLIT_V": "SplitVOptions",
    "UNPACK": "UnpackOptions",
    "TILE": "TileOptions",
    "BROADCAST_TO": "BroadcastToOptions",
    "REVERSE_V2": "ReverseV2Options",
    "MIRROR_PAD": "MirrorPadOptions",
    "SPACE_TO_DEPTH": "SpaceToDepthOptions",
    "DEPTH_TO_SPACE": "DepthToSpaceOptions",
    "SPACE_TO_BATCH_ND": "SpaceToBatchNDOptions",
    "BATCH_TO_SPACE_ND": "BatchToSpaceNDOptions",
    "RESIZE_NEAREST_NEIGHBOR": "ResizeNearestNeighborOptions",
    "RESIZE_BILINEAR": "ResizeBilinearOptions",
}
_ENUMS: dict[str, type] = {
    "padding": tflite.Padding,
    "fused_activation_function": tflite.ActivationFunctionType,
    "weights_format": tflite.FullyConnectedOptionsWeightsFormat,
    "mode": tflite.MirrorPadMode,
}
# Versions that have int8 and the features used here; 2 for all others.
_VERSIONS = {
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 6,
    "FULLY_CONNECTED": 12,
    "RESHAPE": 1,
    "SHAPE": 1,
    "SQUEEZE": 1,
    "EXPAND_DIMS": 1,
    "RELU_N1_TO_1": 1,
    "HARD_SWISH": 1,
    "PRELU": 1,
    "NEG": 1,
    "ELU": 1,
    "RELU_0_TO_1": 1,
    "DEPTH_TO_SPACE": 1,
    **dict.fromkeys(("CEIL", "COS", "FLOOR", "ROUND", "SIN", "SQUARE"), 1),
    **dict.fromkeys(("SELECT", "SELECT_V2", "LOGICAL_AND", "LOGICAL_OR", "LOGICAL_NOT"), 1),
}


def write(graph: Graph) -> bytes:
    """The graph as a ``.tflite`` file.

    Args:
        graph: tensor ids must be 0...n-1. ``explicit_padding`` cannot be written.

    Returns:
        The file's bytes.
    """
    return _Writer(graph).finish()


class _Writer:
    def __init__(self, graph: Graph):
        self.graph = graph
        self.b = flatbuffers.Builder(1024)
        self.buffers: list[bytes] = [b""]

    def finish(self) -> bytes:
        b = self.b
        kinds = list(dict.fromkeys(op.kind for op in self.graph.ops))
        tensors = [self.tensor(self.graph.tensors[i]) for i in range(len(self.graph.tensors))]
        ops = [self.op(op, kinds.index(op.kind)) for op in self.graph.ops]
        tensors_at = self.offsets(tflite.SubGraphStartTensorsVector, tensors)
        ops_at = self.offsets(tflite.SubGraphStartOperatorsVector, ops)
        inputs, outputs = self.ints(self.graph.inputs), self.ints(self.graph.outputs)
        tflite.SubGraphStart(b)
        tflite.SubGraphAddTensors(b, tensors_at)
        tflite.SubGraphAddOperators(b, ops_at)
        tflite.SubGraphAddInputs(b, inputs)
        tflite.SubGraphAddOutputs(b, outputs)
        subgraphs = self.offsets(tflite.ModelStartSubgraphsVector, [tflite.SubGraphEnd(b)])
        codes = self.offsets(tflite.ModelStartOperatorCodesVector, [self.code(k) for k in kinds])
        buffers = self.offsets(
            tflite.ModelStartBuffersVector, [self.buffer(data) for data in self.buffers]
        )
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddSubgraphs(b, subgraphs)
        tflite.ModelAddOperatorCodes(b, codes)
        tflite.ModelAddBuffers(b, buffers)
        b.Finish(tflite.ModelEnd(b), b"TFL3")
        return bytes(b.Output())

    def ints(self, values: list[int] | tuple[int, ...]) -> int:
        return int(self.b.CreateNumpyVector(np.array(values, np.int32)))

    def offsets(self, start: Callable[[Any, int], Any], offsets: list[int]) -> int:
        start(self.b, len(offsets))
        for offset in reversed(offsets):
            self.b.PrependUOffsetTRelative(offset)
        return int(self.b.EndVector())

    def buffer(self, data: bytes) -> int:
        at = self.b.CreateByteVector(data) if data else 0
        tflite.BufferStart(self.b)
        if data:
            tflite.BufferAddData(self.b, at)
        return int(tflite.BufferEnd(self.b))

    def code(self, kind: str) -> int:
        number = getattr(tflite.BuiltinOperator, kind)
        tflite.OperatorCodeStart(self.b)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(self.b, min(number, 127))
        tflite.OperatorCodeAddBuiltinCode(self.b, number)
        tflite.OperatorCodeAddVersion(self.b, _VERSIONS.get(kind, 2))
        return int(tflite.OperatorCodeEnd(self.b))

    def quant(self, quant: Quant) -> int:
        scale = self.b.CreateNumpyVector(np.asarray(quant.scale, np.float32))
        zero_point = self.b.CreateNumpyVector(np.asarray(quant.zero_point, np.int64))
        tflite.QuantizationParametersStart(self.b)
        tflite.QuantizationParametersAddScale(self.b, scale)
        tflite.QuantizationParametersAddZeroPoint(self.b, zero_point)
        tflite.QuantizationParametersAddQuantizedDimension(self.b, quant.axis)
        return int(tflite.QuantizationParametersEnd(self.b))

    def tensor(self, tensor: Tensor) -> int:
        buffer = 0
        if tensor.data is not None:
            self.buffers.append(np.ascontiguousarray(tensor.data).tobytes())
            buffer = len(self.buffers) - 1
        name = self.b.CreateString(tensor.name)
        shape = self.ints(tensor.shape)
        quant = self.quant(tensor.quant) if tensor.quant is not None else None
        tflite.TensorStart(self.b)
        tflite.TensorAddName(self.b, name)
        tflite.TensorAddShape(self.b, shape)
        tflite.TensorAddType(self.b, _TYPES[tensor.dtype])
        tflite.TensorAddBuffer(self.b, buffer)
        if quant is not None:
            tflite.TensorAddQuantization(self.b, quant)
        if tensor.variable:
            tflite.TensorAddIsVariable(self.b, True)
        return int(tflite.TensorEnd(self.b))

    def op(self, op: Op, code: int) -> int:
        inputs, outputs = self.ints(op.inputs), self.ints(op.outputs)
        name = _OPTIONS.get(op.kind)
        options = self.options(name, op.attrs) if name else None
        intermediates = self.ints(op.intermediates) if op.intermediates else None
        tflite.OperatorStart(self.b)
        tflite.OperatorAddOpcodeIndex(self.b, code)
        tflite.OperatorAddInputs(self.b, inputs)
        tflite.OperatorAddOutputs(self.b, outputs)
        if name and options is not None:
            tflite.OperatorAddBuiltinOptionsType(self.b, getattr(tflite.BuiltinOptions, name))
            tflite.OperatorAddBuiltinOptions(self.b, options)
        if intermediates is not None:
            tflite.OperatorAddIntermediates(self.b, intermediates)
        return int(tflite.OperatorEnd(self.b))

    def options(self, name: str, attrs: dict[str, Any]) -> int:
        """The options table from snake_case attributes."""
        values = {}
        for key, value in attrs.items():
            if key in _ENUMS:
                value = getattr(_ENUMS[key], value)
            elif key in ("output_type", "quantized_bias_type"):
                value = _TYPES[value]
            elif isinstance(value, tuple):
                value = self.ints(value)
            values[key] = value
        getattr(tflite, f"{name}Start")(self.b)
        for key, value in values.items():
            camel = re.sub(r"(?:^|_)([a-z0-9])", lambda m: m[1].upper(), key)
            getattr(tflite, f"{name}Add{camel}")(self.b, value)
        return int(getattr(tflite, f"{name}End")(self.b))
