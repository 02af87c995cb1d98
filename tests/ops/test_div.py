"""DIV where LiteRT's reference stops or is undefined: over 0, and quotients far below one step."""

from __future__ import annotations

import numpy as np
import oracle
import pytest
from case_maker import Maker, every_byte, per_tensor

from midge import quantmath
from midge.graph import Graph


def all_pairs(a: float, b: float, out: float, zero: int) -> Graph:
    m = Maker("DIV")
    m.add((256, 1), quant=per_tensor(a, 3))
    m.add((1, 256), quant=per_tensor(b, zero))
    m.add((256, 256), quant=per_tensor(out, -2), role="out")
    return m.graph(fused_activation_function="NONE")


def run(graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    """Ours and LiteRT's, which gets no divisor of 0."""
    values = [every_byte().reshape(256, 1), every_byte()]
    ours = oracle.Compiled(graph).run(values)[0]
    zero = graph.tensors[1].zero_point
    values[1] = np.where(values[1] == zero, values[1] ^ 1, values[1])
    return ours, oracle.reference(graph, [values])[0][0]


@pytest.mark.parametrize("out", [0.001, 0.05, 1.0, 30.0])
@pytest.mark.parametrize("zero", [0, -128, 20])
def test_all_pairs(out: float, zero: int) -> None:
    graph = all_pairs(0.05, 0.02, out, zero)
    ours, litert = run(graph)
    a, b = np.broadcast_arrays(
        every_byte().reshape(256, 1).astype(int) - 3, every_byte().astype(int) - zero
    )
    exact = a * 0.05 / np.where(b == 0, 1, b * 0.02) / out
    shift = quantmath.quantize_multiplier(0.05 / 0.02 / out)[1]
    # LiteRT shifts right by bits(b) - 1 + headroom(a, made to have b's sign) - shift, which is
    # undefined beyond 31.
    bits = np.frexp(np.abs(b).astype(float))[1] - 1
    dividend = np.where(b < 0, -a, a)
    headroom = 31 - np.frexp(np.where(dividend < 0, ~dividend, dividend).astype(float))[1]
    undefined = (headroom + bits - shift > 31) & (b != 0)
    defined = (b != 0) & ~undefined
    assert np.array_equal(ours[defined], litert[defined])
    assert defined.sum() > 5000
    # There the true quotient is nothing, and so is ours.
    assert (np.abs(exact[undefined]) < 0.5).all()
    assert (ours[undefined] == -2).all()
    assert undefined.any() == (out > 0.001)
    assert np.array_equal(ours[b == 0], np.where(a >= 0, 127, -128)[b == 0])
