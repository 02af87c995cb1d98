"""Forms of BATCH_MATMUL, LSTM and SVDF that Midge does not run: one error, and the way out."""

from __future__ import annotations

from collections.abc import Callable

import cases
import numpy as np
import pytest
from case_maker import per_tensor
from refusal_kit import refused

from midge.errors import ModelError
from midge.graph import Graph, Quant, Tensor
from midge.lower import lower
from midge.tflite_check import check

HIDDEN, CELL, PROJECTION = 18, 19, 16


def operand(graph: Graph, place: int) -> Tensor:
    return graph.tensors[graph.ops[0].inputs[place]]


def case(name: str, full: Callable[[Graph], bool] = lambda graph: True) -> Graph:
    return next(graph for _, graph, _ in cases.cases(name) if full(graph))


def whole(graph: Graph) -> bool:
    """An LSTM that has everything."""
    return -1 not in graph.ops[0].inputs and len(graph.ops[0].inputs) == 24


def test_shapes_that_do_not_multiply() -> None:
    graph = case("batch_matmul", lambda g: len(g.tensors[0].shape) == 3)
    a = operand(graph, 0)
    a.shape = (*a.shape[:-1], a.shape[-1] + 1)
    refused(graph, "do not multiply", str(a.shape))
    graph = case("batch_matmul", lambda g: len(g.tensors[0].shape) == 3)
    out = graph.tensors[graph.ops[0].outputs[0]]
    out.shape = (out.shape[0] + 1, *out.shape[1:])
    refused(graph, "do not multiply", str(out.shape))


def test_a_product_of_five_dimensions() -> None:
    graph = case("batch_matmul", lambda g: len(g.tensors[0].shape) == 4)
    operand(graph, 0).shape = (2, *operand(graph, 0).shape)
    refused(graph, "5 dimensions", "at most 4")


def test_products_of_other_types() -> None:
    graph = case("batch_matmul")
    operand(graph, 1).dtype = "int16"
    refused(graph, "int16", "int8")
    graph = case("batch_matmul")
    graph.tensors[graph.ops[0].outputs[0]].dtype = "int32"
    refused(graph, "int32", "int8")
    graph = case("batch_matmul")
    columns = operand(graph, 1).shape[-1]
    operand(graph, 1).quant = Quant(np.ones(columns + 1, np.float32), np.zeros(columns + 1))
    refused(graph, "scales", "1 (per tensor)")


def float_input(graph: Graph) -> None:
    graph.tensors[0].dtype, graph.tensors[0].quant = "float32", None


def float_state(graph: Graph) -> None:
    operand(graph, HIDDEN).dtype = "float32"


def int8_cell(graph: Graph) -> None:
    operand(graph, CELL).dtype = "int8"


def odd_cell_scale(graph: Graph) -> None:
    operand(graph, CELL).quant = per_tensor(3e-4)


def coarse_cell_scale(graph: Graph) -> None:
    operand(graph, CELL).quant = per_tensor(2.0**-8)


def no_variable(graph: Graph) -> None:
    operand(graph, HIDDEN).variable = False


def no_state(graph: Graph) -> None:
    graph.ops[0].inputs[CELL] = -1


def float_weights(graph: Graph) -> None:
    weights = operand(graph, 2)
    assert weights.data is not None
    weights.data = weights.data.astype(np.float32)


def computed_weights(graph: Graph) -> None:
    operand(graph, 2).data = None


def offset_weights(graph: Graph) -> None:
    operand(graph, 2).quant = per_tensor(0.1, 3)


def no_recurrent_weights(graph: Graph) -> None:
    graph.ops[0].inputs[6] = -1


def no_intermediates(graph: Graph) -> None:
    graph.ops[0].intermediates = []


def hidden_without_scale(graph: Graph) -> None:
    graph.tensors[graph.ops[0].intermediates[4]].quant = None


def batch_of_two(graph: Graph) -> None:
    x, out = graph.tensors[0], graph.tensors[graph.ops[0].outputs[0]]
    x.shape, out.shape = (2, 2, x.shape[-1]), (2, 2, out.shape[-1])
    graph.ops[0].attrs["time_major"] = False


def flat_input(graph: Graph) -> None:
    graph.tensors[0].shape = (1, graph.tensors[0].size)


def relu(graph: Graph) -> None:
    graph.ops[0].attrs["fused_activation_function"] = "RELU"


def diagonal(graph: Graph) -> None:
    graph.ops[0].attrs["diagonal_recurrent_tensors"] = True


def too_few_inputs(graph: Graph) -> None:
    graph.ops[0].inputs = graph.ops[0].inputs[:10]


def no_projection(graph: Graph) -> None:
    graph.ops[0].inputs[PROJECTION] = -1


def wide_output(graph: Graph) -> None:
    out = graph.tensors[graph.ops[0].outputs[0]]
    out.shape = (*out.shape[:-1], out.shape[-1] + 1)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (float_input, ("float32", "int8")),
        (float_state, ("float32", "needed: int8")),
        (int8_cell, ("int8", "needed: int16")),
        (odd_cell_scale, ("0.0003", "power of two")),
        (coarse_cell_scale, ("0.00390625", "2**-15...2**-9")),
        (no_variable, ("no variable tensor",)),
        (no_state, ("state input 19 is absent",)),
        (float_weights, ("float32", "int8")),
        (computed_weights, ("needed: a constant",)),
        (offset_weights, ("zero point 0",)),
        (no_recurrent_weights, ("rec weights of forget (input 6) is absent",)),
        (no_intermediates, ("0 intermediate tensors, needed: 5",)),
        (hidden_without_scale, ("has no scale",)),
        (batch_of_two, ("a batch of 2, needed: 1",)),
        (flat_input, ("needed: 3 dimensions",)),
        (relu, ("activation RELU, needed: TANH",)),
        (diagonal, ("diagonal",)),
        (too_few_inputs, ("10 inputs, needed: 20 or 24",)),
        (no_projection, ("without a projection",)),
        (wide_output, ("do not fit together",)),
    ],
)
def test_lstm(spoil: Callable[[Graph], None], words: tuple[str, ...]) -> None:
    graph = case("lstm_variants", lambda g: whole(g) and _sizes_differ(g))
    spoil(graph)
    refused(graph, *words)


def _sizes_differ(graph: Graph) -> bool:
    return operand(graph, HIDDEN).size != operand(graph, CELL).size


def test_peepholes_of_which_litert_reads_too_many() -> None:
    graph = case("lstm_variants", lambda g: whole(g) and _sizes_differ(g))
    for place in (HIDDEN, CELL):  # swapped: more outputs than cells
        tensor = operand(graph, place)
        tensor.shape = tensor.shape[::-1]
    many = operand(graph, CELL).size + 1
    operand(graph, HIDDEN).shape = (1, many)
    out = graph.tensors[graph.ops[0].outputs[0]]
    out.shape = (*out.shape[:-1], many)
    for place in (5, 6, 7, 8):
        weights = operand(graph, place)
        weights.data = np.zeros((weights.shape[0], many), np.int8)
    for place in (PROJECTION, 17):
        tensor = operand(graph, place)
        assert tensor.data is not None
        tensor.data = np.zeros((many, *tensor.data.shape[1:]), tensor.data.dtype)
    refused(graph, "LiteRT reads past their end")


def int8_svdf_state(graph: Graph) -> None:
    operand(graph, 4).dtype = "int8"


def int8_time(graph: Graph) -> None:
    data = operand(graph, 2).data
    assert data is not None
    operand(graph, 2).data = data.astype(np.int8)


def odd_rank(graph: Graph) -> None:
    graph.ops[0].attrs["rank"] = 1000


def no_activation(graph: Graph) -> None:
    graph.ops[0].attrs["fused_activation_function"] = "NONE"


def float_bias(graph: Graph) -> None:
    data = operand(graph, 3).data
    assert data is not None
    operand(graph, 3).data = data.astype(np.float32)


def time_zero_point(graph: Graph) -> None:
    operand(graph, 2).quant = per_tensor(0.1, 1)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        # LiteRT reads an int8 state as if it were int16, beyond its end
        (int8_svdf_state, ("int8, int16, int8", "needed: int8, int16, int16")),
        (int8_time, ("int8, int8, int16", "needed: int8, int16, int16")),
        (odd_rank, ("rank 1000 do not fit together",)),
        (no_activation, ("activation NONE, needed: RELU",)),
        (float_bias, ("float32", "int32")),
        (time_zero_point, ("zero point 0",)),
    ],
)
def test_svdf(spoil: Callable[[Graph], None], words: tuple[str, ...]) -> None:
    graph = case("svdf", lambda g: -1 not in g.ops[0].inputs)
    spoil(graph)
    refused(graph, *words)


def test_a_hybrid_lstm_is_called_what_it_is() -> None:
    """Float activations and state on int8 weights: a dynamic-range model."""
    graph = case("lstm")
    for number in (*graph.inputs, *graph.ops[0].outputs, *graph.ops[0].inputs[HIDDEN : CELL + 1]):
        graph.tensors[number].dtype, graph.tensors[number].quant = "float32", None
    with pytest.raises(ModelError) as caught:
        check(graph)
    assert "dynamic-range model" in caught.value.what
    assert "midge convert" in caught.value.do


def test_bidirectional_and_plain_lstm_ops_name_the_way_out() -> None:
    for kind in ("BIDIRECTIONAL_SEQUENCE_LSTM", "LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN"):
        graph = case("lstm")
        graph.ops[0].kind = kind
        assert "LSTM" in refused(graph, kind).do or "Conv1D" in refused(graph, kind).do
    lower(case("lstm"))
