"""Dense and pointwise layers as a product of two thin ones, by singular values."""

from __future__ import annotations

import numpy as np

from midge.compress.net import Layer, Net

_POINTWISE = ("Conv1D", "Conv2D")
_LEAST = 4  # channels in between


def factorize(net: Net, energy: float) -> tuple[Net, int]:
    """The network with large layers in two, and how many those are.

    A layer ``x W`` becomes ``(x U) V`` with the smallest rank that keeps ``energy``, a share of
    the squared singular values, where both need at most three quarters of the weights.
    """
    made, count = net.copy(), 0
    for layer in list(made.layers):
        if not _is_matrix(layer):
            continue
        kernel = layer.weights[0]
        into, out = kernel.shape[-2:]
        u, s, v = np.linalg.svd(kernel.reshape(into, out).astype(np.float64), full_matrices=False)
        shares = np.cumsum(s**2) / max(float((s**2).sum()), 1e-30)
        rank = max(_LEAST, int(np.searchsorted(shares, energy)) + 1)
        if rank * (into + out) > 0.75 * into * out:
            continue
        root = np.sqrt(s[:rank])
        made.replace(layer.name, *_pair(layer, u[:, :rank] * root, root[:, None] * v[:rank]))
        count += 1
    return made, count


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
