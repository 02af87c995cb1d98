"""Random cases of the elementwise ops of two inputs, with broadcasting up to rank 5."""

from __future__ import annotations

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


def shape_pair(rng: Rng) -> list[tuple[int, ...]]:
    """Two shapes that broadcast together, along at most four separate axes."""
    rank = int(rng.integers(1, 6))
    full = [int(n) for n in rng.integers(1, 6 if rank < 5 else 4, rank)]
    shapes = []
    for _ in range(2):
        thin = [1 if rng.random() < 0.25 else n for n in full]
        if rank == 5:
            thin[2:4] = full[2:4]
        keep = int(rng.integers(1, rank + 1)) if rng.random() < 0.3 else rank
        keep = keep if rank < 5 or keep > 3 else 5
        shapes.append(tuple(full if rng.random() < 0.4 else thin[rank - keep :]))
    return shapes


def operands(rng: Rng, kind: str, quants: list[Quant]) -> Maker:
    """A graph of ``kind`` with its two inputs, one of them constant in half of the cases."""
    m = Maker(kind)
    constant = int(rng.choice([-1, -1, 0, 1]))
    for i, (shape, q) in enumerate(zip(shape_pair(rng), quants, strict=True)):
        m.add(shape, quant=q, data=int8_data(rng, shape) if constant == i else None)
    return m


def output(m: Maker, q: Quant) -> None:
    m.add(np.broadcast_shapes(*(t.shape for t in m.tensors)), quant=q, role="out")


def arithmetic(rng: Rng, kind: str) -> Graph:
    m = operands(rng, kind, [quant(rng), quant(rng)])
    a, b = m.tensors
    natural = a.scale * b.scale * 100 if kind == "MUL" else a.scale + b.scale
    output(m, per_tensor(natural * scale(rng, 0.3, 3) * max(extreme(rng), 1e-3), zero_point(rng)))
    return m.graph(fused_activation_function=str(rng.choice(ACTIVATIONS)))


def add(rng: Rng) -> Graph:
    return arithmetic(rng, "ADD")


def sub(rng: Rng) -> Graph:
    return arithmetic(rng, "SUB")


def mul(rng: Rng) -> Graph:
    return arithmetic(rng, "MUL")


def maximum(rng: Rng) -> Graph:
    both = quant(rng)
    m = operands(rng, "MAXIMUM", [both, both])
    output(m, both)
    return m.graph()


def minimum(rng: Rng) -> Graph:
    both = quant(rng)
    m = operands(rng, "MINIMUM", [both, both])
    output(m, both)
    return m.graph()


def squared_difference(rng: Rng) -> Graph:
    m = operands(rng, "SQUARED_DIFFERENCE", [quant(rng), quant(rng)])
    largest = max(t.scale for t in m.tensors)
    low = 4 * largest**2 / 2**14  # the oracle stops at a multiplier of 1
    natural = (100 * largest) ** 2 / 255 * scale(rng, 0.3, 3) * max(extreme(rng), 1e-3)
    output(m, per_tensor(max(natural, low * 1.001), zero_point(rng)))
    return m.graph()


def div(rng: Rng) -> Graph:
    """The divisor is away from 0, where LiteRT stops, and the quotient's scale such that no
    result is under 2**-32 of a step, where it is undefined."""
    m = Maker("DIV")
    a, b = quant(rng), quant(rng)
    shapes = shape_pair(rng)
    zero = int(b.zero_point[0])
    values = np.setdiff1d(np.arange(-128, 128), [zero])
    if rng.random() < 0.5:  # of one sign
        values = values[values > zero] if zero < 100 else values[values < zero]
    data = rng.choice(values, shapes[1]).astype(np.int8)
    m.add(shapes[0], quant=a)
    m.add(shapes[1], quant=b, data=data)
    natural = float(a.scale[0] / b.scale[0]) * scale(rng, 3e-4, 0.0155)
    output(m, per_tensor(natural, zero_point(rng)))
    return m.graph(fused_activation_function=str(rng.choice(ACTIVATIONS)))


def prelu(rng: Rng) -> Graph:
    """The slopes are constant, as in Keras, and broadcast as its ``shared_axes`` do."""
    m = Maker("PRELU")
    rank = int(rng.integers(1, 5))
    shape = tuple(int(n) for n in rng.integers(1, 6, rank))
    x = m.add(shape, quant=quant(rng))
    keep = int(rng.integers(1, rank + 1))
    thin = [1 if rng.random() < 0.5 else n for n in shape]
    slopes = tuple(shape if rng.random() < 0.3 else thin[rank - keep :])
    q = quant(rng, low=1e-3, high=0.02)
    m.add(slopes, quant=q, data=int8_data(rng, slopes), role="slopes")
    m.add(shape, quant=per_tensor(x.scale * scale(rng, 0.2, 3), zero_point(rng)), role="out")
    return m.graph()
