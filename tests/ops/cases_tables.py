"""Random cases of ops with one 8-bit input; all 256 values go through each."""

from __future__ import annotations

from case_maker import Maker, Rng, all_bytes, per_tensor, quant, scale, zero_point

from midge.graph import Graph


def elu(rng: Rng) -> Graph:
    return all_bytes(rng, "ELU", quant(rng), 1e-3, 1)


def gelu(rng: Rng) -> Graph:
    return all_bytes(rng, "GELU", quant(rng), 1e-3, 1, approximate=bool(rng.random() < 0.5))


def exp(rng: Rng) -> Graph:
    """No value leaves int32, where LiteRT is undefined."""
    return all_bytes(rng, "EXP", quant(rng, low=1e-3, high=3.0), 1e-4, 0.05)


def log(rng: Rng) -> Graph:
    return all_bytes(rng, "LOG", quant(rng, low=5e-3, high=0.2), 1e-4, 1)


def _root(rng: Rng, kind: str, power: float, low: float, high: float) -> Graph:
    """The output's scale follows from the input's; mostly a zero point of -128."""
    m = Maker(kind)
    zero = -128 if rng.random() < 0.7 else int(rng.integers(-127, 100))
    x = m.add((1, 256), quant=per_tensor(scale(rng, 1e-5, 1), zero))
    natural = (x.scale * 30) ** power / 60 * scale(rng, low, high)
    m.add((1, 256), quant=per_tensor(natural, zero_point(rng)), role="out")
    return m.graph()


def sqrt(rng: Rng) -> Graph:
    return _root(rng, "SQRT", 0.5, 0.3, 3)


def rsqrt(rng: Rng) -> Graph:
    return _root(rng, "RSQRT", -0.5, 0.5, 30)


def abs_(rng: Rng) -> Graph:
    graph = all_bytes(rng, "ABS", quant(rng))
    if rng.random() < 0.4:
        x, y = graph.tensors[0], graph.tensors[1]
        y.quant = per_tensor(x.scale, y.zero_point)
    return graph


def neg(rng: Rng) -> Graph:
    return all_bytes(rng, "NEG", quant(rng))
