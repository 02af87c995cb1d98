"""Random cases inside the range that the packed kernels take, at the ends of their lanes."""

from __future__ import annotations

import numpy as np
from case_maker import ACTIVATIONS, Maker, Rng, per_tensor, quant, scale, zero_point
from cases_window import bias_for, filter_quant, out_size

from midge.graph import Graph


def adversarial(rng: Rng, shape: tuple[int, ...]) -> np.ndarray:
    """Weights: uniform, of size 127, near where two or three fill a lane, most of them 0."""
    kind = rng.random()
    if kind < 0.3:
        return rng.choice(np.array([-127, 127], np.int8), shape)
    if kind < 0.5:
        return (rng.choice([-1, 1], shape) * rng.integers(80, 128, shape)).astype(np.int8)
    if kind < 0.6:
        return np.where(rng.random(shape) < 0.5, -127, -128).astype(np.int8)
    if kind < 0.7:  # mostly zeros, whole channels of them too
        return (rng.integers(-128, 128, shape) * (rng.random(shape) < 0.2)).astype(np.int8)
    return rng.integers(-127, 128, shape).astype(np.int8)


def finish(
    rng: Rng, m: Maker, depthwise: bool, weights: np.ndarray, out: tuple[int, ...], **attrs: int
) -> Graph:
    x = m.tensors[0]
    assert x.quant is not None
    level = scale(rng, 1e-3, 0.05)
    out_c = out[-1]
    w = filter_quant(rng, out_c, 3 if depthwise else 0, level)
    m.add(weights.shape, quant=w, data=weights, role="filter")
    bias_for(rng, m, out_c, x.quant, w)
    size = float(np.abs(weights.astype(float)).mean()) + 1
    taps = weights.size // out_c
    y_scale = x.scale * level * size * np.sqrt(taps) * float(np.exp(rng.uniform(-1.5, 1.5)))
    m.add((1, *out), quant=per_tensor(y_scale, zero_point(rng)), role="out")
    activation = str(rng.choice(ACTIVATIONS))
    return m.graph(fused_activation_function=activation, **attrs)


def conv_2d_ordinary(rng: Rng) -> Graph:
    h, w, in_c = (int(n) for n in rng.integers(1, 14, 3))
    k_h, k_w = (1, 1) if rng.random() < 0.4 else (int(n) for n in rng.integers(1, 5, 2))
    strides = [int(n) for n in rng.integers(1, 3, 2)]
    dilations = [int(rng.integers(1, 3)) if rng.random() < 0.2 else 1 for _ in "hw"]
    if rng.random() < 0.4:
        in_c = (in_c + 3) & ~3
    out = tuple(
        out_size(n, k, s, d, "SAME")
        for n, k, s, d in zip((h, w), (k_h, k_w), strides, dilations, strict=True)
    )
    m = Maker("CONV_2D")
    m.add((1, h, w, in_c), quant=quant(rng))
    out_c = int(rng.integers(1, 9))
    weights = adversarial(rng, (out_c, k_h, k_w, in_c))
    return finish(
        rng, m, False, weights, (*out, out_c), stride_h=strides[0], stride_w=strides[1],
        dilation_h_factor=dilations[0], dilation_w_factor=dilations[1], padding="SAME",
    )  # fmt: skip


def depthwise_3x3(rng: Rng) -> Graph:
    padding = str(rng.choice(["SAME", "VALID"]))
    h, w = (int(n) for n in rng.integers(3 if padding == "VALID" else 1, 14, 2))
    strides = [int(n) for n in rng.integers(1, 4, 2)]
    out = tuple(out_size(n, 3, s, 1, padding) for n, s in zip((h, w), strides, strict=True))
    c = int(rng.integers(1, 9))
    m = Maker("DEPTHWISE_CONV_2D")
    m.add((1, h, w, c), quant=quant(rng))
    weights = adversarial(rng, (1, 3, 3, c))
    return finish(
        rng, m, True, weights, (*out, c), stride_h=strides[0], stride_w=strides[1],
        dilation_h_factor=1, dilation_w_factor=1, padding=padding, depth_multiplier=1,
    )  # fmt: skip


def _large(rng: Rng, kind: str) -> Graph:
    """Of two alike, or of one and a row or a picture's line that is repeated along it."""
    m = Maker(kind)
    shape = (1, int(rng.integers(8, 20)), 16, int(rng.integers(8, 20)))
    shapes = [shape, [shape, (1, 1, *shape[2:]), shape[3:]][rng.integers(3)]]
    first, second = rng.permutation(2)
    a = m.add(shapes[first], quant=quant(rng))
    assert a.quant is not None
    near = a.scale * float(np.exp(rng.uniform(-1, 1)))
    b = m.add(shapes[second], quant=per_tensor(near, zero_point(rng)))
    y = max(a.scale, b.scale) * float(np.exp(rng.uniform(-1, 1)))
    m.add(shape, quant=per_tensor(y, zero_point(rng)), role="out")
    return m.graph(fused_activation_function=str(rng.choice(ACTIVATIONS)))


def add_large(rng: Rng) -> Graph:
    return _large(rng, "ADD")


def sub_large(rng: Rng) -> Graph:
    return _large(rng, "SUB")
