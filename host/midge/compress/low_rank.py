"""Dense and pointwise layers as a product of two thin ones, by singular values."""

from __future__ import annotations

import numpy as np

from midge.compress.net import Layer, Net

_POINTWISE = ("Conv1D", "Conv2D")
_BLOCK = 4  # channels in between: kernels take them by two and by four
# Multiplications that take as long as the rest of one output (its bias, requantization and loop):
# 125 cycles against 3.5 a product in packed dense layers of a Cortex-M0+, by the cost model.
_OUTPUT = 36
_NOTHING = 1e-9  # of the energy: float32's rounding


def factorize(net: Net, share: float) -> tuple[Net, int]:
    """The network with some dense and pointwise layers in two, and how many those are.

    A layer ``x W`` becomes ``(x U) V`` of the singular value decomposition's largest components.
    All such layers together are left at most ``share`` of their work, multiplications and outputs
    (with the least rank, 4, of each, if that is more), given to those blocks of four components
    that keep the most energy (the share of the squared singular values of their kernel) for it.
    """
    matrices = {layer.name: _Matrix(layer) for layer in net.layers if _is_matrix(layer)}
    left = share * sum(one.cost(one.full) for one in matrices.values())
    ranks = dict.fromkeys(matrices, _BLOCK)
    left -= sum(one.cost(_BLOCK) for one in matrices.values())
    while gains := {
        name: one.gain(ranks[name]) for name, one in matrices.items()
        if ranks[name] < one.full and one.more(ranks[name]) <= left and one.gain(ranks[name])
    }:  # fmt: skip
        best = max(gains, key=lambda name: gains[name])
        left -= matrices[best].more(ranks[best])
        ranks[best] += _BLOCK
    made, count = net.copy(), 0
    for name, one in matrices.items():
        if ranks[name] < one.full:
            made.replace(name, *one.pair(made[name], ranks[name]))
            count += 1
    return made, count


class _Matrix:
    """The kernel of a layer, and what ranks of it cost and keep.

    ``full``: the least rank, in blocks, at which two factors are as much work as the kernel.
    """

    def __init__(self, layer: Layer):
        kernel = layer.weights[0]
        self._into, self._out = kernel.shape[-2:]
        # in double precision: a component's sign must not depend on rounding
        matrix = kernel.reshape(self._into, self._out).astype(np.float64)
        self._u, self._s, self._v = np.linalg.svd(matrix, full_matrices=False)
        self._places = int(np.prod(layer.shape[:-1])) if layer.kind != "Dense" else 1
        least = self._into * self._out / (self._into + self._out + _OUTPUT)
        self.full = _BLOCK * max(1, int(np.ceil(least / _BLOCK)))

    def cost(self, rank: int) -> int:
        """Work, in multiplications."""
        outputs = self._out if rank >= self.full else self._out + rank
        products = self._into * self._out
        if rank < self.full:
            products = rank * (self._into + self._out)
        return self._places * (products + _OUTPUT * outputs)

    def more(self, rank: int) -> int:
        """Work of one block more."""
        return self.cost(rank + _BLOCK) - self.cost(rank)

    def gain(self, rank: int) -> float:
        """Energy of one block more, for its work; 0 if it is only rounding."""
        energy = self._s**2
        until = len(energy) if rank + _BLOCK >= self.full else rank + _BLOCK
        found = float(energy[rank:until].sum() / max(energy.sum(), 1e-30))
        return found / max(self.more(rank), 1) if found > _NOTHING else 0.0

    def pair(self, layer: Layer, rank: int) -> tuple[Layer, Layer]:
        """The layer in two."""
        root = np.sqrt(self._s[:rank])
        return _pair(layer, self._u[:, :rank] * root, root[:, None] * self._v[:rank])


def _is_matrix(layer: Layer) -> bool:
    if layer.kind == "Dense":
        return True
    config = layer.config
    return layer.kind in _POINTWISE and config["groups"] == 1 and set(config["kernel_size"]) == {1}


def _pair(layer: Layer, first: np.ndarray, second: np.ndarray) -> tuple[Layer, Layer]:
    """Two layers of the same kind; the second has the bias, the activation and the name."""
    kernel = layer.weights[0]
    around = kernel.shape[:-2]
    rank = first.shape[1]
    size = "units" if layer.kind == "Dense" else "filters"
    thin = Layer(
        f"{layer.name}_thin", layer.kind,
        layer.config
        | {"name": f"{layer.name}_thin", size: rank, "use_bias": False, "activation": "linear"},
        layer.inputs, (*layer.shape[:-1], rank),
        [first.reshape(*around, *first.shape).astype(np.float32)],
    )  # fmt: skip
    config = layer.config
    if layer.kind != "Dense":  # the first one strides
        config = config | {"strides": [1] * len(layer.config["strides"])}
    wide = Layer(
        layer.name, layer.kind, config, (thin.name,), layer.shape,
        [second.reshape(*around, *second.shape).astype(np.float32), *layer.weights[1:]],
    )  # fmt: skip
    return thin, wide
