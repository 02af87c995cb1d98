"""What the compiler proves of 16x8 layers: sums within int32, multipliers that round alike."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))
import oracle
from case_maker import Maker, per_tensor

from midge import abi, quantmath
from midge.graph import Graph
from midge.lower import lower, tables_16
from midge.lower.interval_16 import interval
from midge.lower.weights_16 import sum_limits
from midge.program import ConstRef

RNG = np.random.default_rng(16)


def test_the_limits_of_sums_are_reached_and_not_passed() -> None:
    weights = RNG.integers(-127, 128, (5, 12)).astype(np.int8)
    bias = RNG.integers(-(10**9), 10**9, 5).astype(np.int64)
    least, most = sum_limits(weights, bias, -20, 300)
    ends = [weights.astype(np.int64) @ x + bias for x in RNG.choice([-20, 300], (5000, 12))]
    best = np.where(weights > 0, 300, -20).astype(np.int64)
    worst = np.where(weights > 0, -20, 300).astype(np.int64)
    assert most == max(((weights * best).sum(axis=1) + bias).max(), 0)
    assert least == min(((weights * worst).sum(axis=1) + bias).min(), 0)
    assert least <= np.min(ends) and np.max(ends) <= most


def dense(taps: int, bias: int, activation: str = "NONE") -> Graph:
    """Two dense layers; the second has all its weights 127."""
    m = Maker("FULLY_CONNECTED")
    m.add((1, taps), "int16", per_tensor(1e-3))
    m.add((1, taps), quant=per_tensor(1e-2), data=np.full((1, taps), 127, np.int8))
    m.add((1,), "int64", per_tensor(1e-5), np.array([bias], np.int64), "bias")
    m.add((1, 1), "int16", per_tensor(1.0), role="out")
    return m.graph(
        fused_activation_function=activation, keep_num_dims=False, quantized_bias_type="int64"
    )


@pytest.mark.parametrize(
    ("taps", "bias", "wide"),
    [
        (516, -(2**31) + 516 * 127 * 32768, False),  # the least sum is -2**31
        (516, -(2**31) + 516 * 127 * 32768 - 1, True),
        (516, 2**31 - 1 - 516 * 127 * 32767, False),  # the greatest is 2**31 - 1
        (516, 2**31 - 516 * 127 * 32767, True),
        (1200, 0, True),
    ],
)
def test_sums_of_64_bits_begin_where_32_end(taps: int, bias: int, wide: bool) -> None:
    graph = dense(taps, bias)
    params = lower(graph).steps[0].params
    assert (params["bias_high"] != abi.NONE) == wide
    samples = [[np.full((1, taps), v, np.int16)] for v in (-32768, 32767, 5)]
    found = [oracle.Compiled(graph).run(sample) for sample in samples]
    assert [f[0].tolist() for f in found] == [
        r[0].tolist() for r in oracle.reference(graph, samples)
    ]


def test_the_interval_follows_clamps_and_what_keeps_values() -> None:
    m = Maker("RELU6")
    m.add((1, 1, 4, 2), "int16", per_tensor(1e-3))
    m.add((1, 1, 4, 2), "int16", per_tensor(1e-3), role="out")
    graph = m.graph()
    assert interval(graph, 0) == (-32768, 32767)
    assert interval(graph, 1) == (0, 6000)
    pool = Maker("MAX_POOL_2D")
    pool.op.inputs, pool.op.outputs = [1], [1]
    graph.tensors[2] = graph.tensors[1]
    pool.op.outputs, pool.op.attrs = [2], {"fused_activation_function": "NONE"}
    graph.ops.append(pool.op)
    assert interval(graph, 2) == (0, 6000)
    graph.ops[0].kind = "LOGISTIC"
    assert interval(graph, 2) == (0, 32767)
    graph.ops[0].kind = "TANH"
    assert interval(graph, 2) == (-32768, 32767)


def rounded(acc: int, mult: int, mult_low: int, right: int) -> int:
    return (acc * ((mult << 31) + mult_low) + (1 << (right + 30))) >> (right + 31)


@pytest.mark.parametrize("scale", [1e-9, 3.1e-7, 2.0**-15, 0.0123, 0.71234, 3.0, 70000.0])
def test_the_multiplier_rounds_like_doubles(scale: float) -> None:
    limit = 2**31
    mult, mult_low, right = quantmath.single_rounding_16(scale, limit)
    assert right > 0
    ends = [k / scale for k in (0.5, 1.5, 77.5, 32766.5, 32767.5) if k / scale < limit]
    near = [int(e) + d for e in ends for d in (-1, 0, 1)]
    random = [int(a) for a in RNG.integers(0, max(2, min(limit, int(32768 / scale))), 3000)]
    for acc in (*near, *random):
        for signed in (acc, -acc):
            want = quantmath.round_away(float(signed) * scale)
            found = rounded(signed, mult, mult_low, right)
            assert found == want or abs(want) > 32768 < abs(found), (signed, want, found)


@pytest.mark.parametrize(("x", "out"), [(7.0, 10.0), (23.0, 10.0), (17.0, 14.0), (29.0, 50.0)])
def test_a_scale_that_only_doubles_round_like(x: float, out: float) -> None:
    """0.7 * 5 is less than 3.5, but not in doubles: no linear function rounds like that."""
    m = Maker("FULLY_CONNECTED")
    m.add((1, 4096, 1), "int16", per_tensor(x * 2.0**-10))
    m.add((1, 1), quant=per_tensor(2.0**-7), data=np.ones((1, 1), np.int8))
    m.add((1, 4096, 1), "int16", per_tensor(out * 2.0**-17), role="out")
    graph = m.graph(fused_activation_function="NONE", keep_num_dims=True)
    (step,) = lower(graph).steps
    ref = step.params["shift"]
    assert isinstance(ref, ConstRef)
    assert oracle.Compiled(graph).program.consts[ref.const].data[0] < 0
    samples = [[np.arange(first, first + 4096, dtype=np.int16).reshape(1, 4096, 1)]
               for first in range(-32768, 32768, 4096)]  # fmt: skip
    found = [oracle.Compiled(graph).run(sample)[0] for sample in samples]
    wanted = [r[0] for r in oracle.reference(graph, samples)]
    np.testing.assert_array_equal(found, wanted)


def test_tables_are_monotonic_and_close() -> None:
    i = np.arange(256)
    assert np.abs(tables_16.sigmoid() - 65536 / (1 + np.exp(-i / 24.0))).max() < 1.5
    x = np.arange(513) / 512
    exact = {"exponential": np.exp(-10 + 10 * x), "reciprocal": 1 / (1 + x)}
    for name, values in exact.items():
        table = getattr(tables_16, name)()
        off = np.minimum(32767, 32768 * values) - table
        assert np.abs(off).max() < 2, name
