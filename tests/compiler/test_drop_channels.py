"""Dead and constant channels: taken out without changing a bit of the outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import oracle
import pytest
from graph_kit import Kit, kinds, prove, quant, samples

from midge import passes, ranges
from midge.graph import Graph
from midge.passes import drop_channels
from midge.tflite_reader import read


def weights(kit: Kit, op: int) -> np.ndarray:
    """The op's filter, to be written to."""
    data = kit.graph.tensors[kit.graph.ops[op].inputs[1]].data
    assert data is not None
    return data


def bias(kit: Kit, op: int) -> np.ndarray:
    data = kit.graph.tensors[kit.graph.ops[op].inputs[2]].data
    assert data is not None
    return data


def chain(seed: int, padding: str = "SAME") -> Kit:
    """conv 3x3 to 16, depthwise, conv 1x1 to 8: the shape that MobileNets are made of."""
    kit = Kit(seed)
    x = kit.input((1, 6, 7, 3), quant(0.1, 5))
    y = kit.conv(x, 16, padding="SAME", activation="RELU", q=quant(0.1, -128))
    y = kit.conv(y, 16, padding=padding, activation="RELU", depthwise=True, q=quant(0.1, -128))
    y = kit.conv(y, 8, (1, 1))
    kit.done(y)
    return kit


def widths(graph: Graph) -> list[int]:
    return [graph.tensors[op.outputs[0]].shape[-1] for op in graph.ops]


@pytest.mark.parametrize("seed", range(6))
def test_channels_that_no_weight_reads(seed: int) -> None:
    kit = chain(seed)
    dead = np.random.default_rng(seed).permutation(16)[:7]
    weights(kit, 2)[..., dead] = 0
    after = prove(kit.graph)
    assert widths(after) == [12, 12, 8]  # 9 are needed: the next multiple of 4


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("value", [-500_000, 3_000, 500_000])
def test_constant_channels_go_into_the_next_biases(padding: str, value: int) -> None:
    """Bias alone decides a channel of the depthwise layer, whatever its input is."""
    kit = chain(3, padding)
    constant = [0, 1, 2, 5, 8, 9, 11, 15]
    weights(kit, 1)[..., constant] = 0
    bias(kit, 1)[constant] = value
    after = prove(kit.graph)
    assert widths(after) == [8, 8, 8]


def test_a_constant_is_folded_through_padding_only_if_it_is_the_padding() -> None:
    for zero, expected in ((-128, 4), (-100, 16)):
        kit = Kit(4)
        x = kit.input((1, 6, 7, 3), quant(0.1, 5))
        y = kit.conv(x, 16, padding="SAME", activation="NONE", q=quant(0.1, zero))
        y = kit.conv(y, 8, padding="SAME")
        kit.done(y)
        weights(kit, 0)[:13] = 0
        bias(kit, 0)[:13] = -10_000_000  # always -128
        assert widths(prove(kit.graph)) == [expected, 8]


def test_nothing_is_taken_from_outputs_or_shared_tensors() -> None:
    kit = chain(5)
    weights(kit, 2)[...] = 0
    kit.graph.outputs.append(kit.graph.ops[1].outputs[0])
    assert widths(prove(kit.graph)) == [16, 16, 8]
    kit = Kit(6)
    x = kit.input((1, 6, 7, 16), quant(0.1, 5))
    a = kit.conv(x, 16, (1, 1), q=quant(0.1))
    b = kit.conv(a, 16, (1, 1), q=quant(0.1))
    both = kit.op("ADD", [a, b], (1, 6, 7, 16), quant(0.2), fused_activation_function="NONE")
    kit.done(kit.conv(both, 4, (1, 1)))
    weights(kit, 1)[..., :8] = 0
    weights(kit, 3)[..., :8] = 0
    assert widths(prove(kit.graph)) == [16, 16, 16, 4]


def test_through_pooling_and_reshape_to_a_dense_layer() -> None:
    kit = Kit(7)
    x = kit.input((1, 4, 4, 3), quant(0.1, 5))
    y = kit.conv(x, 12, padding="SAME", activation="RELU", q=quant(0.1, -128))
    y = kit.pool("AVERAGE_POOL_2D", y, 4)
    y = kit.reshape(y, (1, 12))
    w = kit.const(kit.rng.integers(-127, 128, (5, 12)).astype(np.int8), quant(0.01))
    w_data = kit.graph.tensors[w].data
    assert w_data is not None
    w_data[:, [1, 4, 5, 6, 10]] = 0
    b = kit.const(np.arange(5, dtype=np.int32), quant(0.001))
    kit.done(kit.op("FULLY_CONNECTED", [y, w, b], (1, 5), quant(0.3), keep_num_dims=False,
                    weights_format="DEFAULT", fused_activation_function="NONE"))  # fmt: skip
    after = prove(kit.graph)
    assert kinds(after) == ["CONV_2D", "AVERAGE_POOL_2D", "RESHAPE", "FULLY_CONNECTED"]
    assert widths(after) == [8, 8, 8, 5]


def test_random_chains() -> None:
    """Zero rows, zero columns and strong biases anywhere."""
    dropped = 0
    for seed in range(40):
        rng = np.random.default_rng([21, seed])
        kit = chain(seed, str(rng.choice(["SAME", "VALID"])))
        for op, channels in ((0, 16), (1, 16), (2, 8)):
            rows = rng.random(channels) < 0.4
            data = weights(kit, op)
            data[(..., rows) if op == 1 else rows] = 0
            bias(kit, op)[rows] = rng.integers(-100_000, 100_000, int(rows.sum()))
            if op != 1:
                data[..., rng.random(data.shape[-1]) < 0.3] = 0
        dropped += widths(prove(kit.graph, seed, 4))[0] < 16
    assert dropped > 20


def test_intervals_hold_what_the_oracle_gives() -> None:
    for seed in range(10):
        kit = chain(seed)
        inner = kit.graph.ops[1].outputs[0]
        kit.graph.outputs = [inner]
        kit.graph.ops.pop()
        low, high = ranges.analyse(kit.graph)[inner]
        for result in oracle.reference(kit.graph, samples(kit.graph, seed)):
            found = result[0].reshape(-1, low.size).astype(int)
            assert (found >= low).all() and (found <= high).all()


def test_vww_loses_half_its_products(shared_models: Path) -> None:
    graph = read(shared_models / "vww_96_int8.tflite")
    before = sum(t.data.size for t in graph.tensors.values() if t.data is not None)
    after = passes.run(graph)
    assert sum(t.data.size for t in after.tensors.values() if t.data is not None) < before / 4
    assert not drop_channels.apply(after)
    small = read(shared_models / "kws_dscnn_int8.tflite")
    assert not drop_channels.apply(small)
