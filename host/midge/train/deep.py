"""Two deeper recipes: a small residual network, and one of inverted residuals.

Over time (kernels of 3 samples) for a sensor's channels; with ``picture`` over time and bands
(3 by 3) for rows of a spectrum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class _Builder:
    """Convolutions, each with its norm, over time or over a picture."""

    def __init__(self, length: int, channels: int, picture: bool):
        import keras
        from keras import layers

        self.layers, self._picture = layers, picture
        self.window = keras.Input((length, channels), name="window")
        shape = (length, channels, 1) if picture else (length, 1, channels)
        self.start = layers.Reshape(shape, name="picture" if picture else "line")(self.window)

    def _size(self, time: int) -> tuple[int, int]:
        return (time, time if self._picture else 1)

    def conv(
        self, x: Any, filters: int, name: str, *, kernel: int = 3, stride: int = 1,
        relu: float | None = 0.0,
    ) -> Any:  # fmt: skip
        """``relu``: None: linear; 0: without an upper end; else that end."""
        layer = self.layers.Conv2D(
            filters, self._size(kernel), strides=self._size(stride), padding="same",
            use_bias=False, name=name,
        )  # fmt: skip
        return self._norm(layer(x), name, relu)

    def depthwise(self, x: Any, name: str, *, kernel: int, stride: int, relu: float) -> Any:
        layer = self.layers.DepthwiseConv2D(
            # TensorFlow has none whose two strides differ; a line of one column stays one
            self._size(kernel), strides=stride, padding="same", use_bias=False, name=name,
        )  # fmt: skip
        return self._norm(layer(x), name, relu)

    def _norm(self, x: Any, name: str, relu: float | None) -> Any:
        x = self.layers.BatchNormalization(momentum=0.9, name=f"norm_{name}")(x)
        return x if relu is None else self.relu(x, name, relu)

    def relu(self, x: Any, name: str, top: float = 0.0) -> Any:
        return self.layers.ReLU(top or None, name=f"relu_{name}")(x)

    def model(self, x: Any, classes: int, name: str) -> Any:
        import keras

        x = self.layers.GlobalAveragePooling2D(name="mean")(x)
        x = self.layers.Dropout(0.2, name="drop")(x)
        scores = self.layers.Dense(classes, activation="softmax", name="scores")(x)
        return keras.Model(self.window, scores, name=name)


def resnet(
    length: int,
    channels: int,
    classes: int,
    *,
    filters: Sequence[int] = (16, 24, 32),
    blocks: int = 1,
    picture: bool = False,
) -> Any:
    """A small residual network (He et al., arXiv:1512.03385): blocks of two convolutions beside
    a way past them; every stage but the first halves the time.

    Input ``[length, channels]``; output: one probability a class. ``blocks``: in a stage.
    """
    net = _Builder(length, channels, picture)
    x = net.conv(net.start, filters[0], "conv", stride=2)
    for stage, out in enumerate(filters, 1):
        for block in range(1, blocks + 1):
            name, stride = f"{stage}_{block}", 2 if stage > 1 and block == 1 else 1
            past = x
            if stride > 1 or x.shape[-1] != out:
                past = net.conv(x, out, f"past{name}", kernel=1, stride=stride, relu=None)
            x = net.conv(x, out, f"first{name}", stride=stride)
            x = net.conv(x, out, f"second{name}", relu=None)
            x = net.relu(net.layers.Add(name=f"sum{name}")([x, past]), f"sum{name}")
    return net.model(x, classes, "resnet")


def mobilenet(
    length: int,
    channels: int,
    classes: int,
    *,
    filters: Sequence[int] = (16, 24, 32),
    blocks: int = 2,
    expand: int = 2,
    kernel: int = 3,
    stride: int = 1,
    picture: bool = False,
) -> Any:
    """Inverted residuals (MobileNetV2, Sandler et al., arXiv:1801.04381), small.

    A block widens by a pointwise convolution, looks around by a depthwise one and narrows without
    an activation; every stage halves the time. Input ``[length, channels]``; output: one
    probability a class. ``blocks``: in a stage; ``expand``: times as wide inside a block;
    ``kernel``: of the depthwise convolutions; ``stride``: of the convolution in front.
    """
    net = _Builder(length, channels, picture)
    x = net.conv(net.start, filters[0], "conv", stride=stride, relu=6.0)
    for stage, out in enumerate(filters, 1):
        for block in range(1, blocks + 1):
            name, step = f"{stage}_{block}", 2 if block == 1 else 1
            past = x
            x = net.conv(x, expand * x.shape[-1], f"wide{name}", kernel=1, relu=6.0)
            x = net.depthwise(x, f"depthwise{name}", kernel=kernel, stride=step, relu=6.0)
            x = net.conv(x, out, f"narrow{name}", kernel=1, relu=None)
            if step == 1 and past.shape[-1] == out:
                x = net.layers.Add(name=f"sum{name}")([x, past])
    return net.model(x, classes, "mobilenet")
