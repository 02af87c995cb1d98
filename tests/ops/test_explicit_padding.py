"""``explicit_padding``, which passes make of a PAD before a convolution."""

from __future__ import annotations

import numpy as np
import oracle
import pytest
from case_maker import int8_data, per_tensor

from midge.graph import Graph, Op, Tensor


def padded(rng: np.random.Generator, kind: str) -> tuple[Graph, Graph]:
    """PAD and a VALID window op; and the window op alone, with explicit padding."""
    h, w, c = (int(n) for n in rng.integers(3, 8, 3))
    k_h, k_w = (int(n) for n in rng.integers(1, 4, 2))
    stride = int(rng.integers(1, 3))
    top, bottom, left, right = (int(n) for n in rng.integers(0, 4, 4))
    big = (1, h + top + bottom, w + left + right, c)
    out_c = 4 if kind == "CONV_2D" else c
    out = (1, (big[1] - k_h) // stride + 1, (big[2] - k_w) // stride + 1, out_c)
    x_quant = per_tensor(0.1, int(rng.integers(-128, 128)))
    shape = (out_c, k_h, k_w, c) if kind == "CONV_2D" else (1, k_h, k_w, c)
    amounts = np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
    bias = rng.integers(-1000, 1000, out_c).astype(np.int32)
    tensors = dict(
        enumerate(
            [
                Tensor("x", (1, h, w, c), "int8", x_quant),
                Tensor("amounts", (4, 2), "int32", None, amounts),
                Tensor("big", big, "int8", x_quant),
                Tensor("w", shape, "int8", per_tensor(0.01), int8_data(rng, shape, -127)),
                Tensor("b", (out_c,), "int32", per_tensor(0.001), bias),
                Tensor("y", out, "int8", per_tensor(0.3, -5)),
            ]
        )
    )
    attrs = {
        "stride_h": stride,
        "stride_w": stride,
        "padding": "VALID",
        "dilation_h_factor": 1,
        "dilation_w_factor": 1,
        "fused_activation_function": "NONE",
    }
    if kind == "DEPTHWISE_CONV_2D":
        attrs["depth_multiplier"] = 1
    pad = Op("PAD", [0, 1], [2], {}, 0)
    two = Graph("two", "t", tensors, [pad, Op(kind, [2, 3, 4], [5], attrs, 1)], [0], [5])
    fused = Op(kind, [0, 3, 4], [5], attrs | {"explicit_padding": (top, bottom, left, right)}, 1)
    return two, Graph("one", "t", tensors, [fused], [0], [5])


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_equals_pad_and_valid(kind: str) -> None:
    for number in range(150):
        rng = np.random.default_rng([15, number])
        two, one = padded(rng, kind)
        values = [rng.integers(-128, 128, two.tensors[0].shape).astype(np.int8)]
        expected = oracle.reference(two, [values])[0][0]
        assert np.array_equal(oracle.Compiled(two).run(values)[0], expected), number
        assert np.array_equal(oracle.Compiled(one).run(values)[0], expected), number
