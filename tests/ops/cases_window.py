"""Random cases of convolution, pooling and FULLY_CONNECTED."""

from __future__ import annotations

from typing import Any

import numpy as np
from case_maker import (
    ACTIVATIONS,
    Maker,
    Rng,
    extreme,
    int8_data,
    per_tensor,
    quant,
    scale,
    zero_point,
)

from midge.graph import Graph, Quant


def out_size(n: int, k: int, stride: int, dilation: int, padding: str) -> int:
    """TensorFlow's output size; 0 or less where the window does not fit."""
    reach = (k - 1) * dilation + 1
    return -(-n // stride) if padding == "SAME" else -(-(n - reach + 1) // stride)


def window(rng: Rng, dilated: bool = True) -> dict[str, Any]:
    """Random sizes of a window over (1, h, w, c) that give at least one output pixel."""
    while True:
        flat = rng.random() < 0.25  # 1-D: h == 1
        h, w = (1 if flat else int(rng.integers(1, 10))), int(rng.integers(1, 12))
        k_h, k_w = (1 if flat else int(rng.integers(1, 5))), int(rng.integers(1, 6))
        if rng.random() < 0.15:
            k_h = k_w = 1
        strides = [1, 1] if rng.random() < 0.4 else [int(rng.integers(1, 4)) for _ in "hw"]
        dilations = [
            int(rng.integers(1, 4)) if dilated and rng.random() < 0.2 else 1 for _ in "hw"
        ]
        padding = str(rng.choice(["SAME", "VALID"]))
        out = [
            out_size(n, k, s, d, padding)
            for n, k, s, d in zip((h, w), (k_h, k_w), strides, dilations, strict=True)
        ]
        if min(out) > 0:
            return {
                "in": (h, w),
                "k": (k_h, k_w),
                "out": tuple(out),
                "strides": strides,
                "dilations": dilations,
                "padding": padding,
            }


def filter_quant(rng: Rng, out_c: int, axis: int, level: float) -> Quant:
    """Symmetric, per channel or per tensor."""
    if rng.random() < 0.2:
        return per_tensor(level)
    scales = (level * np.exp(rng.uniform(-2, 2, out_c))).astype(np.float32)
    return Quant(scales, np.zeros(out_c, np.int64), axis)


def bias_for(rng: Rng, m: Maker, n: int, x: Quant, w: Quant) -> None:
    """An int32 bias whose scale is the product's; absent now and then where the oracle lets it."""
    if m.op.kind != "CONV_2D" and rng.random() < 0.15:
        if m.op.kind == "FULLY_CONNECTED" and rng.random() < 0.5:
            m.op.inputs.append(-1)
        return
    size = int(rng.choice([100, 10_000, 2**20]))
    data = rng.integers(-size, size + 1, n).astype(np.int32)
    scales = (x.scale.astype(np.float64) * w.scale).astype(np.float32)
    m.add((n,), "int32", Quant(scales, np.zeros(scales.size, np.int64), 0), data, "bias")


def out_scale(value: float) -> float:
    """At least 1e-8: the oracle refuses a RELU6 whose 6 is beyond int32."""
    return max(value, 1e-8)


def conv_2d(rng: Rng) -> Graph:
    g = window(rng)
    groups = int(rng.choice([1, 1, 1, 2, 3]))
    depth, filters = int(rng.integers(1, 9)), int(rng.integers(1, 6))
    in_c, out_c = depth * groups, filters * groups
    m = Maker("CONV_2D")
    x = m.add((1, *g["in"], in_c), quant=quant(rng))
    level = scale(rng, 1e-3, 0.1)
    w = filter_quant(rng, out_c, 0, level)
    shape = (out_c, *g["k"], depth)
    m.add(shape, quant=w, data=int8_data(rng, shape, -127), role="filter")
    assert x.quant is not None
    bias_for(rng, m, out_c, x.quant, w)
    y_scale = out_scale(x.scale * level * 150 * np.sqrt(np.prod(shape[1:])) * extreme(rng))
    m.add((1, *g["out"], out_c), quant=per_tensor(y_scale, zero_point(rng)), role="out")
    return m.graph(
        stride_h=g["strides"][0],
        stride_w=g["strides"][1],
        padding=g["padding"],
        dilation_h_factor=g["dilations"][0],
        dilation_w_factor=g["dilations"][1],
        fused_activation_function=str(rng.choice(ACTIVATIONS)),
    )


def depthwise_conv_2d(rng: Rng) -> Graph:
    g = window(rng)
    in_c, multiplier = int(rng.integers(1, 7)), int(rng.choice([1, 1, 1, 2, 3]))
    out_c = in_c * multiplier
    m = Maker("DEPTHWISE_CONV_2D")
    x = m.add((1, *g["in"], in_c), quant=quant(rng))
    level = scale(rng, 1e-3, 0.1)
    w = filter_quant(rng, out_c, 3, level)
    shape = (1, *g["k"], out_c)
    m.add(shape, quant=w, data=int8_data(rng, shape, -127), role="filter")
    assert x.quant is not None
    bias_for(rng, m, out_c, x.quant, w)
    y_scale = out_scale(x.scale * level * 150 * np.sqrt(np.prod(g["k"])) * extreme(rng))
    m.add((1, *g["out"], out_c), quant=per_tensor(y_scale, zero_point(rng)), role="out")
    return m.graph(
        stride_h=g["strides"][0],
        stride_w=g["strides"][1],
        padding=g["padding"],
        dilation_h_factor=g["dilations"][0],
        dilation_w_factor=g["dilations"][1],
        depth_multiplier=multiplier,
        fused_activation_function=str(rng.choice(ACTIVATIONS)),
    )


def fully_connected(rng: Rng) -> Graph:
    in_c, out_c = int(rng.integers(1, 80)), int(rng.integers(1, 20))
    m = Maker("FULLY_CONNECTED")
    keep = rng.random() < 0.4
    shape: tuple[int, ...] = (1, in_c)
    if keep:
        shape = (1, *(int(n) for n in rng.integers(1, 4, int(rng.integers(0, 3)))), in_c)
    elif rng.random() < 0.2 and in_c % 2 == 0:
        shape = (1, 2, in_c // 2)
    x = m.add(shape, quant=quant(rng))
    level = scale(rng, 1e-3, 0.1)
    # a single channel's scale is per tensor
    w = filter_quant(rng, out_c, 0, level)
    data = int8_data(rng, (out_c, in_c), -127)
    if w.scale.size == 1 and rng.random() < 0.2:
        w = per_tensor(level, int(rng.integers(-20, 21)))
    m.add((out_c, in_c), quant=w, data=data, role="weights")
    assert x.quant is not None
    bias_for(rng, m, out_c, x.quant, w)
    rows = x.size // in_c
    out_shape = (*shape[:-1], out_c) if keep else (rows, out_c)
    factor = max(extreme(rng), 1e-3)
    y_scale = x.scale * level * 150 * np.sqrt(in_c) * factor
    m.add(out_shape, quant=per_tensor(y_scale, zero_point(rng)), role="out")
    return m.graph(
        keep_num_dims=bool(keep),
        weights_format="DEFAULT",
        fused_activation_function=str(rng.choice(ACTIVATIONS)),
    )


def pool(rng: Rng, kind: str) -> Graph:
    g = window(rng, dilated=False)
    c = int(rng.integers(1, 7))
    m = Maker(kind)
    both = quant(rng, high=8.0)
    m.add((1, *g["in"], c), quant=both)
    m.add((1, *g["out"], c), quant=both, role="out")
    return m.graph(
        stride_h=g["strides"][0],
        stride_w=g["strides"][1],
        padding=g["padding"],
        filter_height=g["k"][0],
        filter_width=g["k"][1],
        fused_activation_function=str(rng.choice(ACTIVATIONS)),
    )


def max_pool_2d(rng: Rng) -> Graph:
    return pool(rng, "MAX_POOL_2D")


def average_pool_2d(rng: Rng) -> Graph:
    return pool(rng, "AVERAGE_POOL_2D")
