"""Fewer channels in a network, or more, with every layer that touches them."""

from __future__ import annotations

import numpy as np

from midge.compress.channels import MAKERS, Channels
from midge.compress.net import Layer, Net


def keep(net: Net, channels: Channels, kept: dict[int, np.ndarray]) -> Net:
    """The network with only some channels of some spaces.

    Args:
        channels: of ``net``.
        kept: space number to the indices of the channels that stay.
    """
    made = net.copy()
    for layer in made.layers:
        if not layer.inputs:
            continue
        out = channels.columns(layer.name, kept)
        into = channels.columns(layer.inputs[0], kept)
        _cut(layer, into, out)
        if layer.shape:
            layer.shape = (*layer.shape[:-1], len(out))
    return made


def _cut(layer: Layer, into: np.ndarray, out: np.ndarray) -> None:
    if layer.kind in MAKERS:
        kernel, *bias = layer.weights
        layer.weights = [kernel[..., into, :][..., out], *(value[out] for value in bias)]
        layer.config["units" if layer.kind == "Dense" else "filters"] = len(out)
    elif layer.kind.startswith("DepthwiseConv"):
        kernel, *bias = layer.weights
        layer.weights = [kernel[..., into, :], *(value[out] for value in bias)]
    elif layer.kind == "BatchNormalization":
        layer.weights = [value[out] for value in layer.weights]
    elif layer.kind == "Reshape":
        layer.config["target_shape"] = (*layer.config["target_shape"][:-1], len(out))


def importance(net: Net, channels: Channels) -> dict[int, np.ndarray]:
    """Of each space that may change, how much each channel's filter does.

    The L1 norm of its weights (Li et al., "Pruning Filters for Efficient ConvNets",
    arXiv:1608.08710), scaled by the batch normalization behind it, summed over the layers that
    make the space.
    """
    found = {}
    for number in channels.free():
        total = np.zeros(channels.space(number).size)
        for name in channels.space(number).makers:
            norms = _norms(net[name]) * _scale(net, name)
            total += norms / max(norms.mean(), 1e-12)
        found[number] = total
    return found


def _norms(layer: Layer) -> np.ndarray:
    kernel = np.abs(layer.weights[0])
    norms: np.ndarray = kernel.reshape(-1, kernel.shape[-1]).sum(axis=0)
    return norms


def _scale(net: Net, name: str) -> np.ndarray | float:
    """What the batch normalization behind a layer multiplies each channel with."""
    readers = net.readers(name)
    if len(readers) != 1 or readers[0].kind != "BatchNormalization":
        return 1.0
    norm = readers[0]
    names = ["gamma"] * norm.config["scale"] + ["beta"] * norm.config["center"]
    values = dict(zip([*names, "mean", "variance"], norm.weights, strict=True))
    gain = values.get("gamma", np.ones_like(values["variance"]))
    scaled: np.ndarray = np.abs(gain) / np.sqrt(values["variance"] + norm.config["epsilon"])
    return scaled
