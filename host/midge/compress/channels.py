"""Which layers share their channels: what has to be cut, or widened, together.

A tensor's last axis is a row of spaces. A convolution or dense layer makes a new space; layers
that work channel by channel pass it on; adding makes one space of two.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from midge.compress.net import Layer, Net

MAKERS = ("Conv1D", "Conv2D", "Dense")  # a new space of filters or units
_PASS = (
    "Activation", "BatchNormalization", "Dropout", "GaussianNoise", "SpatialDropout1D",
    "SpatialDropout2D", "ReLU", "LeakyReLU", "MaxPooling1D", "MaxPooling2D", "AveragePooling1D",
    "AveragePooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
    "GlobalMaxPooling1D", "GlobalMaxPooling2D", "ZeroPadding1D", "ZeroPadding2D",
    "DepthwiseConv1D", "DepthwiseConv2D",
)  # fmt: skip
_MIX = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")


@dataclasses.dataclass
class Space:
    """Channels that belong together. ``fixed``: their number is given from outside."""

    size: int
    fixed: bool = False
    makers: list[str] = dataclasses.field(default_factory=list)


class Channels:
    """The spaces of a network: of each layer's output, in the order of its last axis.

    ``repeat[name]``: how often the row of spaces is repeated there (behind a Flatten).
    """

    def __init__(self, net: Net):
        self.net = net
        self._spaces: list[Space] = []
        self._same: list[int] = []  # union-find
        self._of: dict[str, list[int]] = {}
        self.repeat: dict[str, int] = {}
        for layer in net.layers:
            self._of[layer.name], self.repeat[layer.name] = self._through(layer)
        self._fix(net.layers[-1].name)
        for layer in net.layers:
            if layer.kind in MAKERS:
                self._spaces[self._root(self._of[layer.name][0])].makers.append(layer.name)

    def of(self, name: str) -> list[int]:
        """The numbers of the spaces in the output of a layer."""
        return [self._root(one) for one in self._of[name]]

    def space(self, number: int) -> Space:
        return self._spaces[number]

    def free(self) -> list[int]:
        """Numbers of the spaces whose size may be changed."""
        roots = sorted({self._root(one) for row in self._of.values() for one in row})
        return [n for n in roots if not self._spaces[n].fixed and self._spaces[n].makers]

    def columns(self, name: str, kept: dict[int, np.ndarray]) -> np.ndarray:
        """Indices of the last axis of ``name``'s output that stay.

        Args:
            kept: of each changed space the indices of its channels that stay.
        """
        row, start = [], 0
        for number in self.of(name):
            size = self._spaces[number].size
            row.append(start + kept.get(number, np.arange(size)))
            start += size
        one = np.concatenate(row)
        return np.concatenate([one + start * turn for turn in range(self.repeat[name])])

    def _through(self, layer: Layer) -> tuple[list[int], int]:
        """The spaces behind a layer."""
        rows = [self._of[name] for name in layer.inputs]
        repeats = {self.repeat[name] for name in layer.inputs}
        if layer.kind in MAKERS and layer.config.get("groups", 1) == 1:
            return [self._new(layer.shape[-1])], 1
        if layer.kind in _PASS and layer.config.get("depth_multiplier", 1) == 1:
            if layer.kind == "Activation" and layer.config["activation"] == "softmax":
                self._fix(layer.inputs[0])
            return rows[0], self.repeat[layer.inputs[0]]
        if layer.kind == "Flatten" and repeats == {1}:
            return rows[0], int(np.prod(self.net[layer.inputs[0]].shape[:-1]))
        if layer.kind == "Reshape" and self._keeps_channels(layer) and repeats == {1}:
            return rows[0], 1
        if layer.kind == "Concatenate" and repeats == {1} and self._last_axis(layer):
            return [one for row in rows for one in row], 1
        if layer.kind in _MIX and repeats == {1} and len({len(row) for row in rows}) == 1:
            sizes = {tuple(self._spaces[self._root(n)].size for n in row) for row in rows}
            if len(sizes) == 1:
                for others in rows[1:]:
                    for a, b in zip(rows[0], others, strict=True):
                        self._join(a, b)
                return rows[0], 1
        for name in layer.inputs:  # a layer that is not known: nothing before it may change
            self._fix(name)
        return [self._new(layer.shape[-1] if layer.shape else 1, fixed=True)], 1

    def _keeps_channels(self, layer: Layer) -> bool:
        given = self.net[layer.inputs[0]].shape
        return layer.shape[-1] == given[-1] and -1 not in layer.config["target_shape"]

    def _last_axis(self, layer: Layer) -> bool:
        return layer.config.get("axis", -1) in (-1, len(layer.shape))

    def _new(self, size: int, fixed: bool = False) -> int:
        self._spaces.append(Space(size, fixed))
        self._same.append(len(self._same))
        return len(self._same) - 1

    def _root(self, number: int) -> int:
        while self._same[number] != number:
            number = self._same[number]
        return number

    def _join(self, a: int, b: int) -> None:
        a, b = self._root(a), self._root(b)
        if a != b:
            self._spaces[a].fixed |= self._spaces[b].fixed
            self._same[b] = a

    def _fix(self, name: str) -> None:
        for number in self._of[name]:
            self._spaces[self._root(number)].fixed = True
