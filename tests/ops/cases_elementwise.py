"""Random cases of all ops but those with windows and weights."""

from __future__ import annotations

import numpy as np
from case_maker import (
    Maker,
    Rng,
    all_bytes,
    int8_data,
    per_tensor,
    quant,
)

from midge.graph import Graph


def pad(rng: Rng) -> Graph:
    kind = str(rng.choice(["PAD", "PADV2"]))
    rank = int(rng.integers(1, 5))
    dtype = str(rng.choice(["int8", "int8", "uint8"]))
    shape = tuple(int(n) for n in rng.integers(1, 5, rank))
    amounts = rng.integers(0, 4, (rank, 2)).astype(np.int32)
    both = quant(rng, dtype)
    m = Maker(kind)
    m.add(shape, dtype, both)
    m.add((rank, 2), "int32", data=amounts, role="paddings")
    if kind == "PADV2":
        low, high = (-128, 127) if dtype == "int8" else (0, 255)
        fill = np.array([rng.integers(low, high + 1)], dtype)
        m.add((1,), dtype, both, fill, "fill")
    out = tuple(int(n + p.sum()) for n, p in zip(shape, amounts, strict=True))
    m.add(out, dtype, both, role="out")
    return m.graph()


def concatenation(rng: Rng) -> Graph:
    rank = int(rng.integers(1, 5))
    axis = int(rng.integers(0, rank))
    dtype = str(rng.choice(["int8", "int8", "uint8", "float32"]))
    shape = [int(n) for n in rng.integers(1, 5, rank)]
    both = quant(rng, dtype) if dtype != "float32" else None
    m = Maker("CONCATENATION")
    total = 0
    for i in range(int(rng.integers(1, 5))):
        shape[axis] = int(rng.integers(1, 5))
        total += shape[axis]
        constant = i > 0 and dtype == "int8" and rng.random() < 0.2
        m.add(tuple(shape), dtype, both, int8_data(rng, tuple(shape)) if constant else None)
    shape[axis] = total
    m.add(tuple(shape), dtype, both, role="out")
    return m.graph(
        axis=axis - rank if rng.random() < 0.3 else axis, fused_activation_function="NONE"
    )


def _factor(rng: Rng, n: int) -> tuple[int, ...]:
    """A random shape of n elements, rank 1...4."""
    shape = []
    for _ in range(int(rng.integers(0, 4))):
        divisors = [d for d in range(1, n + 1) if n % d == 0]
        d = int(rng.choice(divisors))
        shape.append(d)
        n //= d
    return (*shape, n)


def reshape(rng: Rng) -> Graph:
    kind = str(rng.choice(["RESHAPE", "SQUEEZE", "EXPAND_DIMS"]))
    both = quant(rng)
    m = Maker(kind)
    if kind == "RESHAPE":
        n = int(rng.integers(1, 60))
        m.add(_factor(rng, n), quant=both)
        out = _factor(rng, n)
        m.add((len(out),), "int32", data=np.array(out, np.int32), role="shape")
        m.add(out, quant=both, role="out")
        return m.graph(new_shape=out)
    full = [1 if rng.random() < 0.5 else int(n) for n in rng.integers(1, 6, 4)]
    if kind == "SQUEEZE":
        m.add(tuple(full), quant=both)
        m.add(tuple(n for n in full if n != 1), quant=both, role="out")
        return m.graph(squeeze_dims=tuple(i for i, n in enumerate(full) if n == 1))
    axis = int(rng.integers(0, 4))
    m.add(tuple(full[:3]), quant=both)
    m.add((1,), "int32", data=np.array([axis], np.int32), role="axis")
    m.add((*full[:axis], 1, *full[axis:3]), quant=both, role="out")
    return m.graph()


def softmax(rng: Rng) -> Graph:
    rank = int(rng.integers(1, 5))
    shape = tuple(int(n) for n in rng.integers(1, 4, rank - 1))
    depth = int(rng.choice([1, 2, 3, 5, 12, 40, 200]))
    m = Maker("SOFTMAX")
    m.add((*shape, depth), quant=quant(rng, low=1e-6, high=20.0))
    m.add((*shape, depth), quant=per_tensor(1 / 256, -128), role="out")
    return m.graph(beta=float(np.float32(rng.choice([1.0, 1.0, 0.5, 3.7]))))


def logistic(rng: Rng) -> Graph:
    return all_bytes(rng, "LOGISTIC", per_tensor(1 / 256, -128), 1e-4, 50)


def tanh(rng: Rng) -> Graph:
    return all_bytes(rng, "TANH", per_tensor(1 / 128, 0), 1e-4, 50)


def relu(rng: Rng) -> Graph:
    kind = str(rng.choice(["RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1"]))
    return all_bytes(rng, kind, quant(rng), 1e-3, 2)


def leaky_relu(rng: Rng) -> Graph:
    return all_bytes(rng, "LEAKY_RELU", quant(rng), alpha=float(np.float32(rng.uniform(0, 1.5))))


def hard_swish(rng: Rng) -> Graph:
    graph = all_bytes(rng, "HARD_SWISH", quant(rng), 1e-3, 1)
    x, y = graph.tensors[0], graph.tensors[1]
    y.quant = per_tensor(max(y.scale, x.scale / 120), y.zero_point)
    return graph


def requantize(rng: Rng) -> Graph:
    from_dtype, to_dtype = (
        str(d)
        for d in rng.choice(
            [("int8", "int8"), ("int8", "uint8"), ("uint8", "int8"), ("uint8", "uint8")]
        )
    )
    m = Maker("QUANTIZE")
    x = quant(rng, from_dtype)
    y = quant(rng, to_dtype)
    if rng.random() < 0.3:
        y = per_tensor(float(x.scale[0]), y.zero_point[0])
    m.add((1, 256), from_dtype, x)
    m.add((1, 256), to_dtype, y, role="out")
    return m.graph()


def quantize(rng: Rng) -> Graph:
    dtype = str(rng.choice(["int8", "uint8"]))
    m = Maker("QUANTIZE")
    m.add((1, 64), "float32")
    m.add((1, 64), dtype, quant(rng, dtype), role="out")
    return m.graph()


def dequantize(rng: Rng) -> Graph:
    dtype = str(rng.choice(["int8", "uint8"]))
    m = Maker("DEQUANTIZE")
    m.add((1, 256), dtype, quant(rng, dtype, 1e-8, 1e8))
    m.add((1, 256), "float32", role="out")
    return m.graph()
