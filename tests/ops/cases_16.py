"""Random cases of 16x8: int16 activations with zero point 0, int8 weights, int64 biases."""

from __future__ import annotations

from typing import Any

import numpy as np
from case_maker import ACTIVATIONS, Maker, Rng, extreme, int8_data, int16_data, per_tensor, scale
from cases_elementwise import quant as quant_8
from cases_window import filter_quant, out_scale, window

from midge.graph import Graph, Quant

_ONE = per_tensor(2.0**-15)  # what LOGISTIC, TANH and SOFTMAX give


def quant(rng: Rng, low: float = 1e-5, high: float = 1e-2) -> Quant:
    return per_tensor(scale(rng, low, high))


def _bias(rng: Rng, m: Maker, n: int, x: Quant, w: Quant) -> None:
    """An int64 bias; absent now and then where the oracle lets it; seldom beyond int32."""
    if m.op.kind != "CONV_2D" and rng.random() < 0.15:
        if m.op.kind == "FULLY_CONNECTED" and rng.random() < 0.5:
            m.op.inputs.append(-1)
        return
    sizes = [100, 2**20, 2**26, 2**31, 2**36]
    size = int(rng.choice(sizes, p=[0.3, 0.3, 0.3, 0.05, 0.05]))
    data = rng.integers(-size, size + 1, n).astype(np.int64)
    scales = (x.scale.astype(np.float64) * w.scale).astype(np.float32)
    m.add((n,), "int64", Quant(scales, np.zeros(scales.size, np.int64), 0), data, "bias")


def _weighted(
    rng: Rng,
    kind: str,
    x_shape: tuple[int, ...],
    w_shape: tuple[int, ...],
    axis: int,
    out_shape: tuple[int, ...],
    **attrs: Any,
) -> Graph:
    out_c = w_shape[axis]
    taps = int(np.prod(w_shape)) // out_c
    m = Maker(kind)
    x = m.add(x_shape, "int16", quant(rng))
    level = scale(rng, 1e-3, 0.1)
    w = filter_quant(rng, out_c, axis, level)
    m.add(w_shape, quant=w, data=int8_data(rng, w_shape, -127), role="filter")
    assert x.quant is not None
    _bias(rng, m, out_c, x.quant, w)
    level *= float(np.sqrt(taps)) * 40 * max(extreme(rng), 2e-3)
    y_scale = out_scale(x.scale * level)
    if kind == "FULLY_CONNECTED":  # where scaled sums leave int32, LiteRT is undefined
        b = next((np.abs(t.data).max() for t in m.tensors[2:] if t.data is not None), 0)
        most = (b + taps * 127 * 32768) * x.scale * float(w.scale.max())
        y_scale = max(y_scale, most / 2**31)
    y = per_tensor(y_scale)
    m.add(out_shape, "int16", y, role="out")
    if kind != "DEPTHWISE_CONV_2D" and rng.random() < 0.8:
        attrs["quantized_bias_type"] = "int64"
    return m.graph(**attrs, fused_activation_function=str(rng.choice(ACTIVATIONS)))


def _window_attrs(g: dict[str, Any]) -> dict[str, Any]:
    return {
        "stride_h": g["strides"][0],
        "stride_w": g["strides"][1],
        "padding": g["padding"],
        "dilation_h_factor": g["dilations"][0],
        "dilation_w_factor": g["dilations"][1],
    }


def conv_2d(rng: Rng) -> Graph:
    g = window(rng)
    groups = int(rng.choice([1, 1, 1, 2, 3]))
    depth, filters = int(rng.choice([1, 2, 3, 4, 8, 40])), int(rng.integers(1, 6))
    shape = (filters * groups, *g["k"], depth)
    return _weighted(
        rng,
        "CONV_2D",
        (1, *g["in"], depth * groups),
        shape,
        0,
        (1, *g["out"], filters * groups),
        **_window_attrs(g),
    )


def depthwise_conv_2d(rng: Rng) -> Graph:
    g = window(rng)
    in_c, multiplier = int(rng.integers(1, 7)), int(rng.choice([1, 1, 1, 2, 3]))
    out_c = in_c * multiplier
    return _weighted(
        rng,
        "DEPTHWISE_CONV_2D",
        (1, *g["in"], in_c),
        (1, *g["k"], out_c),
        3,
        (1, *g["out"], out_c),
        depth_multiplier=multiplier,
        **_window_attrs(g),
    )


def fully_connected(rng: Rng) -> Graph:
    in_c, out_c = int(rng.choice([1, 2, 7, 40, 64, 300, 700])), int(rng.integers(1, 20))
    keep = bool(rng.random() < 0.3)
    shape: tuple[int, ...] = (1, in_c)
    if keep:
        shape = (1, *(int(n) for n in rng.integers(1, 4, int(rng.integers(0, 3)))), in_c)
    out_shape = (*shape[:-1], out_c)
    return _weighted(
        rng,
        "FULLY_CONNECTED",
        shape,
        (out_c, in_c),
        0,
        out_shape,
        keep_num_dims=keep,
        weights_format="DEFAULT",
    )


def _pool(rng: Rng, kind: str) -> Graph:
    g = window(rng, dilated=False)
    c = int(rng.integers(1, 7))
    both = quant(rng, high=1.0)
    m = Maker(kind)
    m.add((1, *g["in"], c), "int16", both)
    m.add((1, *g["out"], c), "int16", both, role="out")
    return m.graph(
        stride_h=g["strides"][0],
        stride_w=g["strides"][1],
        padding=g["padding"],
        filter_height=g["k"][0],
        filter_width=g["k"][1],
        fused_activation_function=str(rng.choice(ACTIVATIONS)),
    )


def max_pool_2d(rng: Rng) -> Graph:
    return _pool(rng, "MAX_POOL_2D")


def average_pool_2d(rng: Rng) -> Graph:
    return _pool(rng, "AVERAGE_POOL_2D")


def _reduction(rng: Rng, kind: str) -> Graph:
    rank = int(rng.integers(1, 5))
    shape = tuple(int(n) for n in rng.integers(1, 7, rank))
    axes = rng.permutation(rank)[: int(rng.integers(1, rank + 1))]
    keep = bool(rng.random() < 0.5)
    m = Maker(kind)
    x = m.add(shape, "int16", quant(rng))
    m.add((len(axes),), "int32", data=axes.astype(np.int32), role="axes")
    out = tuple(1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes)
    y = (
        x.quant
        if kind == "REDUCE_MAX"
        else per_tensor(x.scale * scale(rng, 0.1, 2) * extreme(rng))
    )
    m.add(out, "int16", y, role="out")
    return m.graph(keep_dims=keep)


def mean(rng: Rng) -> Graph:
    return _reduction(rng, "MEAN")


def reduce_max(rng: Rng) -> Graph:
    return _reduction(rng, "REDUCE_MAX")


def _binary(rng: Rng, kind: str) -> Graph:
    rank = int(rng.integers(1, 5))
    full = [int(n) for n in rng.integers(1, 6, rank)]
    shapes = []
    for _ in range(2):
        thin = [1 if rng.random() < 0.25 else n for n in full]
        shapes.append(tuple(full if rng.random() < 0.5 else thin))
    m = Maker(kind)
    constant = int(rng.choice([-1, -1, 0, 1]))
    for i, shape in enumerate(shapes):
        data = int16_data(rng, shape) if constant == i else None
        m.add(shape, "int16", quant(rng), data)
    a, b = m.tensors
    natural = a.scale * b.scale * 1e4 if kind == "MUL" else a.scale + b.scale
    y = per_tensor(out_scale(natural * scale(rng, 0.3, 3) * max(extreme(rng), 1e-3)))
    m.add(np.broadcast_shapes(*shapes), "int16", y, role="out")
    attrs = {} if kind == "MUL" else {"pot_scale_int16": False}
    return m.graph(fused_activation_function=str(rng.choice(ACTIVATIONS)), **attrs)


def add(rng: Rng) -> Graph:
    return _binary(rng, "ADD")


def sub(rng: Rng) -> Graph:
    return _binary(rng, "SUB")


def mul(rng: Rng) -> Graph:
    return _binary(rng, "MUL")


def pad(rng: Rng) -> Graph:
    kind = str(rng.choice(["PAD", "PADV2"]))
    rank = int(rng.integers(1, 5))
    shape = tuple(int(n) for n in rng.integers(1, 5, rank))
    amounts = rng.integers(0, 4, (rank, 2)).astype(np.int32)
    both = quant(rng)
    m = Maker(kind)
    m.add(shape, "int16", both)
    m.add((rank, 2), "int32", data=amounts, role="paddings")
    if kind == "PADV2":
        m.add((1,), "int16", both, rng.integers(-32768, 32768, 1).astype(np.int16), "value")
    out = tuple(int(n + a + b) for n, (a, b) in zip(shape, amounts, strict=True))
    m.add(out, "int16", both, role="out")
    return m.graph()


def concatenation(rng: Rng) -> Graph:
    both = quant(rng)
    rows, sizes = int(rng.integers(1, 5)), [int(n) for n in rng.integers(1, 6, 3)]
    axis = int(rng.integers(0, 2))
    m = Maker("CONCATENATION")
    for size in sizes:
        m.add((rows, size) if axis else (size, rows), "int16", both)
    total = sum(sizes)
    m.add((rows, total) if axis else (total, rows), "int16", both, role="out")
    return m.graph(axis=axis, fused_activation_function="NONE")


def softmax(rng: Rng) -> Graph:
    rank = int(rng.integers(1, 5))
    shape = tuple(int(n) for n in rng.integers(1, 4, rank - 1))
    depth = int(rng.choice([1, 2, 3, 5, 12, 40, 200]))
    m = Maker("SOFTMAX")
    m.add((*shape, depth), "int16", quant(rng, 1e-7, 1e-1))
    m.add((*shape, depth), "int16", _ONE, role="out")
    return m.graph(beta=float(np.float32(rng.choice([1.0, 1.0, 0.5, 3.7]))))


def _line(rng: Rng, kind: str, x: Quant, y: Quant, **attrs: Any) -> Graph:
    m = Maker(kind)
    m.add((1, 256), "int16", x)
    m.add((1, 256), "int16", y, role="out")
    return m.graph(**attrs)


def logistic(rng: Rng) -> Graph:
    return _line(rng, "LOGISTIC", quant(rng, 1e-6, 0.1), _ONE)


def tanh(rng: Rng) -> Graph:
    return _line(rng, "TANH", quant(rng, 1e-6, 0.1), _ONE)


def relu(rng: Rng) -> Graph:
    kind = str(rng.choice(["RELU", "RELU6"]))
    return _line(rng, kind, quant(rng), quant(rng))


def leaky_relu(rng: Rng) -> Graph:
    alpha = float(np.float32(rng.uniform(0, 1.5)))
    return _line(rng, "LEAKY_RELU", quant(rng), quant(rng), alpha=alpha)


def requantize(rng: Rng) -> Graph:
    pairs = [("int16", "int16"), ("int16", "int8"), ("int8", "int16")]
    from_dtype, to_dtype = (str(d) for d in rng.choice(pairs))
    m = Maker("QUANTIZE")
    for dtype, role in ((from_dtype, "in"), (to_dtype, "out")):
        one = quant(rng) if dtype == "int16" else quant_8(rng)
        m.add((1, 256), dtype, one, role=role)
    return m.graph()


def quantize(rng: Rng) -> Graph:
    m = Maker("QUANTIZE")
    m.add((1, 64), "float32")
    m.add((1, 64), "int16", quant(rng, 1e-6, 1e-1), role="out")
    return m.graph()


def dequantize(rng: Rng) -> Graph:
    m = Maker("DEQUANTIZE")
    m.add((1, 256), "int16", quant(rng, 1e-8, 1e8))
    m.add((1, 256), "float32", role="out")
    return m.graph()


GENERATORS = {
    f"{function.__name__}_16": function
    for function in (
        conv_2d, depthwise_conv_2d, fully_connected, max_pool_2d, average_pool_2d, mean,
        reduce_max, add, sub, mul, pad, concatenation, softmax, logistic, tanh, relu,
        leaky_relu, requantize, quantize, dequantize,
    )
}  # fmt: skip
