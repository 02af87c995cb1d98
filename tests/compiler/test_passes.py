"""Each pass does its work, and no pass changes a bit: the oracle runs the untouched file."""

from __future__ import annotations

import copy

import graph_kit
import numpy as np
import pytest
from graph_kit import Kit, kinds, prove, quant

from midge import passes
from midge.errors import ModelError
from midge.graph import Graph, Op, Tensor
from midge.passes import fuse_pad, fuse_relu


@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize("padding", ["VALID", "SAME"])
@pytest.mark.parametrize("stride", [(1, 1), (2, 1), (2, 2)])
@pytest.mark.parametrize("zero_point", [-128, 0, 37])
def test_pad_goes_into_the_convolution(
    depthwise: bool, padding: str, stride: tuple[int, int], zero_point: int
) -> None:
    kit = Kit(3)
    x = kit.input((1, 7, 9, 4), quant(0.05, zero_point))
    padded = kit.pad(x, [[0, 0], [1, 2], [0, 3], [0, 0]])
    kit.conv(padded, 4, stride=stride, padding=padding, depthwise=depthwise)
    after = prove(kit.done(kit.graph.ops[-1].outputs[0]))
    assert len(after.ops) == 1
    assert "explicit_padding" in after.ops[0].attrs


def test_two_pads_and_dilation() -> None:
    kit = Kit(4)
    x = kit.input((1, 6, 6, 2), quant(0.05, 5))
    p = kit.pad(kit.pad(x, [[0, 0], [1, 0], [2, 0], [0, 0]]), [[0, 0], [0, 3], [1, 1], [0, 0]])
    after = prove(kit.done(kit.conv(p, 3, dilation=(2, 2))))
    assert kinds(after) == ["CONV_2D"]
    assert after.ops[0].attrs["explicit_padding"] == (1, 3, 3, 1)


@pytest.mark.parametrize("image", [(1, 1, 9, 4), (1, 9, 1, 4)])
def test_causal_padding_goes_through_the_reshape(image: tuple[int, ...]) -> None:
    """What Keras makes of a causal Conv1D."""
    kit = Kit(21)
    x = kit.input((1, 7, 4), quant(0.05, 9))
    y = kit.reshape(kit.pad(x, [[0, 0], [2, 0], [0, 0]]), image)
    kernel = (1, 3) if image[1] == 1 else (3, 1)
    after = prove(kit.done(kit.reshape(kit.conv(y, 5, kernel), (1, 7, 5))))
    assert kinds(after) == ["RESHAPE", "CONV_2D", "RESHAPE"]
    top_left = (0, 0, 2, 0) if image[1] == 1 else (2, 0, 0, 0)
    assert after.ops[1].attrs["explicit_padding"] == top_left


@pytest.mark.parametrize("shape", [(1, 36), (1, 4, 9), (1, 3, 3, 4), (1, 1, 4, 9)])
def test_padding_stays_before_a_reshape_that_mixes_axes(shape: tuple[int, ...]) -> None:
    kit = Kit(22)
    x = kit.input((1, 7, 4), quant(0.05, 9))
    y = kit.reshape(kit.pad(x, [[0, 0], [2, 0], [0, 0]]), shape)
    y = kit.op("LOGISTIC", [y], shape, quant(1 / 256, -128))
    assert kinds(prove(kit.done(y))) == ["PAD", "RESHAPE", "LOGISTIC"]


def test_padding_an_axis_of_one() -> None:
    kit = Kit(23)
    x = kit.input((1, 1, 4), quant(0.05, 9))
    y = kit.reshape(kit.pad(x, [[0, 0], [2, 1], [0, 0]]), (1, 4, 1, 4))
    assert kinds(prove(kit.done(kit.conv(y, 2, (2, 1))))) == ["RESHAPE", "CONV_2D"]


def test_pad_with_two_readers_stays_for_the_other() -> None:
    kit = Kit(5)
    x = kit.input((1, 5, 5, 2), quant(0.05, 5))
    p = kit.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    after = prove(kit.done(kit.conv(p, 2), kit.pool("AVERAGE_POOL_2D", p)))
    assert sorted(kinds(after)) == ["AVERAGE_POOL_2D", "CONV_2D", "PAD"]
    conv = next(op for op in after.ops if op.kind == "CONV_2D")
    assert conv.inputs[0] == after.inputs[0]


def test_pad_of_channels_stays() -> None:
    kit = Kit(6)
    x = kit.input((1, 5, 5, 2), quant(0.05, 5))
    p = kit.pad(x, [[0, 0], [1, 1], [1, 1], [0, 1]])
    assert kinds(prove(kit.done(kit.conv(p, 2)))) == ["PAD", "CONV_2D"]


@pytest.mark.parametrize("fill", [5, 6, -128])
def test_padv2_goes_in_only_with_the_zero_point(fill: int) -> None:
    kit = Kit(7)
    x = kit.input((1, 5, 5, 2), quant(0.05, 5))
    amounts = kit.const(np.array([[0, 0], [1, 1], [2, 0], [0, 0]], np.int32))
    value = kit.const(np.array(fill, np.int8), quant(0.05, 5))
    p = kit.op("PADV2", [x, amounts, value], (1, 7, 7, 2), quant(0.05, 5))
    after = prove(kit.done(kit.conv(p, 2)))
    assert kinds(after) == (["CONV_2D"] if fill == 5 else ["PADV2", "CONV_2D"])


@pytest.mark.parametrize(("zero_point", "fused"), [(-128, True), (-127, False), (0, False)])
def test_pad_goes_into_a_maximum_only_where_it_cannot_win(zero_point: int, fused: bool) -> None:
    kit = Kit(8)
    x = kit.input((1, 4, 4, 2), quant(0.05, zero_point))
    p = kit.pad(x, [[0, 0], [3, 2], [0, 1], [0, 0]])  # the first window is padding only
    after = prove(kit.done(kit.pool("MAX_POOL_2D", p)))
    assert kinds(after) == (["MAX_POOL_2D"] if fused else ["PAD", "MAX_POOL_2D"])


def test_pad_before_an_average_stays() -> None:
    kit = Kit(9)
    x = kit.input((1, 4, 4, 2), quant(0.05, -128))
    p = kit.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    assert "PAD" in kinds(prove(kit.done(kit.pool("AVERAGE_POOL_2D", p))))


@pytest.mark.parametrize("first", ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"])
@pytest.mark.parametrize("second", ["RELU", "RELU6", "RELU_N1_TO_1"])
def test_activation_goes_into_the_op_before(first: str, second: str) -> None:
    kit = Kit(10)
    y = kit.conv(kit.input((1, 6, 6, 3), quant(0.05, 5)), 4, activation=first, q=quant(0.06, -9))
    after = prove(kit.done(kit.op(second, [y], kit.shape(y), kit.quant(y))))
    expected = {
        frozenset({"RELU", "RELU_N1_TO_1"}): None,  # [0, 1] is no activation TFLite can fuse
        frozenset({"RELU6", "RELU_N1_TO_1"}): None,
        frozenset({"RELU", "RELU6"}): "RELU6",
    }.get(frozenset({first, second}), second)
    assert len(after.ops) == (2 if expected is None else 1)
    if expected is not None:
        assert after.ops[0].attrs["fused_activation_function"] == expected
        assert after.tensors[after.outputs[0]].name == f"{second.lower()}1"


def test_activation_with_another_scale_stays() -> None:
    kit = Kit(11)
    y = kit.conv(kit.input((1, 6, 6, 3), quant(0.05, 5)), 4, q=quant(0.06, -9))
    after = prove(kit.done(kit.op("RELU", [y], kit.shape(y), quant(0.06, -8))))
    assert kinds(after) == ["CONV_2D", "RELU"]


def test_activation_stays_where_the_value_before_is_read_or_given_out() -> None:
    for as_output in (False, True):
        kit = Kit(12)
        y = kit.conv(kit.input((1, 6, 6, 3), quant(0.05, 5)), 4, q=quant(0.06, -9))
        clamped = kit.op("RELU", [y], kit.shape(y), kit.quant(y))
        other = y if as_output else kit.pool("MAX_POOL_2D", y)
        after = prove(kit.done(clamped, other))
        assert "RELU" in kinds(after)


def test_reshapes_become_one_or_none() -> None:
    kit = Kit(13)
    y = kit.conv(kit.input((1, 6, 6, 3), quant(0.05, 5)), 4)
    y = kit.reshape(kit.reshape(kit.reshape(y, (1, 64)), (1, 2, 32)), (1, 4, 4, 4))
    y = kit.pool("MAX_POOL_2D", y)
    assert kinds(prove(kit.done(y))) == ["CONV_2D", "MAX_POOL_2D"]


def test_an_output_keeps_its_name_and_shape() -> None:
    kit = Kit(14)
    y = kit.conv(kit.input((1, 6, 6, 3), quant(0.05, 5)), 4)
    last = kit.reshape(kit.reshape(y, (1, 64)), (1, 64))
    name = kit.graph.tensors[last].name
    after = prove(kit.done(last))
    assert kinds(after) == ["CONV_2D", "RESHAPE"]
    assert after.tensors[after.outputs[0]].name == name
    assert after.tensors[after.outputs[0]].shape == (1, 64)


def test_a_model_of_nothing_but_a_reshape() -> None:
    kit = Kit(15)
    x = kit.input((1, 6), quant(0.05, 5))
    after = prove(kit.done(kit.reshape(x, (1, 2, 3))))
    assert kinds(after) == ["RESHAPE"]


def test_identity_quantize_goes_and_another_stays() -> None:
    kit = Kit(16)
    y = kit.conv(kit.input((1, 6, 6, 3), quant(0.05, 5)), 4, q=quant(0.1, 3))
    same = kit.op("QUANTIZE", [y], kit.shape(y), quant(0.1, 3))
    other = kit.op("QUANTIZE", [same], kit.shape(y), quant(0.11, 3))
    assert kinds(prove(kit.done(kit.pool("MAX_POOL_2D", other)))) == [
        "CONV_2D",
        "QUANTIZE",
        "MAX_POOL_2D",
    ]


def test_flatten_pattern_of_keras() -> None:
    kit = Kit(17)
    y = kit.conv(kit.input((1, 6, 6, 3), quant(0.05, 5)), 4, q=quant(0.1, 3))
    shape = kit.op("SHAPE", [y], (4,), None, "int32", out_type=2)
    first, last, step = (kit.const(np.array([n], np.int32)) for n in (0, 1, 1))
    batch = kit.op(
        "STRIDED_SLICE", [shape, first, last, step], (), None, "int32", shrink_axis_mask=1
    )
    rest = kit.const(np.array(64, np.int32))
    target = kit.op("PACK", [batch, rest], (2,), None, "int32", values_count=2, axis=0)
    flat = kit.op("RESHAPE", [y, target], (1, 64), kit.quant(y))
    after = prove(kit.done(flat))
    assert kinds(after) == ["CONV_2D", "RESHAPE"]


def test_float_weights_are_quantized_as_the_oracle_does() -> None:
    """QUANTIZE of a constant; a float32 whose quotient is a half is among the values."""
    values = np.concatenate(
        [np.arange(-40, 41) * 0.125, [np.inf, -np.inf, 1e9, 0.37499997]]
    ).astype(np.float32)
    kit = Kit(18)
    x = kit.input((1, len(values)), quant(0.25, 7))
    q = kit.op("QUANTIZE", [kit.const(values[None])], (1, len(values)), quant(0.25, 7))
    y = kit.op("ADD", [x, q], (1, len(values)), quant(0.4, 3), fused_activation_function="NONE")
    graph = kit.done(y)
    graph.tensors[kit.graph.ops[0].inputs[0]].data = np.clip(values, -1e6, 1e6)[None]
    assert kinds(prove(graph)) == ["ADD"]


def test_dead_ops_and_tensors_go() -> None:
    kit = Kit(19)
    x = kit.input((1, 6, 6, 3), quant(0.05, 5))
    kit.conv(x, 4)
    y = kit.conv(x, 2)
    after = prove(kit.done(y))
    assert kinds(after) == ["CONV_2D"]
    assert len(after.tensors) == 4


def test_multiplications_and_additions_by_constants_stay() -> None:
    """What is left of batch norm cannot be folded exactly: each op rounds."""
    kit = Kit(20)
    y = kit.conv(kit.input((1, 6, 6, 3), quant(0.05, 5)), 4)
    for kind in ("MUL", "ADD"):
        factor = kit.const(np.array([10, -20, 100, 127], np.int8), quant(0.01, 0))
        y = kit.op(
            kind, [y, factor], kit.shape(y), quant(0.09, 1), fused_activation_function="NONE"
        )
    y = kit.op("RELU", [y], kit.shape(y), quant(0.09, 1))
    after = prove(kit.done(y))
    assert kinds(after) == ["CONV_2D", "MUL", "ADD"]
    assert after.ops[-1].attrs["fused_activation_function"] == "RELU"


STEPS = ["pad", "conv", "depthwise", "relu", "reshape", "add", "pool", "quantize"]


def random_network(seed: int) -> Graph:
    """A chain with branches of what the passes look at, in random order."""
    kit = Kit(seed)
    rng = kit.rng
    x = kit.input((1, 8, 8, 4), quant(0.05, int(rng.choice([-128, 0, 11]))))
    branch = None
    for _ in range(int(rng.integers(2, 8))):
        h, w, c = kit.shape(x)[1:]
        kind = rng.choice(STEPS)
        if kind == "pad" and h < 16:
            x = kit.pad(x, [[0, 0], *rng.integers(0, 3, (2, 2)).tolist(), [0, 0]])
        elif kind in ("conv", "depthwise") and min(h, w) >= 3:
            padding = str(rng.choice(["SAME", "VALID"]))
            stride = tuple(rng.integers(1, 3, 2).tolist())
            activation = str(rng.choice(["NONE", "RELU"]))
            x = kit.conv(x, c, (3, 2), stride, padding, activation, kind == "depthwise")
        elif kind == "relu":
            q = kit.quant(x) if rng.random() < 0.7 else quant(0.1, 4)
            x = kit.op(str(rng.choice(["RELU", "RELU6"])), [x], kit.shape(x), q)
        elif kind == "reshape":
            x = kit.reshape(kit.reshape(x, (1, h * w * c)), (1, h, w, c))
        elif kind == "add" and branch is not None and kit.shape(branch) == kit.shape(x):
            x = kit.op(
                "ADD", [x, branch], kit.shape(x), quant(0.2, -3), fused_activation_function="NONE"
            )
        elif kind == "pool" and min(h, w) >= 2:
            x = kit.pool(str(rng.choice(["MAX_POOL_2D", "AVERAGE_POOL_2D"])), x)
        elif kind == "quantize":
            q = kit.quant(x) if rng.random() < 0.5 else quant(0.13, 9)
            x = kit.op("QUANTIZE", [x], kit.shape(x), q)
        if rng.random() < 0.4:
            branch = x
    return kit.done(x)


@pytest.mark.parametrize("seed", range(80))
def test_random_networks_keep_every_bit(seed: int) -> None:
    graph = random_network(seed)
    assert graph.ops
    before = len(graph.ops)
    assert len(prove(graph, seed).ops) <= before


def test_run_leaves_the_graph_it_is_given() -> None:
    graph = graph_kit.reread(random_network(5))
    kept = copy.deepcopy(graph)
    passes.run(graph)
    assert [vars(op) for op in graph.ops] == [vars(op) for op in kept.ops]
    assert graph.tensors.keys() == kept.tensors.keys()
    assert all(
        (a.data is None) == (kept.tensors[k].data is None) for k, a in graph.tensors.items()
    )


def test_invalid_folding_is_a_model_error() -> None:
    graph = Graph("g", "g.tflite", {}, [], [0], [1])
    graph.tensors = {
        0: Tensor("x", (1,), "int8", quant(1)),
        1: Tensor("y", (1,), "int8", quant(1)),
        2: Tensor("data", (2, 3), "int32", None, np.zeros((2, 3), np.int32)),
        3: Tensor("perm", (2,), "int32", None, np.array([0, 5], np.int32)),
        4: Tensor("out", (3, 2), "int32"),
    }
    graph.ops = [Op("TRANSPOSE", [2, 3], [4], {}, 0)]
    with pytest.raises(ModelError, match=r"layer 0 TRANSPOSE 'out': invalid operands"):
        passes.run(graph)
    graph.tensors[3].data = np.array([0, 1], np.int32)
    with pytest.raises(ModelError, match=r"gives shape \(2, 3\), the file says \(3, 2\)"):
        passes.run(graph)


def test_no_activation_is_made_up() -> None:
    assert fuse_relu._fused("TANH", "RELU") is None
    assert fuse_relu._fused("RELU6", "RELU") == "RELU6"


def test_same_padding_is_tensorflows() -> None:
    assert fuse_pad._same(10, 3, 2, 1) == (0, 1)
    assert fuse_pad._same(9, 3, 1, 2) == (2, 2)
    assert fuse_pad._same(4, 1, 2, 1) == (0, 0)
