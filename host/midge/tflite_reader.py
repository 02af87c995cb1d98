"""Reads a ``.tflite`` file into a :class:`midge.graph.Graph`.

Knows the file format only: what Midge can run is decided by :mod:`midge.tflite_check` (the kind
of model) and by lowering (each op). A damaged file never causes anything but a ``ModelError``.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import tflite

from midge import tflite_check
from midge.errors import ModelError
from midge.graph import Graph, Op, Quant, Tensor

# Limits that no model for a microcontroller comes near; they keep damaged files from
# taking minutes and gigabytes.
MAX_TENSORS = 100_000
MAX_OPERANDS = 10_000
MAX_RANK = 8
MAX_ELEMENTS = 1 << 28

_DTYPES = {
    tflite.TensorType.FLOAT32: "float32",
    tflite.TensorType.FLOAT16: "float16",
    tflite.TensorType.FLOAT64: "float64",
    tflite.TensorType.INT8: "int8",
    tflite.TensorType.UINT8: "uint8",
    tflite.TensorType.INT16: "int16",
    tflite.TensorType.UINT16: "uint16",
    tflite.TensorType.INT32: "int32",
    tflite.TensorType.UINT32: "uint32",
    tflite.TensorType.INT64: "int64",
    tflite.TensorType.UINT64: "uint64",
    tflite.TensorType.BOOL: "bool",
}


def _names(enum: type) -> dict[int, str]:
    return {v: k for k, v in vars(enum).items() if isinstance(v, int) and not k.startswith("_")}


_TENSOR_TYPES = _names(tflite.TensorType)
_BUILTINS = _names(tflite.BuiltinOperator)
_OPTIONS = _names(tflite.BuiltinOptions)
_OPTIONS_2 = _names(tflite.BuiltinOptions2)
_ENUM_ATTRS = {
    "padding": _names(tflite.Padding),
    "fused_activation_function": _names(tflite.ActivationFunctionType),
    "weights_format": _names(tflite.FullyConnectedOptionsWeightsFormat),
    "mode": _names(tflite.MirrorPadMode),
}
_TYPE_ATTRS = {"out_type", "in_data_type", "out_data_type", "output_type", "quantized_bias_type"}
_CONTROL_FLOW = {"IF", "WHILE", "CALL", "CALL_ONCE"}
_PLACEHOLDER_FOR_GREATER = 127  # schema v3a: the deprecated code of ops numbered above it


def read(path: str | Path) -> Graph:
    """Reads and checks a ``.tflite`` file.

    Args:
        path: the model file.

    Returns:
        The main subgraph. Attributes have the names of the options in TFLite's schema,
        in snake_case.

    Raises:
        ModelError: not a ``.tflite``, damaged, not an int8 model, or it uses something of the
            format that Midge does not do (custom ops, control flow, a batch above 1).
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as err:
        raise ModelError(
            f"cannot read the model: {err.strerror}", where=str(path), do="check the path"
        ) from err
    return parse(data, str(path), path.stem)


def parse(data: bytes, path: str, name: str) -> Graph:
    """As :func:`read`, from the file's bytes."""
    graph = parse_unchecked(data, path, name)
    tflite_check.check(graph)
    return graph


def parse_unchecked(data: bytes, path: str, name: str) -> Graph:
    """As :func:`parse`, whatever the model computes in."""
    if data[4:8] != b"TFL3":
        raise ModelError(
            f"not a .tflite file: bytes 4 to 8 are {data[4:8]!r}, a model has b'TFL3'",
            where=path,
            do="convert a Keras model or SavedModel with `midge convert`",
        )
    try:
        return _Parser(data, path, name).graph()
    except ModelError:
        raise
    except Exception as err:  # flatbuffers' accessors fail in many ways on damaged files
        raise _damaged(path, f"{type(err).__name__}: {err}", len(data)) from err


def _damaged(path: str, why: str, size: int) -> ModelError:
    return ModelError(
        f"damaged or truncated .tflite file of {size} bytes ({why})",
        where=path,
        do="copy or convert the model again",
    )


class _Parser:
    def __init__(self, data: bytes, path: str, name: str):
        self.data = data
        self.path = path
        self.name = name
        self.model = tflite.Model.GetRootAsModel(data, 0)

    def damaged(self, why: str) -> ModelError:
        return _damaged(self.path, why, len(self.data))

    def graph(self) -> Graph:
        subgraph = self.main_subgraph()
        n_tensors = subgraph.TensorsLength()
        if n_tensors > MAX_TENSORS:
            raise self.damaged(f"{n_tensors} tensors")
        if subgraph.OperatorsLength() > MAX_TENSORS:
            raise self.damaged(f"{subgraph.OperatorsLength()} layers")
        tensors = {i: self.tensor(i, subgraph.Tensors(i)) for i in range(n_tensors)}
        ops = [self.op(i, subgraph.Operators(i)) for i in range(subgraph.OperatorsLength())]
        graph = Graph(
            name=self.name,
            path=self.path,
            tensors=tensors,
            ops=ops,
            inputs=_ints(subgraph, "Inputs"),
            outputs=_ints(subgraph, "Outputs"),
            sha256=hashlib.sha256(self.data).hexdigest(),
        )
        self.check_wiring(graph)
        return graph

    def main_subgraph(self) -> Any:
        version = self.model.Version()
        if version != 3:
            raise ModelError(
                f"schema version {version}, needed: 3",
                where=self.path,
                do="convert the model again with a current TensorFlow",
            )
        if self.model.SubgraphsLength() < 1:
            raise self.damaged("no subgraph")
        # Further subgraphs are bodies of control flow, which op() refuses where it is used.
        return self.model.Subgraphs(0)

    def tensor(self, index: int, table: Any) -> Tensor:
        # The converter joins the names of all layers it fused; the first says enough.
        name = _text(table.Name()).split(";")[0] or f"tensor{index}"
        shape = tuple(_ints(table, "Shape"))
        where = f"{self.path}: tensor {index} '{name}'"
        if len(shape) > MAX_RANK or any(n < 0 for n in shape):
            raise self.damaged(f"tensor {index} '{name}' has shape {shape}")
        elements = 1
        for n in shape:
            elements *= n
        if elements > MAX_ELEMENTS:
            raise self.damaged(f"tensor {index} '{name}' has {elements} elements")
        if table.Sparsity() is not None:
            raise ModelError(
                "sparse weights",
                where=where,
                do="convert without sparsity (strip pruning first); pruned filters are kept",
            )
        signature = _ints(table, "ShapeSignature")
        if any(n == -1 for n in signature[1:]):
            raise ModelError(
                f"dynamic shape {tuple(signature)}; only the batch may be -1",
                where=where,
                do="give every dimension of the model's input a size, then convert again",
            )
        dtype = _DTYPES.get(table.Type())
        if dtype is None:
            raise ModelError(
                f"type {_TENSOR_TYPES.get(table.Type(), table.Type())} is not supported",
                where=where,
                do="convert to int8: `midge convert`, or a TFLiteConverter with "
                "TFLITE_BUILTINS_INT8",
            )
        quant = self.quant(table.Quantization(), shape, where)
        data = self.const_data(index, table, dtype, shape)
        if table.IsVariable() and data is not None:
            raise self.damaged(f"tensor {index} '{name}' is a variable with a fixed value")
        return Tensor(name, shape, dtype, quant, data, variable=bool(table.IsVariable()))

    def const_data(
        self, index: int, table: Any, dtype: str, shape: tuple[int, ...]
    ) -> np.ndarray | None:
        if not 0 <= table.Buffer() < self.model.BuffersLength():
            raise self.damaged(f"tensor {index} refers to buffer {table.Buffer()}")
        buffer = self.model.Buffers(table.Buffer())
        raw: bytes | None = None
        if buffer.DataLength():
            raw = buffer.DataAsNumpy().tobytes()
        elif buffer.Offset() > 1:  # data outside the flatbuffer, as in files above 2 GB
            raw = self.data[buffer.Offset() : buffer.Offset() + buffer.Size()]
        if raw is None:
            return None
        array = np.frombuffer(raw, np.dtype(dtype).newbyteorder("<"))
        return np.array(array.reshape(shape), dtype)

    def quant(self, table: Any, shape: tuple[int, ...], where: str) -> Quant | None:
        if table is None or table.ScaleLength() == 0:
            return None
        scale = np.array(table.ScaleAsNumpy(), np.float32)
        if table.ZeroPointLength():
            zero_point = np.array(table.ZeroPointAsNumpy(), np.int64)
        else:
            zero_point = np.zeros(1, np.int64)
        if len(zero_point) == 1:
            zero_point = np.repeat(zero_point, len(scale))
        if len(zero_point) != len(scale):
            raise self.damaged(f"{where}: {len(scale)} scales, {len(zero_point)} zero points")
        if not np.all(np.isfinite(scale)) or np.any(scale < 0):
            raise ModelError(
                f"scale {float(scale.min())} to {float(scale.max())} is no scale",
                where=where,
                do="convert the model again with representative data of the model's real range",
            )
        axis = self.quant_axis(table.QuantizedDimension(), len(scale), shape, where)
        return Quant(scale, zero_point, axis)

    def quant_axis(self, axis: int, n: int, shape: tuple[int, ...], where: str) -> int:
        """The channel axis; older converters give a bias the axis of its filter."""
        if n == 1:
            return 0
        if 0 <= axis < len(shape) and shape[axis] == n:
            return axis
        fitting = [i for i, size in enumerate(shape) if size == n]
        if len(fitting) != 1:
            raise self.damaged(f"{where}: {n} scales on axis {axis} of shape {shape}")
        return fitting[0]

    def op(self, index: int, table: Any) -> Op:
        kind = self.kind(index, table.OpcodeIndex())
        inputs, outputs = _ints(table, "Inputs"), _ints(table, "Outputs")
        if len(inputs) > MAX_OPERANDS or len(outputs) > MAX_OPERANDS or not outputs:
            raise self.damaged(f"layer {index} has {len(inputs)} inputs, {len(outputs)} outputs")
        attrs = _attrs(table.BuiltinOptionsType(), table.BuiltinOptions(), _OPTIONS)
        if not attrs and table.BuiltinOptions2Type():
            attrs = _attrs(table.BuiltinOptions2Type(), table.BuiltinOptions2(), _OPTIONS_2)
        return Op(kind, inputs, outputs, attrs, index, _ints(table, "Intermediates"))

    def kind(self, index: int, opcode: int) -> str:
        if not 0 <= opcode < self.model.OperatorCodesLength():
            raise self.damaged(f"layer {index} refers to operator code {opcode}")
        table = self.model.OperatorCodes(opcode)
        code = table.DeprecatedBuiltinCode()
        if code == _PLACEHOLDER_FOR_GREATER or code < table.BuiltinCode():
            code = table.BuiltinCode()
        where = f"{self.path}: layer {index}"
        custom = _text(table.CustomCode())
        if _BUILTINS.get(code) == "CUSTOM":
            raise ModelError(
                f"custom op '{custom}'",
                where=where,
                do="build the model from Keras layers that convert to built-in ops "
                "(converter.allow_custom_ops = False shows which layer it is)",
            )
        if code not in _BUILTINS:
            raise ModelError(
                f"unknown op number {code}",
                where=where,
                do="the file is newer than this Midge: convert with TensorFlow 2.21 or older",
            )
        if _BUILTINS[code] in _CONTROL_FLOW:
            raise ModelError(
                f"control flow ({_BUILTINS[code]})",
                where=where,
                do="a recurrent layer: an LSTM of tf_keras (TF_USE_LEGACY_KERAS=1) with "
                "Input(batch_shape=(1, ...)) converts to UNIDIRECTIONAL_SEQUENCE_LSTM; a GRU or "
                "SimpleRNN needs unroll=True; else take loops and branches out",
            )
        return _BUILTINS[code]

    def check_wiring(self, graph: Graph) -> None:
        """Every tensor that is read exists, is written once, and is written before."""
        if not graph.ops or not graph.inputs or not graph.outputs:
            raise self.damaged("no layer, no input or no output")
        for t in (*graph.inputs, *graph.outputs):
            if t not in graph.tensors:
                raise self.damaged(f"the model's input or output tensor {t} does not exist")
        known = {t for t, tensor in graph.tensors.items() if tensor.is_const}
        if known & set(graph.inputs) or len(set(graph.inputs)) != len(graph.inputs):
            raise self.damaged("a model input is a constant or listed twice")
        variables = {t for t, tensor in graph.tensors.items() if tensor.variable}
        if variables & {*graph.inputs, *graph.outputs}:
            raise self.damaged("a variable tensor is a model input or output")
        known |= variables | set(graph.inputs)
        for op in graph.ops:
            for t in op.inputs:
                if t != -1 and t not in known:
                    raise self.damaged(f"layer {op.index} {op.kind} reads unset tensor {t}")
            if not set(op.intermediates) <= graph.tensors.keys():
                raise self.damaged(f"layer {op.index} {op.kind} has unknown intermediates")
            for t in op.outputs:
                if t in known or t not in graph.tensors:
                    raise self.damaged(f"layer {op.index} {op.kind} writes tensor {t}")
                known.add(t)
        if not set(graph.outputs) <= known:
            raise self.damaged("an output is never computed")


def _attrs(kind: int, union: Any, names: dict[int, str]) -> dict[str, Any]:
    """All fields of an op's options, by the schema's names in snake_case."""
    if not kind or union is None:
        return {}
    options = getattr(tflite, names[kind])()
    options.Init(union.Bytes, union.Pos)
    public = [n for n in dir(options) if n[0].isupper() and not n.startswith("GetRootAs")]
    attrs: dict[str, Any] = {}
    for method in public:
        if method == "Init" or re.search(r"(AsNumpy|Length|IsNone|HasIdentifier)$", method):
            continue
        if f"{method}AsNumpy" in public:
            value: Any = tuple(_ints(options, method))
        else:
            value = getattr(options, method)()
        key = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", method).lower()
        attrs[key] = _attr_value(key, value)
    return attrs


def _attr_value(key: str, value: Any) -> Any:
    if key in _ENUM_ATTRS:
        return _ENUM_ATTRS[key][value]
    if key in _TYPE_ATTRS:
        return _DTYPES.get(value, _TENSOR_TYPES.get(value))
    if isinstance(value, bytes):
        return _text(value)
    return value


def _ints(table: Any, field: str) -> list[int]:
    if getattr(table, f"{field}Length")() == 0:
        return []
    return [int(v) for v in getattr(table, f"{field}AsNumpy")()]


def _text(raw: bytes | None) -> str:
    return raw.decode("utf-8", "replace") if raw else ""
