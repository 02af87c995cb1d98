"""Random cases of ops that make fewer values of several, and of normalizations."""

from __future__ import annotations

import numpy as np
from case_maker import Maker, Rng, extreme, per_tensor, quant, scale, zero_point

from midge.graph import Graph, Quant, Tensor


def output_quant(rng: Rng, kind: str, x: Tensor, count: int) -> Quant:
    assert x.quant is not None
    if kind == "MEAN":
        return per_tensor(x.scale * scale(rng, 0.1, 2) * extreme(rng), zero_point(rng))
    if kind == "SUM":
        natural = x.scale * np.sqrt(count) * scale(rng, 0.1, 3)
        return per_tensor(natural * extreme(rng), zero_point(rng))
    if kind == "REDUCE_PROD":  # each factor is about 60 steps
        power = float(np.clip(count * np.log(x.scale * 60), -60, 60))
        return per_tensor(np.exp(power) / 60 * scale(rng, 0.3, 3), zero_point(rng))
    return x.quant


def reduction(rng: Rng, kind: str) -> Graph:
    """Over any of up to four axes, and over some of five."""
    rank = int(rng.integers(1, 6))
    shape = tuple(int(n) for n in rng.integers(1, 7 if rank < 5 else 4, rank))
    axes = rng.permutation(min(rank, 4))[: int(rng.integers(1, min(rank, 4) + 1))]
    if rank == 5:
        axes = rng.permutation([[0], [1, 2], [3, 4], [0, 1], [2, 3, 4]][int(rng.integers(5))])
        if kind == "REDUCE_MAX":
            shape, axes = (1, *shape[1:]), rng.permutation([1, 2])
    keep = bool(rng.random() < 0.5)
    m = Maker(kind)
    x = m.add(shape, quant=quant(rng, low=1e-3, high=0.2 if kind == "REDUCE_PROD" else 1.0))
    signed = np.array([a - rank if rng.random() < 0.3 else a for a in axes], np.int32)
    m.add((len(signed),), "int32", data=signed, role="axes")
    out = tuple(1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes)
    count = int(np.prod([shape[a] for a in axes]))
    m.add(out, quant=output_quant(rng, kind, x, count), role="out")
    return m.graph(keep_dims=keep)


def mean(rng: Rng) -> Graph:
    return reduction(rng, "MEAN")


def sum_(rng: Rng) -> Graph:
    return reduction(rng, "SUM")


def reduce_max(rng: Rng) -> Graph:
    return reduction(rng, "REDUCE_MAX")


def reduce_min(rng: Rng) -> Graph:
    return reduction(rng, "REDUCE_MIN")


def reduce_prod(rng: Rng) -> Graph:
    return reduction(rng, "REDUCE_PROD")


def _arg(rng: Rng, kind: str) -> Graph:
    rank = int(rng.integers(1, 5))
    shape = tuple(int(n) for n in rng.integers(1, 7, rank))
    axis = int(rng.integers(0, rank))
    m = Maker(kind)
    m.add(shape, quant=quant(rng))
    signed = axis - rank if rng.random() < 0.3 else axis
    m.add((), "int32", data=np.array(signed, np.int32), role="axis")
    m.add(shape[:axis] + shape[axis + 1 :], "int32", role="out")
    return m.graph(output_type="int32")


def arg_max(rng: Rng) -> Graph:
    return _arg(rng, "ARG_MAX")


def arg_min(rng: Rng) -> Graph:
    return _arg(rng, "ARG_MIN")


def _rows(rng: Rng, kind: str, x: Quant, y: Quant, **attrs: str) -> Graph:
    rank = int(rng.integers(1, 5))
    shape = tuple(int(n) for n in rng.integers(1, 4, rank - 1))
    depth = int(rng.choice([1, 2, 3, 5, 12, 40, 200]))
    m = Maker(kind)
    m.add((*shape, depth), quant=x)
    m.add((*shape, depth), quant=y, role="out")
    return m.graph(**attrs)


def l2_normalization(rng: Rng) -> Graph:
    none = {"fused_activation_function": "NONE"}
    return _rows(rng, "L2_NORMALIZATION", quant(rng), per_tensor(1 / 128, 0), **none)


def log_softmax(rng: Rng) -> Graph:
    return _rows(rng, "LOG_SOFTMAX", quant(rng, low=1e-5, high=3.0), per_tensor(1 / 16, 127))
