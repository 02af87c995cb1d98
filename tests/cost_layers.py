"""Random layers and networks to measure: what the cost model is fitted with, and held against."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent / "compiler"))

from graph_kit import Kit, quant

from midge.graph import Graph

KINDS = {
    "CONV_2D": 110,
    "POINTWISE": 70,
    "DEPTHWISE_CONV_2D": 90,
    "FULLY_CONNECTED": 70,
    "MAX_POOL_2D": 25,
    "AVERAGE_POOL_2D": 25,
    "MEAN": 20,
    "ADD": 30,
    "MUL": 15,
    "SOFTMAX": 25,
    "LOGISTIC": 12,
    "QUANTIZE": 12,
    "DEQUANTIZE": 12,
    "PAD": 20,
    "CONCATENATION": 20,
}


def _size(rng: np.random.Generator, low: int, high: int) -> int:
    """Log-uniform; often a multiple of 4, as in most models."""
    n = round(float(np.exp(rng.uniform(np.log(low), np.log(high + 0.49)))))
    return max(low, n & ~3) if n > 4 and rng.random() < 0.6 else max(low, n)


def _act(rng: np.random.Generator) -> str:
    return str(rng.choice(["NONE", "RELU", "RELU6"]))


def dense(k: Kit, x: int, outputs: int, activation: str = "NONE") -> int:
    """FULLY_CONNECTED over the last axis, per-tensor weights."""
    from midge.graph import Quant

    in_c = k.shape(x)[-1]
    data = k.rng.integers(-127, 128, (outputs, in_c)).astype(np.int8)
    scale = np.array([0.01], np.float32)
    weights = k.const(data, Quant(scale, np.zeros(1, np.int64), 0))
    bias = k.rng.integers(-2000, 2000, outputs).astype(np.int32)
    bias_quant = Quant(scale * k.quant(x).scale, np.zeros(1, np.int64), 0)
    spread = float(0.01 * k.quant(x).scale[0] * 74 * 74 * np.sqrt(in_c) / 60)
    return k.op(
        "FULLY_CONNECTED",
        [x, weights, k.const(bias, bias_quant)],
        (*k.shape(x)[:-1], outputs),
        quant(spread, int(k.rng.integers(-30, 30))),
        fused_activation_function=activation,
    )


def conv(k: Kit, x: int, channels: int, **options: object) -> int:
    """A convolution whose outputs spread over most of int8, as trained ones do; its weights are
    uniform, or more or less narrow, as trained ones are."""
    _, _, _, depth = k.shape(x)
    kernel = options.get("kernel", (3, 3))
    assert isinstance(kernel, tuple)
    taps = kernel[0] * kernel[1] * (1 if options.get("depthwise") else depth)
    width = float(k.rng.choice([20, 35, 50, 74]))
    spread = float(0.0125 * k.quant(x).scale[0] * 74 * width * np.sqrt(taps) / 50)
    q = quant(spread, int(k.rng.integers(-60, 60)))
    out = k.conv(x, channels, q=q, **options)  # type: ignore[arg-type]
    weights = k.graph.tensors[k.graph.ops[-1].inputs[1]]
    if width < 74:
        values = np.rint(k.rng.normal(0, width, weights.shape))
        weights.data = np.clip(values, -127, 127).astype(np.int8)
    return out


def layer(kind: str, seed: int) -> Graph:
    """A graph of one op of the sizes that small models have."""
    k = Kit(seed)
    rng = k.rng
    q = quant(0.05, int(rng.integers(-20, 20)))
    h, w = _size(rng, 1, 40), _size(rng, 1, 40)
    if rng.random() < 0.25:
        h = 1
    c = _size(rng, 1, 64)
    stride = (1, 1) if rng.random() < 0.6 else (int(rng.integers(1, 3)), int(rng.integers(1, 3)))
    padding = str(rng.choice(["SAME", "SAME", "VALID"]))
    if kind == "CONV_2D":
        k_h, k_w = min(h, int(rng.integers(1, 6))), min(w, int(rng.integers(1, 6)))
        while h * w * c > 24000 or h * w * k_h * k_w * c > 400_000:
            h, w, c = max(k_h, h // 2), max(k_w, w * 2 // 3), max(1, c * 2 // 3)
        x = k.input((1, h, w, c), q)
        dilation = (1, 1)
        if rng.random() < 0.1 and padding == "SAME":
            stride, dilation = (1, 1), (1, 2)
        out = conv(
            k, x, _size(rng, 1, 32), kernel=(k_h, k_w), stride=stride, padding=padding,
            activation=_act(rng), dilation=dilation,
        )  # fmt: skip
    elif kind == "POINTWISE":
        while h * w * c > 24000:
            h, w = max(1, h // 2), max(1, w // 2)
        x = k.input((1, h, w, c), q)
        out = conv(k, x, _size(rng, 2, 64), kernel=(1, 1), activation=_act(rng))
    elif kind == "DEPTHWISE_CONV_2D":
        size = (3, 3) if rng.random() < 0.75 else (min(h, 4), min(w, 5))
        h, w = max(h, size[0]), max(w, size[1])
        while h * w * c > 24000:
            h, w, c = max(size[0], h // 2), max(size[1], w // 2), max(1, c // 2)
        x = k.input((1, h, w, c), q)
        out = conv(
            k, x, c, kernel=size, stride=stride, padding=padding, activation=_act(rng),
            depthwise=True,
        )  # fmt: skip
    elif kind == "FULLY_CONNECTED":
        shape = (1, _size(rng, 2, 700)) if rng.random() < 0.8 else (_size(rng, 1, 12), c)
        out = dense(k, k.input(shape, q), _size(rng, 1, 160), _act(rng))
    elif kind in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
        h, w = max(h, 4), max(w, 4)
        while h * w * c > 24000:
            h, w, c = max(4, h // 2), max(4, w // 2), max(1, c // 2)
        x = k.input((1, h, w, c), q)
        size = int(rng.choice([2, 2, 3, 4]))
        out = k.pool(kind, x, size)
    elif kind == "MEAN":
        x = k.input((1, min(h, 16), min(w, 16), c), q)
        axes = k.const(np.array([1, 2], np.int32))
        out = k.op("MEAN", [x, axes], (1, c), quant(0.03), keep_dims=False)
    elif kind in ("ADD", "MUL"):
        h, w = max(h, 16), max(w, 8 if kind == "ADD" else 1)
        while h * w * c > 12000:
            h, w = max(1, h // 2), max(1, w // 2)
        scales = [float(s) for s in np.exp(rng.uniform(-0.5, 0.5, 2))]
        a, b = k.input((1, h, w, c), q), k.input((1, h, w, c), quant(0.05 * scales[0], 3))
        y = quant(0.08 * scales[1], -5)
        out = k.op(kind, [a, b], (1, h, w, c), y, fused_activation_function="NONE")
    elif kind == "SOFTMAX":
        n = _size(rng, 2, 200)
        x = k.input((1, n), quant(float(rng.uniform(0.02, 0.2))))
        out = k.op("SOFTMAX", [x], (1, n), quant(1 / 256, -128), beta=1.0)
    elif kind == "LOGISTIC":
        n = _size(rng, 4, 4000)
        out = k.op("LOGISTIC", [k.input((1, n), q)], (1, n), quant(1 / 256, -128))
    elif kind == "QUANTIZE":
        n = _size(rng, 4, 1000)
        out = k.op("QUANTIZE", [k.input((1, n), None, "float32")], (1, n), q)
    elif kind == "DEQUANTIZE":
        n = _size(rng, 4, 1000)
        out = k.op("DEQUANTIZE", [k.input((1, n), q)], (1, n), None, "float32")
    elif kind == "PAD":
        while h * w * c > 12000:
            h, w = max(1, h // 2), max(1, w // 2)
        x = k.input((1, h, w, c), q)
        out = k.pad(x, [[0, 0], *([int(n) for n in rng.integers(0, 3, 2)] for _ in "hw"), [0, 0]])
    else:
        while h * w * c > 8000:
            h, w = max(1, h // 2), max(1, w // 2)
        a, b = k.input((1, h, w, c), q), k.input((1, h, w, 2 * c), q)
        out = k.op("CONCATENATION", [a, b], (1, h, w, 3 * c), q, axis=3)
    return k.done(out)


def network(seed: int) -> Graph:
    """A small convolutional network: stem, blocks of several kinds, a head."""
    k = Kit(seed)
    rng = k.rng
    flat = rng.random() < 0.3  # 1-D, as for motion or sound
    h, w = (1, _size(rng, 32, 128)) if flat else (_size(rng, 12, 48), _size(rng, 10, 48))
    x = k.input((1, h, w, int(rng.choice([1, 3, 3, 6]))), quant(0.05, int(rng.integers(-20, 20))))
    size = (1 if flat else 3, 3)

    def step() -> tuple[int, int]:
        return (1, 1) if rng.random() < 0.5 else (1 if flat else 2, 2)

    x = conv(
        k, x, _size(rng, 4, 20), kernel=size, stride=step(), padding="SAME", activation="RELU"
    )
    for _ in range(int(rng.integers(1, 5))):
        kind = rng.choice(["separable", "conv", "residual", "pool"])
        c = k.shape(x)[3]
        if kind == "separable":
            x = conv(
                k, x, c, kernel=size, stride=step(), padding="SAME", activation="RELU",
                depthwise=True,
            )  # fmt: skip
            x = conv(k, x, _size(rng, 8, 48), kernel=(1, 1), activation="RELU")
        elif kind == "conv":
            x = conv(
                k, x, _size(rng, 8, 24), kernel=size, stride=step(), padding="SAME",
                activation="RELU",
            )  # fmt: skip
        elif kind == "residual":
            y = conv(k, x, c, kernel=size, padding="SAME", activation="RELU")
            q = quant(float(k.quant(x).scale[0] * 1.3), -20)
            x = k.op("ADD", [x, y], k.shape(x), q, fused_activation_function="RELU")
        elif min(k.shape(x)[1:3]) >= 2:
            x = k.pool(str(rng.choice(["MAX_POOL_2D", "AVERAGE_POOL_2D"])), x)
    _, h, w, c = k.shape(x)
    if h * w * c > 600:
        x = k.op("MEAN", [x, k.const(np.array([1, 2], np.int32))], (1, c), k.quant(x))
    else:
        x = k.reshape(x, (1, h * w * c))
    if rng.random() < 0.5:
        x = dense(k, x, _size(rng, 8, 64), "RELU")
    n = _size(rng, 2, 12)
    x = dense(k, x, n)
    return k.done(k.op("SOFTMAX", [x], (1, n), quant(1 / 256, -128), beta=1.0))
