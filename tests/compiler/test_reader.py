"""The reader: what a good file gives, and one clear error for each kind of bad file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
import tflite
import tflite_writer
from graph_kit import Kit, kinds, quant

from midge.compile import compile_model
from midge.errors import ModelError
from midge.graph import Graph, Op, Quant, Tensor
from midge.meta import Meta
from midge.tflite_reader import parse, read


def small() -> Graph:
    """A convolution and a softmax."""
    kit = Kit(1)
    y = kit.conv(kit.input((1, 5, 5, 2), quant(0.05, 3)), 3, padding="SAME", stride=(2, 1))
    y = kit.reshape(y, (1, 45))
    return kit.done(kit.op("SOFTMAX", [y], (1, 45), quant(1 / 256, -128), beta=1.0))


def fails(data: bytes, match: str) -> ModelError:
    with pytest.raises(ModelError, match=match) as caught:
        parse(data, "bad.tflite", "bad")
    assert "bad.tflite" in str(caught.value)
    assert caught.value.do
    return caught.value


class OddWriter(tflite_writer._Writer):
    """Writes what no int8 model has: state, sparsity, signatures, custom ops, versions."""

    def __init__(self, graph: Graph, **odd: Any):
        super().__init__(graph)
        self.odd = odd

    def tensor(self, tensor: Tensor) -> int:
        b, odd = self.b, self.odd
        buffer = 0
        if tensor.data is not None:
            self.buffers.append(tensor.data.tobytes())
            buffer = len(self.buffers) - 1
        name, shape = b.CreateString(tensor.name), self.ints(tensor.shape)
        quant = self.quant(tensor.quant) if tensor.quant else None
        is_first = tensor is self.graph.tensors[self.graph.inputs[0]]
        signature = self.ints(odd["signature"]) if "signature" in odd and is_first else None
        sparsity = None
        if "sparse" in odd and tensor.data is not None:
            tflite.SparsityParametersStart(b)
            sparsity = tflite.SparsityParametersEnd(b)
        tflite.TensorStart(b)
        tflite.TensorAddName(b, name)
        tflite.TensorAddShape(b, shape)
        tflite.TensorAddType(b, odd.get("type", tflite_writer._TYPES[tensor.dtype]))
        tflite.TensorAddBuffer(b, buffer)
        if quant is not None:
            tflite.TensorAddQuantization(b, quant)
        if "variable" in odd and is_first:
            tflite.TensorAddIsVariable(b, True)
        if sparsity is not None:
            tflite.TensorAddSparsity(b, sparsity)
        if signature is not None:
            tflite.TensorAddShapeSignature(b, signature)
        return int(tflite.TensorEnd(b))

    def code(self, kind: str) -> int:
        if "code" not in self.odd:
            return super().code(kind)
        number, custom = self.odd["code"]
        text = self.b.CreateString(custom) if custom else None
        tflite.OperatorCodeStart(self.b)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(self.b, min(number, 127))
        tflite.OperatorCodeAddBuiltinCode(self.b, number)
        if text is not None:
            tflite.OperatorCodeAddCustomCode(self.b, text)
        return int(tflite.OperatorCodeEnd(self.b))


def odd(**what: Any) -> bytes:
    return OddWriter(small(), **what).finish()


def test_a_good_file(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(tflite_writer.write(small()))
    graph = read(path)
    assert (graph.name, graph.path) == ("net", str(path))
    assert graph.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert kinds(graph) == ["CONV_2D", "RESHAPE", "SOFTMAX"]
    conv, reshape, softmax = graph.ops
    assert conv.attrs == {
        "padding": "SAME",
        "stride_h": 2,
        "stride_w": 1,
        "dilation_h_factor": 1,
        "dilation_w_factor": 1,
        "fused_activation_function": "NONE",
        "quantized_bias_type": "float32",
    }
    assert reshape.attrs == {"new_shape": (1, 45)}
    assert softmax.attrs == {"beta": 1.0}
    written = small()
    for key, tensor in graph.tensors.items():
        wanted = written.tensors[key]
        assert (tensor.name, tensor.shape, tensor.dtype) == (
            wanted.name,
            wanted.shape,
            wanted.dtype,
        )
        if wanted.data is not None:
            np.testing.assert_array_equal(tensor.data, wanted.data)
        if wanted.quant is not None:
            assert tensor.quant is not None
            np.testing.assert_array_equal(tensor.quant.scale, wanted.quant.scale)
            assert tensor.quant.axis == wanted.quant.axis


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none.tflite: cannot read the model: No such file"):
        read(tmp_path / "none.tflite")


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04 a zip file", b"\x89HDF\r\n\x1a\n"])
def test_not_a_tflite(data: bytes) -> None:
    assert "midge convert" in fails(data, "not a .tflite file: bytes 4 to 8 are").do


def test_truncated_at_every_byte() -> None:
    whole = tflite_writer.write(small())
    for size in range(8, len(whole)):
        try:
            parse(whole[:size], "bad.tflite", "bad")
        except ModelError as err:
            assert "bad.tflite" in str(err)


def test_truncated_to_half() -> None:
    whole = tflite_writer.write(small())
    fails(whole[: len(whole) // 2], "damaged or truncated .tflite file of ")


def test_float_model() -> None:
    kit = Kit(2)
    x = kit.input((1, 4), None, "float32")
    weights = kit.const(np.ones((3, 4), np.float32))
    y = kit.op("FULLY_CONNECTED", [x, weights, -1], (1, 3), None, "float32",
               fused_activation_function="NONE")  # fmt: skip
    error = fails(tflite_writer.write(kit.done(y)), "a float model .1 of 1 layers.*needed: int8")
    assert "representative_dataset" in error.do


def test_dynamic_range_model_of_hybrid_ops() -> None:
    kit = Kit(3)
    x = kit.input((1, 4), None, "float32")
    weights = kit.const(np.ones((3, 4), np.int8), quant(0.1))
    y = kit.op("FULLY_CONNECTED", [x, weights, -1], (1, 3), None, "float32",
               fused_activation_function="NONE")  # fmt: skip
    fails(tflite_writer.write(kit.done(y)), "a dynamic-range model: int8 weights, float activ")


def test_dynamic_range_model_that_dequantizes_weights() -> None:
    kit = Kit(4)
    x = kit.input((1, 4), None, "float32")
    weights = kit.const(np.ones((3, 4), np.int8), quant(0.1))
    weights = kit.op("DEQUANTIZE", [weights], (3, 4), None, "float32")
    y = kit.op("FULLY_CONNECTED", [x, weights, -1], (1, 3), None, "float32",
               fused_activation_function="NONE")  # fmt: skip
    fails(tflite_writer.write(kit.done(y)), "a dynamic-range model")


def test_float16_model() -> None:
    kit = Kit(5)
    x = kit.input((1, 4), None, "float32")
    weights = kit.const(np.ones((3, 4), np.float16))
    weights = kit.op("DEQUANTIZE", [weights], (3, 4), None, "float32")
    y = kit.op("FULLY_CONNECTED", [x, weights, -1], (1, 3), None, "float32",
               fused_activation_function="NONE")  # fmt: skip
    fails(tflite_writer.write(kit.done(y)), "a float16 model")


def test_one_layer_left_in_float() -> None:
    kit = Kit(6)
    y = kit.conv(kit.input((1, 5, 5, 2), quant(0.05, 3)), 3)
    y = kit.op("DEQUANTIZE", [y], kit.shape(y), None, "float32")
    y = kit.op("ELU", [y], kit.shape(y), None, "float32")
    fails(
        tflite_writer.write(kit.done(y)),
        r"layer 2 ELU 'elu2': this layer was left in float .* \(1 of 2 layers",
    )


def test_other_integer_models() -> None:
    kit = Kit(7)
    y = kit.op("LOGISTIC", [kit.input((1, 4), quant(0.1), "uint8")], (1, 4), quant(0.1), "uint8")
    fails(
        tflite_writer.write(kit.done(y)),
        "layer 0 LOGISTIC .* a uint8 model .*needed: int8 or int16",
    )


def test_unknown_op_says_which_layer_and_what_instead(tmp_path: Path) -> None:
    kit = Kit(8)
    y = kit.conv(kit.input((1, 5, 5, 2), quant(0.05, 3)), 3)
    y = kit.op("TOPK_V2", [y], kit.shape(y), kit.quant(y))
    path = tmp_path / "top.tflite"
    path.write_bytes(tflite_writer.write(kit.done(y)))
    with pytest.raises(ModelError) as caught:
        compile_model(path, Meta("top"))
    assert str(caught.value).startswith(
        f"{path}: layer 1 TOPK_V2 'topk_v21': op TOPK_V2 is not supported"
    )
    assert "after predict()" in caught.value.do


def test_op_newer_than_the_schema() -> None:
    error = fails(odd(code=(4000, None)), "layer 0: unknown op number 4000")
    assert "newer" in error.do


def test_custom_op() -> None:
    fails(odd(code=(tflite.BuiltinOperator.CUSTOM, "FlexErf")), "layer 0: custom op 'FlexErf'")


@pytest.mark.parametrize("kind", ["IF", "WHILE", "CALL_ONCE"])
def test_control_flow(kind: str) -> None:
    fails(odd(code=(getattr(tflite.BuiltinOperator, kind), None)), rf"control flow \({kind}\)")


def test_variable_tensor() -> None:
    fails(odd(variable=True), "a variable tensor is a model input or output")


def test_sparse_weights() -> None:
    fails(odd(sparse=True), "tensor 1 'c1': sparse weights")


@pytest.mark.parametrize("name", ["INT4", "STRING", "COMPLEX64", "RESOURCE"])
def test_unsupported_types(name: str) -> None:
    data = odd(type=getattr(tflite.TensorType, name))
    fails(data, f"tensor 0 'x0': type {name} is not supported")


def test_dynamic_batch_is_one() -> None:
    graph = parse(odd(signature=(-1, 5, 5, 2)), "good.tflite", "good")
    assert graph.tensors[graph.inputs[0]].shape == (1, 5, 5, 2)


def test_other_dynamic_dimensions() -> None:
    fails(odd(signature=(-1, -1, 5, 2)), r"dynamic shape \(-1, -1, 5, 2\); only the batch")


@pytest.mark.parametrize("batch", [0, 2, 32])
def test_another_batch(batch: int) -> None:
    kit = Kit(9)
    x = kit.input((batch, 4), quant(0.1))
    graph = kit.done(kit.op("RELU", [x], (batch, 4), quant(0.1)))
    error = fails(tflite_writer.write(graph), rf"shape \({batch}, 4\): batch {batch}, needed: 1")
    assert "batch_shape=(1, ...)" in error.do


def test_older_file_with_the_filters_axis_on_its_bias() -> None:
    graph = small()
    bias = graph.tensors[graph.ops[0].inputs[2]]
    assert bias.quant is not None
    bias.quant = Quant(bias.quant.scale, bias.quant.zero_point, 3)
    read_back = parse(tflite_writer.write(graph), "old.tflite", "old")
    found = read_back.tensors[graph.ops[0].inputs[2]].quant
    assert found is not None and found.axis == 0


def test_older_file_without_zero_points() -> None:
    graph = small()
    weights = graph.tensors[graph.ops[0].inputs[1]]
    assert weights.quant is not None
    weights.quant = Quant(weights.quant.scale, np.zeros(0, np.int64), 0)
    found = parse(tflite_writer.write(graph), "old.tflite", "old")
    read_back = found.tensors[graph.ops[0].inputs[1]].quant
    assert read_back is not None and read_back.zero_point.tolist() == [0, 0, 0]


@pytest.mark.parametrize("scale", [float("nan"), float("inf"), -1.0])
def test_scales_that_are_none(scale: float) -> None:
    graph = small()
    graph.tensors[0].quant = quant(scale)
    fails(tflite_writer.write(graph), "is no scale")


@pytest.mark.parametrize("found", [None, quant(0.0)])
def test_activations_need_a_scale(found: Quant | None) -> None:
    graph = small()
    graph.tensors[0].quant = found
    fails(tflite_writer.write(graph), "tensor 'x0' needs one scale above 0, found")


def test_zero_point_outside_its_type() -> None:
    graph = small()
    graph.tensors[0].quant = quant(0.1, 200)
    fails(tflite_writer.write(graph), "zero point 200, outside -128 to 127")


def test_an_op_that_lacks_its_filter() -> None:
    graph = small()
    graph.ops[0].inputs = graph.ops[0].inputs[:1]
    fails(tflite_writer.write(graph), "layer 0 CONV_2D .*lacks 2 inputs")


def test_an_op_that_lacks_its_options() -> None:
    """A TANH, which has none, under the code of an op that needs some."""
    kit = Kit(1)
    x = kit.input((1, 4, 4, 2), quant(0.05, 3))
    graph = kit.done(kit.op("TANH", [x], (1, 4, 4, 2), quant(0.05, 3)))
    data = OddWriter(graph, code=(tflite.BuiltinOperator.AVERAGE_POOL_2D, None)).finish()
    fails(data, "layer 0 AVERAGE_POOL_2D .*lacks options padding")


def test_wiring() -> None:
    def broken(change: Any) -> None:
        graph = small()
        change(graph)
        fails(tflite_writer.write(graph), "damaged or truncated")

    def reverse(graph: Graph) -> None:
        graph.ops.reverse()

    def unknown_input(graph: Graph) -> None:
        graph.ops[0].inputs[0] = 900

    def twice(graph: Graph) -> None:
        graph.ops.append(Op("SOFTMAX", graph.ops[-1].inputs, graph.ops[-1].outputs,
                            {"beta": 1.0}, 3))  # fmt: skip

    def never(graph: Graph) -> None:
        graph.outputs = [graph.add_tensor(Tensor("y", (1,), "int8", quant(1)))]

    def constant_input(graph: Graph) -> None:
        graph.inputs = [graph.ops[0].inputs[1]]

    def nothing(graph: Graph) -> None:
        graph.ops = []

    for change in (reverse, unknown_input, twice, never, constant_input, nothing):
        broken(change)


def test_schema_version() -> None:
    data = bytearray(tflite_writer.write(small()))
    table = tflite.Model.GetRootAsModel(data, 0)._tab
    at = table.Pos + flatbuffers.number_types.UOffsetTFlags.py_type(table.Offset(4))
    data[at] = 2
    fails(bytes(data), "schema version 2, needed: 3")


def test_constant_of_the_wrong_length() -> None:
    graph = small()
    weights = graph.tensors[graph.ops[0].inputs[1]]
    weights.shape = (3, 3, 3, 3)
    weights.quant = quant(0.1)
    fails(tflite_writer.write(graph), "damaged or truncated")


@pytest.mark.parametrize(
    ("key", "value", "match"),
    [
        ("stride_h", 0, "stride 0, dilation 1, window 3 over 5; needed: above 0"),
        ("stride_w", -2, "stride -2"),
        ("stride_h", 1 << 30, "output of shape .*, needed: 1 in axis 1"),
        ("dilation_w_factor", 1 << 30, "a window that reaches over"),
        ("padding", "VALID", "output of shape .*, needed: 2 in axis 1"),
    ],
)
def test_windows_that_do_not_give_their_output(key: str, value: Any, match: str) -> None:
    graph = small()
    graph.ops[0].attrs[key] = value
    fails(tflite_writer.write(graph), f"layer 0 CONV_2D .*{match}")
