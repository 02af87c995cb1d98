"""16x8 layers that Midge does not run, or not as asked: one error each."""

from __future__ import annotations

from collections.abc import Callable

import cases
import numpy as np
import pytest
from case_maker import per_tensor
from refusal_kit import refused

from midge.graph import Graph

WEIGHTED = ("conv_2d_16", "depthwise_conv_2d_16", "fully_connected_16")


def case(name: str, *, bias: bool = False) -> Graph:
    """The first case; with ``bias``, the first that has one."""
    for _, graph, _ in cases.cases(name):
        if not bias or (len(graph.ops[0].inputs) > 2 and graph.ops[0].inputs[2] >= 0):
            return graph
    raise AssertionError("no such case")


def int8_output(graph: Graph) -> None:
    graph.tensors[graph.ops[0].outputs[0]].dtype = "int8"


def zero_point(graph: Graph) -> None:
    graph.tensors[0].quant = per_tensor(0.1, 3)


def no_scale(graph: Graph) -> None:
    graph.tensors[0].quant = None


@pytest.mark.parametrize(
    "name", [*WEIGHTED, "max_pool_2d_16", "mean_16", "add_16", "mul_16", "softmax_16", "tanh_16"]
)
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (int8_output, ("int8", "int16")),
        (zero_point, ("zero point 3", "and 0")),
        (no_scale, ("no scale", "1 (per tensor)")),
    ],
)
def test_types_and_scales(
    name: str, spoil: Callable[[Graph], None], words: tuple[str, ...]
) -> None:
    graph = case(name)
    spoil(graph)
    refused(graph, *words)


@pytest.mark.parametrize("name", ["hard_swish", "relu"])
def test_ops_without_an_int16_form(name: str) -> None:
    graph = case(name)
    graph.ops[0].kind = {"relu": "RELU_N1_TO_1"}.get(name, graph.ops[0].kind)
    for tensor in graph.tensors.values():
        tensor.dtype, tensor.quant = "int16", per_tensor(0.1)
    refused(graph, "int16", "needed: int8")


@pytest.mark.parametrize("name", WEIGHTED)
def test_biases_are_int64(name: str) -> None:
    graph = case(name, bias=True)
    bias = graph.tensors[graph.ops[0].inputs[2]]
    assert bias.data is not None
    data = bias.data
    bias.data = data.astype(np.int32)
    refused(graph, "int32", "int64")
    bias.data = np.full_like(data, 2**50)
    refused(graph, str(2**50), str(2**46))
    bias.data = data[:-1]
    refused(graph, f"needed: {data.size} int64")
    if name != "depthwise_conv_2d_16":
        bias.data = data
        graph.ops[0].attrs["quantized_bias_type"] = "int32"
        refused(graph, "needed:", "int64")


@pytest.mark.parametrize("name", WEIGHTED)
def test_weights(name: str) -> None:
    graph = case(name)
    weights = graph.tensors[1]
    data = weights.data
    weights.data = None
    refused(graph, "is computed, needed: a constant")
    weights.data = data.astype(np.int16)  # type: ignore[union-attr]
    refused(graph, "int16", "needed: int8")
    weights.data = data
    weights.quant = per_tensor(0.1, 3)
    refused(graph, "zero point 3")


@pytest.mark.parametrize("name", ["conv_2d_16", "depthwise_conv_2d_16"])
def test_a_scale_beyond_the_requantization(name: str) -> None:
    graph = case(name)
    graph.tensors[graph.ops[0].outputs[0]].quant = per_tensor(1e-12)
    graph.tensors[1].quant = per_tensor(1e-3)
    graph.tensors[0].quant = per_tensor(1e-2)
    graph.ops[0].attrs["fused_activation_function"] = "NONE"
    refused(graph, "output scale too small", "2**14")


def test_a_wide_depthwise_filter() -> None:
    graph = case("depthwise_conv_2d_16", bias=True)
    x, weights, out = (graph.tensors[t] for t in (0, 1, graph.ops[0].outputs[0]))
    graph.ops[0].attrs |= {"padding": "SAME", "stride_w": 1, "dilation_w_factor": 1}
    weights.shape = (*weights.shape[:2], 300, weights.shape[3])
    weights.data = np.ones(weights.shape, np.int8)
    out.shape = (*out.shape[:2], x.shape[2], out.shape[3])
    refused(graph, "300 wide", "256")


@pytest.mark.parametrize("name", ["logistic_16", "tanh_16", "softmax_16"])
def test_a_fixed_output_scale(name: str) -> None:
    graph = case(name)
    graph.tensors[graph.ops[0].outputs[0]].quant = per_tensor(1 / 256)
    refused(graph, "output scale 0.00390625", "2**-15")


def test_power_of_two_addition() -> None:
    for attr in ({"pot_scale_int16": True}, {}):
        graph = case("add_16")
        graph.ops[0].attrs = {"fused_activation_function": "NONE", **attr}
        refused(graph, "pot_scale_int16 is true, needed: false")
