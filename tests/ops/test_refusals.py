"""Graphs that Midge does not run: one error that names the layer, the number, the way out."""

from __future__ import annotations

from collections.abc import Callable

import cases
import numpy as np
import pytest
from case_maker import Maker, per_tensor
from refusal_kit import case, refused

from midge import ops
from midge.graph import Graph, Op, Quant
from midge.lower import lower


def test_unknown_op_names_what_instead() -> None:
    graph = case("logistic")
    graph.ops[0].kind = "BIDIRECTIONAL_SEQUENCE_LSTM"
    assert "Conv1D" in refused(graph, "BIDIRECTIONAL_SEQUENCE_LSTM").do
    graph.ops[0].kind = "BUCKETIZE"
    assert "docs/ops.md" in refused(graph, "BUCKETIZE").do


def test_every_supported_op_says_its_types() -> None:
    for info in ops.table():
        assert ops.supported(info.kind)
        assert info.types in ops.types(info.kind)
        assert "int8" in ops.instead(info.kind)
        assert f"| {info.kind} |" in ops.markdown()
    assert not ops.supported("LSTM")


def float_input(graph: Graph) -> None:
    graph.tensors[0].dtype, graph.tensors[0].quant = "float32", None


def int16_output(graph: Graph) -> None:
    graph.tensors[graph.ops[0].outputs[0]].dtype = "int16"


def no_scale(graph: Graph) -> None:
    graph.tensors[graph.ops[0].outputs[0]].quant = None


def two_scales(graph: Graph) -> None:
    graph.tensors[0].quant = Quant(np.ones(2, np.float32), np.zeros(2, np.int64))


def zero_scale(graph: Graph) -> None:
    graph.tensors[0].quant = per_tensor(0.0)


def wild_zero_point(graph: Graph) -> None:
    graph.tensors[0].quant = per_tensor(0.1, 300)


@pytest.mark.parametrize(
    "name", ["conv_2d", "fully_connected", "add", "mean", "softmax", "relu", "div", "prelu"]
)
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (float_input, ("float32", "int8")),
        (int16_output, ("int16", "int8")),
        (no_scale, ("no scale", "1 (per tensor)")),
        (two_scales, ("2 scales", "1 (per tensor)")),
        (zero_scale, ("scale 0",)),
        (wild_zero_point, ("zero point 300", "-128...127")),
    ],
)
def test_types_and_scales(
    name: str, spoil: Callable[[Graph], None], words: tuple[str, ...]
) -> None:
    graph = case(name)
    spoil(graph)
    refused(graph, *words)


@pytest.mark.parametrize("name", ["conv_2d", "depthwise_conv_2d", "max_pool_2d"])
def test_batch_and_rank_of_windows(name: str) -> None:
    graph = case(name)
    shape = graph.tensors[0].shape
    graph.tensors[0].shape = (4, *shape[1:])
    refused(graph, f"(4, {shape[1]}", "(1, height, width, channels)")
    graph.tensors[0].shape = shape[1:]
    refused(graph, "(1, height, width, channels)")


@pytest.mark.parametrize("name", ["conv_2d", "depthwise_conv_2d", "average_pool_2d"])
def test_output_that_the_window_cannot_fill(name: str) -> None:
    graph = case(name)
    out = graph.tensors[graph.ops[0].outputs[0]]
    out.shape = (1, out.shape[1] + 9, *out.shape[2:])
    graph.ops[0].attrs["padding"] = "VALID"
    refused(graph, "does not follow")


@pytest.mark.parametrize("name", ["conv_2d", "depthwise_conv_2d", "fully_connected"])
def test_weights(name: str) -> None:
    graph = case(name)
    weights = graph.tensors[1]
    data, quant = weights.data, weights.quant
    assert data is not None
    weights.data = None
    refused(graph, "needed: a constant")
    weights.data = data.astype(np.uint8)
    refused(graph, "uint8", "int8")
    weights.data = data
    weights.quant = Quant(np.ones(77, np.float32), np.zeros(77, np.int64))
    refused(graph, "77 scales")
    weights.quant = None
    refused(graph, "0 scales")
    weights.quant = quant
    assert quant is not None
    if name != "fully_connected":
        weights.quant = per_tensor(0.1, 5)
        refused(graph, "zero point 5", "needed: 0")


def test_bias() -> None:
    for name in ("conv_2d", "fully_connected"):
        graph = next(g for _, g, _ in cases.cases(name) if len(g.tensors) == 4)
        bias = graph.tensors[2]
        assert bias.data is not None
        bias.data = bias.data.astype(np.int64)
        refused(graph, "int64", "int32")


def test_scale_beyond_the_shift() -> None:
    for name in ("conv_2d", "fully_connected", "mul"):
        graph = case(name)
        out = graph.tensors[graph.ops[0].outputs[0]]
        out.quant = per_tensor(1e-30)
        graph.ops[0].attrs["fused_activation_function"] = "NONE"
        refused(graph, "2**30")


def test_activations() -> None:
    graph = case("conv_2d")
    graph.ops[0].attrs["fused_activation_function"] = "TANH"
    refused(graph, "TANH")
    graph.ops[0].attrs["fused_activation_function"] = "RELU_N1_TO_1"
    graph.tensors[graph.ops[0].outputs[0]].quant = per_tensor(0.001, -128)
    lower(graph)


def test_pooling_and_joining_need_one_scale() -> None:
    names = ("max_pool_2d", "average_pool_2d", "concatenation", "pad", "reduce_max", "maximum")
    for name in names:
        graph = case(name)
        graph.tensors[graph.ops[0].outputs[0]].quant = per_tensor(0.77, 1)
        refused(graph, "differently")


def test_five_dimensions() -> None:
    m = Maker("PAD")
    shape = (1, 2, 2, 2, 3)
    m.add(shape, quant=per_tensor(0.1))
    m.add((5,), "int32", data=np.array([1], np.int32))
    m.add(shape, quant=per_tensor(0.1), role="out")
    refused(m.graph(), "5 dimensions", "at most 4")


@pytest.mark.parametrize("kind", ["MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"])
def test_more_groups_of_axes_than_loops(kind: str) -> None:
    m = Maker(kind)
    m.add((2, 3, 2, 3, 2, 3), quant=per_tensor(0.1))
    m.add((3,), "int32", data=np.array([0, 2, -2], np.int32))
    m.add((3, 3, 3), quant=per_tensor(0.1), role="out")
    refused(m.graph(keep_dims=False), "[0, 2, 4]", "3 separate groups, at most 2")
    m.tensors[2].shape = (3, 3)
    refused(m.graph(keep_dims=False), "does not follow")
    m.tensors[1].data = np.array([0, 2, 6], np.int32)
    refused(m.graph(keep_dims=False), "[0, 2, 6]", "6 dimensions")
    m.tensors[1].data = None
    refused(m.graph(keep_dims=False), "needed: a constant")


def test_product_out_of_range() -> None:
    graph = case("reduce_prod")
    graph.tensors[0].quant = per_tensor(1.0)
    graph.tensors[2].quant = per_tensor(1e-8)
    graph.tensors[1].data = np.array([0], np.int32)
    graph.tensors[0].shape, graph.tensors[2].shape = (2, 3), (3,)
    refused(graph, "output scale 1e-08", "2**14 each", "2**7")


def test_arg_max_gives_int32() -> None:
    graph = case("arg_max")
    graph.tensors[2].dtype = "int64"
    assert "tf.int32" in refused(graph, "int64", "needed: int32").do
    graph = case("arg_min")
    graph.tensors[1].data = None
    refused(graph, "needed: a constant")


def test_normalizations_have_one_output_scale() -> None:
    for name, words in (("l2_normalization", "1/128, 0"), ("log_softmax", "1/16, 127")):
        graph = case(name)
        graph.tensors[1].quant = per_tensor(0.1, 3)
        refused(graph, "0.1", words)
    graph = case("l2_normalization")
    for t in (0, 1):
        graph.tensors[t].shape = (1, 40000)
    refused(graph, "40000", "at most 33025")
    graph = case("l2_normalization")
    graph.ops[0].attrs["fused_activation_function"] = "RELU"
    refused(graph, "RELU", "needed: NONE")


def test_tables_with_scales_the_reference_stops_at() -> None:
    for name in ("leaky_relu", "abs"):
        graph = case(name)
        graph.tensors[1].quant = per_tensor(1e-30)
        refused(graph, "2**30")
    graph = case("rsqrt")
    graph.tensors[1].quant = per_tensor(1e-42)
    refused(graph)
    graph = case("leaky_relu")
    graph.ops[0].attrs["alpha"] = -0.5
    refused(graph, "alpha -0.5", "0 or above")


@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL", "DIV", "PRELU", "MAXIMUM"])
def test_more_broadcast_axes_than_loops(kind: str) -> None:
    m = Maker(kind)
    m.add((2, 3, 2, 3, 2), quant=per_tensor(0.1))
    m.add((2, 1, 2, 1, 2), quant=per_tensor(0.1))
    m.add((2, 3, 2, 3, 2), quant=per_tensor(0.1), role="out")
    refused(m.graph(), "(2, 3, 2, 3, 2)", "5 separate axes", "at most 4")


def test_scales_that_the_reference_stops_at() -> None:
    graph = case("squared_difference")
    graph.tensors[2].quant = per_tensor(1e-13)
    refused(graph, "output scale 1e-13", "needed: above")
    graph = case("div")
    graph.tensors[2].quant = per_tensor(1e-8)
    refused(graph, "output scale 1e-08", "2**-23")


def test_shapes_that_do_not_fit() -> None:
    graph = case("add")
    graph.tensors[0].shape = (7, 7)
    graph.tensors[1].shape = (3, 3)
    refused(graph, "broadcast")
    graph = case("reshape")
    graph.tensors[0].shape = (99,)
    refused(graph, "as many bytes")
    graph = case("pad")
    out = graph.tensors[graph.ops[0].outputs[0]]
    out.shape = (*out.shape[:-1], out.shape[-1] + 1)
    refused(graph, "paddings")
    for name in ("concatenation", "reduce_max"):
        graph = case(name)
        out = graph.tensors[graph.ops[0].outputs[0]]
        out.shape = (*out.shape, 2)
        refused(graph)


def test_softmax_limits() -> None:
    graph = case("softmax")
    graph.tensors[1].quant = per_tensor(0.1, 0)
    refused(graph, "1/256")
    graph = case("softmax")
    for t in (0, 1):
        graph.tensors[t].shape = (1, 5000)
    assert "highest score" in refused(graph, "5000", "4095").do
    graph = case("softmax")
    graph.tensors[0].quant = per_tensor(1e-12)
    refused(graph, "2**-26")


def test_a_constant_output_is_copied_and_an_input_can_be_an_output() -> None:
    graph = case("logistic")
    t = graph.tensors
    t[2] = type(t[0])("constant", (3,), "int8", per_tensor(1.0), np.array([1, 2, 3], np.int8))
    graph.outputs = [1, 2, 0]
    program = lower(graph)
    assert [step.kernel for step in program.steps] == ["lookup", "copy"]
    assert program.outputs[2].buffer == program.inputs[0].buffer


def test_equal_constants_are_stored_once() -> None:
    graph = case("logistic")
    out = graph.add_tensor(type(graph.tensors[1])("b", (1, 256), "int8", graph.tensors[1].quant))
    graph.ops.append(Op("LOGISTIC", [0], [out], {}, 1))
    assert len(lower(graph).consts) == 1
