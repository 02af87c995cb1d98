"""Random cases of products of two activations, and of layers that keep state."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from case_maker import Maker, Rng, extreme, int8_data, per_tensor, quant, scale, zero_point

from midge.graph import Graph


def batch_matmul(rng: Rng) -> Graph:
    rank = int(rng.integers(2, 5))
    batch = [int(n) for n in rng.integers(1, 4, rank - 2)]
    m, n, k = (int(v) for v in rng.integers(1, 12, 3))
    k = k if rng.random() < 0.9 else 150
    adj_x, adj_y = bool(rng.random() < 0.3), bool(rng.random() < 0.3)

    def broadcast() -> list[int]:
        return [1 if rng.random() < 0.2 else size for size in batch]

    a_batch, b_batch = (broadcast(), batch) if rng.random() < 0.5 else (batch, broadcast())
    if rng.random() < 0.1:
        b_batch = []  # the other operand's rank decides
        a_batch = batch
    a, b = quant(rng), quant(rng)
    typical = float(a.scale[0]) * float(b.scale[0]) * 70 * np.sqrt(k) / 2
    out = per_tensor(typical * float(rng.uniform(0.3, 2)) * extreme(rng), zero_point(rng))
    constant = int(rng.choice([0, 0, 1, 2]))
    maker = Maker("BATCH_MATMUL")
    a_shape = (*a_batch, *((k, m) if adj_x else (m, k)))
    b_shape = (*b_batch, *((n, k) if adj_y else (k, n)))
    maker.add(a_shape, quant=a, data=int8_data(rng, a_shape) if constant == 1 else None)
    maker.add(b_shape, quant=b, data=int8_data(rng, b_shape) if constant == 2 else None)
    maker.add((*batch, m, n), quant=out, role="out")
    return maker.graph(adj_x=adj_x, adj_y=adj_y)


def lstm(rng: Rng) -> Graph:
    """As tf_keras' LSTM converts: four gates, no more."""
    return _Lstm(rng, cifg=False, peephole=False, projection=False, norm=False).graph()


def lstm_variants(rng: Rng) -> Graph:
    """All that the op can have: a coupled input gate, peepholes, a projection, normalization."""
    cifg, peephole, projection, norm = (bool(rng.random() < 0.5) for _ in range(4))
    return _Lstm(rng, cifg, peephole, projection, norm).graph()


class _Lstm:
    def __init__(self, rng: Rng, cifg: bool, peephole: bool, projection: bool, norm: bool):
        self.rng, self.maker = rng, Maker("UNIDIRECTIONAL_SEQUENCE_LSTM")
        self.gates = ("f", "c", "o") if cifg else ("i", "f", "c", "o")
        self.peephole, self.projection, self.norm = peephole, projection, norm
        self.steps, self.n_in, self.n_cell = (int(n) for n in rng.integers(1, 8, 3))
        most = self.n_cell + 1 if peephole else 8
        self.n_out = int(rng.integers(1, most)) if projection else self.n_cell
        self.x = quant(rng, low=3e-3, high=0.1)
        self.hidden = per_tensor(float(rng.uniform(0.002, 0.01)), zero_point(rng))
        self.bits = int(rng.choice([0, 1, 2, 3, 4, 4, 4, 5, 6]))
        self.unit = scale(rng, 1e-4, 3e-3)  # of a sum before its normalization

    def symmetric(self, shape: tuple[int, ...], dtype: str, value: float, most: int) -> None:
        data = self.rng.integers(-most, most + 1, shape).astype(dtype)
        if dtype == "int8" and self.rng.random() < 0.1:
            data = int8_data(self.rng, shape, -127)
        self.maker.add(shape, dtype, per_tensor(value), data, role="const")

    def each(self, gates: tuple[str, ...], present: bool, add: Callable[[], None]) -> None:
        for gate in gates:
            if present and gate in self.gates:
                add()
            else:
                self.maker.absent()

    def graph(self) -> Graph:
        rng, maker = self.rng, self.maker
        time_major = bool(rng.random() < 0.5)
        order = (self.steps, 1) if time_major else (1, self.steps)
        maker.add((*order, self.n_in), quant=self.x)
        every, n = ("i", "f", "c", "o"), self.n_cell
        weight = float(np.exp(rng.uniform(np.log(1e-3), np.log(0.05))))
        for width in (self.n_in, self.n_out):
            self.each(every, True, lambda width=width: self.symmetric(
                (n, width), "int8", weight * float(rng.uniform(0.5, 2)), 127))  # fmt: skip
        self.each(("i", "f", "o"), self.peephole, lambda: self.symmetric(
            (n,), "int16", scale(rng, 1e-6, 1e-4), 32767))  # fmt: skip
        most = 20000 if self.norm else int(4 / (weight * float(self.x.scale[0]))) + 1
        self.each(every, True, lambda: self.symmetric((n,), "int32", 1e-4, most))
        if self.projection:
            value = float(rng.uniform(0.001, 0.02))
            self.symmetric((self.n_out, n), "int8", value, 127)
            if rng.random() < 0.7:
                self.symmetric((self.n_out,), "int32", 1e-4, 8000)
            else:
                maker.absent()
        else:
            maker.absent(2)
        maker.add((1, self.n_out), quant=self.hidden, role="state")
        maker.add((1, n), "int16", per_tensor(2.0 ** (self.bits - 15)), role="state")
        if self.norm:
            self.each(every, True, lambda: self.symmetric(
                (n,), "int16", scale(rng, 1e-5, 1e-4), 32767))  # fmt: skip
        elif rng.random() < 0.7:
            maker.absent(4)
        dtype, unit = ("int16", per_tensor(self.unit)) if self.norm else ("float32", None)
        for _ in range(4):
            maker.add((), dtype, unit, role="intermediate")
        value = self.hidden
        if self.projection or rng.random() < 0.3:
            value = per_tensor(float(rng.uniform(0.004, 0.012)), zero_point(rng))
        maker.add((), "int8", value, role="intermediate")
        maker.add((*order, self.n_out), quant=self.hidden, role="out")
        return maker.graph(
            fused_activation_function="TANH",
            cell_clip=float(rng.choice([0.0, 10.0, 10.0, 1.5, 0.3])),
            proj_clip=float(rng.choice([0.0, 0.0, 0.5])),
            time_major=time_major,
        )


def svdf(rng: Rng) -> Graph:
    rank, units, memory, n_in = (int(n) for n in rng.integers(1, (4, 9, 12, 20)))
    filters = rank * units
    x, feature = quant(rng), scale(rng, 1e-3, 0.1)
    state = float(x.scale[0]) * feature * 5000 * np.sqrt(n_in) / 20000 * float(rng.uniform(0.3, 2))
    time = scale(rng, 1e-5, 1e-3)
    most = int(rng.choice([300, 3000, 32767]))
    out = state * time * 9000 * most * 0.6 * np.sqrt(memory * rank) / 80 * extreme(rng)
    maker = Maker("SVDF")
    maker.add((1, n_in), quant=x)
    maker.add((filters, n_in), quant=per_tensor(feature), data=int8_data(rng, (filters, n_in)))
    times = rng.integers(-most, most + 1, (filters, memory)).astype(np.int16)
    maker.add((filters, memory), "int16", per_tensor(time), times)
    if rng.random() < 0.7:
        bias = rng.integers(-(10**6), 10**6, units).astype(np.int32)
        maker.add((units,), "int32", per_tensor(state * time), bias)
    else:
        maker.absent()
    maker.add((1, filters * memory), "int16", per_tensor(state), role="state")
    maker.add((1, units), quant=per_tensor(out, zero_point(rng)), role="out")
    return maker.graph(rank=rank, fused_activation_function="RELU")
