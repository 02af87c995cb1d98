"""Where a wrong rounding would show: sums right at the edges between two output values."""

from __future__ import annotations

import numpy as np
import oracle
import pytest
from case_maker import (
    Maker,
    Rng,
    every_byte,
    int8_data,
    per_tensor,
    quant,
    sample,
    scale,
    zero_point,
)

from midge import abi
from midge.graph import Graph, Quant

CHANNELS = 256


def edge_sums(rng: Rng, scales: np.ndarray) -> np.ndarray:
    """int32 sums whose scaled value is within some steps of a half, of both signs."""
    halves = rng.integers(1, 257, scales.size) - 0.5
    sums = np.ceil(halves / scales) + rng.integers(-2, 2, scales.size)
    sums *= rng.choice([1, -1], scales.size)
    return np.clip(sums, -(2**31) + 2, 2**31 - 2).astype(np.int32)


def edge_graph(rng: Rng, kind: str, per_channel: bool) -> Graph:
    """Weights are 0, so that a channel's sum is its bias."""
    m = Maker(kind)
    dense = kind == "FULLY_CONNECTED"
    x = m.add((1, 1) if dense else (1, 1, 1, 1), quant=quant(rng))
    level = scale(rng, 1e-4, 1)
    w = per_tensor(level)
    if per_channel:
        scales = (level * np.exp(rng.uniform(-2, 2, CHANNELS))).astype(np.float32)
        w = Quant(scales, np.zeros(CHANNELS, np.int64), 0)
    shape = (CHANNELS, 1) if dense else (CHANNELS, 1, 1, 1)
    m.add(shape, quant=w, data=np.zeros(shape, np.int8))
    power = rng.random() < 0.3  # then halves are exact, and frequent
    spread = 2.0 ** rng.integers(-8, 20) if power else np.exp(rng.uniform(-8, 14))
    y_scale = np.float32(x.scale * level * spread)
    exact = x.scale * np.broadcast_to(w.scale.astype(np.float64), CHANNELS) / float(y_scale)
    product = (x.scale * w.scale.astype(np.float64)).astype(np.float32)
    bias_quant = Quant(product, np.zeros(product.size, np.int64), 0)
    m.add((CHANNELS,), "int32", bias_quant, edge_sums(rng, exact))
    out = (1, CHANNELS) if dense else (1, 1, 1, CHANNELS)
    m.add(out, quant=per_tensor(float(y_scale), zero_point(rng)), role="out")
    if dense:
        return m.graph(
            keep_num_dims=False, weights_format="DEFAULT", fused_activation_function="NONE"
        )
    return m.graph(
        stride_h=1,
        stride_w=1,
        padding="VALID",
        dilation_h_factor=1,
        dilation_w_factor=1,
        fused_activation_function="NONE",
    )


@pytest.mark.parametrize("kind", ["FULLY_CONNECTED", "CONV_2D"])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("kernels", ["plain", "packed"])
def test_sums_at_the_edges(kind: str, per_channel: bool, kernels: str) -> None:
    wide = 0
    for number in range(50 if per_channel else 200):
        rng = np.random.default_rng([11, number])
        graph = edge_graph(rng, kind, per_channel)
        compiled = oracle.Compiled(graph, kernels)
        values = sample(rng, graph)
        expected = oracle.reference(graph, [values])[0][0]
        assert np.array_equal(compiled.run(values)[0], expected), number
        wide += compiled.program.steps[0].params.get("mult_low", abi.NONE) != abi.NONE
    # 31 bits of multiplier are not always enough: the wide form must have been used too.
    assert kind == "CONV_2D" or kernels == "packed" or wide > 5


@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL"])
def test_all_pairs_of_bytes(kind: str) -> None:
    for number in range(60):
        rng = np.random.default_rng([12, number])
        m = Maker(kind)
        a = m.add((256, 1), quant=quant(rng))
        b = m.add((1, 256), quant=quant(rng))
        natural = a.scale * b.scale * 100 if kind == "MUL" else a.scale + b.scale
        y = per_tensor(natural * scale(rng, 0.3, 3), zero_point(rng))
        m.add((256, 256), quant=y, role="out")
        graph = m.graph(fused_activation_function="NONE")
        values = [every_byte().reshape(256, 1), every_byte()]
        expected = oracle.reference(graph, [values])[0][0]
        assert np.array_equal(oracle.Compiled(graph).run(values)[0], expected), number


def test_mul_multiplier_is_made_in_single_precision() -> None:
    # With these scales a multiplier made in double precision gives two of the products another
    # value; a search over 100 random scales found them.
    m = Maker("MUL")
    m.add((256, 1), quant=per_tensor(0.4541, 3))
    m.add((1, 256), quant=per_tensor(0.0101, -5))
    m.add((256, 256), quant=per_tensor(0.4586, 0), role="out")
    graph = m.graph(fused_activation_function="NONE")
    values = [every_byte().reshape(256, 1), every_byte()]
    expected = oracle.reference(graph, [values])[0][0]
    assert np.array_equal(oracle.Compiled(graph).run(values)[0], expected)


def test_convolution_without_bias_is_one_with_zeros() -> None:
    rng = np.random.default_rng(14)
    m = Maker("CONV_2D")
    x = m.add((1, 5, 6, 3), quant=quant(rng))
    w = per_tensor(0.01)
    m.add((4, 3, 3, 3), quant=w, data=int8_data(rng, (4, 3, 3, 3), -127))
    m.add((4,), "int32", per_tensor(x.scale * 0.01), np.zeros(4, np.int32))
    m.add((1, 5, 6, 4), quant=per_tensor(x.scale * 2, 3), role="out")
    graph = m.graph(
        stride_h=1,
        stride_w=1,
        padding="SAME",
        dilation_h_factor=1,
        dilation_w_factor=1,
        fused_activation_function="RELU",
    )
    values = sample(rng, graph)
    expected = oracle.reference(graph, [values])[0][0]
    graph.ops[0].inputs.pop()
    assert np.array_equal(oracle.Compiled(graph).run(values)[0], expected)
