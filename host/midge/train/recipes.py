"""Small Keras models that convert to int8 without a float layer left. Copy one and change it.

A recipe takes the window's shape and the number of classes and returns an uncompiled model. Its
keyword arguments are its options, ``[model] net`` in ``midge.toml``: `midge search` varies them.
TensorFlow is imported by the caller only (`midge.train.fit`).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from midge.errors import ModelError
from midge.train.deep import mobilenet, resnet

Recipe = Callable[[int, int, int], Any]


def conv1d(
    length: int,
    channels: int,
    classes: int,
    *,
    filters: Sequence[int] = (16, 24, 32),
    widths: Sequence[int] = (5, 5, 3),
    strides: Sequence[int] = (2, 2, 2),
    separable: bool = False,
) -> Any:
    """Motion and other slow signals of some channels: strided convolutions.

    Input ``[length, channels]``; output: one probability a class. ``separable``: behind the first
    convolution each is a depthwise and a pointwise one.
    """
    import keras
    from keras import layers

    _same_lengths(filters=filters, widths=widths, strides=strides)
    model = keras.Sequential([keras.Input((length, channels), name="window")], name="conv1d")
    for number, (out, width, stride) in enumerate(zip(filters, widths, strides, strict=True), 1):
        plain = {"strides": stride, "padding": "same", "use_bias": False}
        if separable and number > 1:
            # Keras' SeparableConv1D would convert the same, but hides its two layers' names.
            model.add(layers.DepthwiseConv1D(width, name=f"depthwise{number}", **plain))
            plain["strides"], width = 1, 1
        model.add(layers.Conv1D(out, width, name=f"conv{number}", **plain))
        # Keras' own momentum of 0.99 needs thousands of steps to settle; a small set has hundreds.
        model.add(layers.BatchNormalization(momentum=0.9, name=f"norm{number}"))
        model.add(layers.ReLU(name=f"relu{number}"))
    model.add(layers.GlobalAveragePooling1D(name="mean"))
    model.add(layers.Dropout(0.2, name="drop"))
    model.add(layers.Dense(classes, activation="softmax", name="scores"))
    return model


def spikes(length: int, channels: int, classes: int, *, filters: int = 8, width: int = 3) -> Any:
    """Yes or no over a short window: Conv1D(8,3)-MaxPool-Conv1D(8,3)-mean-Dense(1).

    Input ``[length, channels]``; output: the probability of the second of two classes.
    """
    import keras
    from keras import layers

    if classes != 2:
        raise ValueError(f"needs 2 classes, found {classes}")
    return keras.Sequential(
        [
            keras.Input((length, channels), name="window"),
            layers.Conv1D(filters, width, activation="relu", name="conv1"),
            layers.MaxPooling1D(2, name="pool"),
            layers.Conv1D(filters, width, activation="relu", name="conv2"),
            layers.GlobalAveragePooling1D(name="mean"),
            layers.Dense(1, activation="sigmoid", name="score"),
        ],
        name="spikes",
    )


def ds_cnn(
    length: int,
    channels: int,
    classes: int,
    *,
    filters: int = 64,
    blocks: int = 4,
    rows: int = 10,
    bands: int = 4,
    conv_stride: int = 2,
    kernel: int = 3,
    stride: int = 2,
    mean_norm: bool = False,
) -> Any:
    """A spectrum over time, such as log-mel rows: a depthwise-separable CNN.

    The keyword network of Zhang et al., "Hello Edge" (arXiv:1711.07128), table 4, size S: a
    convolution over 10 rows and 4 bands, then four depthwise-separable ones, 64 channels each;
    here the first of them halves rows and bands again (``stride``; ``conv_stride``: of the
    convolution in front; ``kernel``: rows and bands of the depthwise ones). Input
    ``[length, channels]``: rows of features; output: one probability a class.

    ``mean_norm`` first takes each band's mean over the window away. What a microphone or a room
    does to all of a recording, it adds to logarithms: so a level and a filter are no longer seen
    (cepstral mean normalization, Atal 1974, doi:10.1121/1.1914702, on the log spectrum).
    """
    import keras
    from keras import layers

    if length < 8 or channels < 4:
        raise ValueError(f"needs at least 8 rows of 4 features, found {length} of {channels}")

    def norm_relu(x: Any, name: str) -> Any:
        x = layers.BatchNormalization(momentum=0.9, name=f"norm_{name}")(x)
        return layers.ReLU(name=f"relu_{name}")(x)

    x = window = keras.Input((length, channels), name="window")
    if mean_norm:
        mean = layers.AveragePooling1D(length, name="band_means")(x)
        x = layers.Subtract(name="without_means")([x, mean])
    x = layers.Reshape((length, channels, 1), name="picture")(x)
    plain = {"padding": "same", "use_bias": False}
    x = layers.Conv2D(filters, (rows, bands), strides=conv_stride, name="conv", **plain)(x)
    x = norm_relu(x, "conv")
    for number in range(1, blocks + 1):
        step = stride if number == 1 else 1
        name = f"depthwise{number}"
        x = norm_relu(layers.DepthwiseConv2D(kernel, strides=step, name=name, **plain)(x), name)
        name = f"pointwise{number}"
        x = norm_relu(layers.Conv2D(filters, 1, name=name, **plain)(x), name)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dropout(0.3, name="drop")(x)
    x = layers.Dense(classes, activation="softmax", name="scores")(x)
    return keras.Model(window, x, name="ds_cnn")


def dense(length: int, channels: int, classes: int, *, units: Sequence[int] = (32, 16)) -> Any:
    """Features of a whole window, in one row or a few: dense layers.

    Input ``[length, channels]``; output: one probability a class.
    """
    import keras
    from keras import layers

    model = keras.Sequential([keras.Input((length, channels), name="window")], name="dense")
    model.add(layers.Flatten(name="flat"))
    for number, count in enumerate(units, 1):
        model.add(layers.Dense(count, activation="relu", name=f"dense{number}"))
        if number == 1:
            model.add(layers.Dropout(0.2, name="drop"))
    model.add(layers.Dense(classes, activation="softmax", name="scores"))
    return model


STATISTICS = 2  # of vibration: columns behind the bands


def vibration(
    length: int, channels: int, classes: int, *, filters: int = 16, width: int = 3, units: int = 16
) -> Any:
    """Rows of log2 band energies, then two statistics without a level (skew, kurtosis).

    Every filter's weights over the bands sum to 0: a signal twice as strong, which moves all bands
    alike, gives the same answer, whatever the sensor and its mounting. That needs one gain for all
    bands, ``[features] scaling = "block"``, and costs the board nothing. Input
    ``[length, channels]``; output: one probability a class.
    """
    import keras
    from keras import layers

    bands = channels - STATISTICS
    if length < width or bands < 2:
        raise ValueError(
            f"needs {width} rows of {2 + STATISTICS} columns, found {length} of {channels}"
        )

    class NoLevel(keras.constraints.Constraint):
        def __call__(self, w: Any) -> Any:
            level = keras.ops.mean(w[:, :bands], axis=(0, 1), keepdims=True)
            return keras.ops.concatenate([w[:, :bands] - level, w[:, bands:]], axis=1)

    model = keras.Sequential(
        [
            keras.Input((length, channels), name="window"),
            layers.Conv1D(
                filters, width, use_bias=False, kernel_constraint=NoLevel(), name="conv"
            ),
            layers.BatchNormalization(momentum=0.9, name="norm"),
            layers.ReLU(name="relu"),
            layers.GlobalAveragePooling1D(name="mean"),
            layers.Dropout(0.2, name="drop"),
        ],
        name="vibration",
    )
    if units:
        model.add(layers.Dense(units, activation="relu", name="dense"))
    model.add(layers.Dense(classes, activation="softmax", name="scores"))
    return model


def _same_lengths(**lists: Sequence[int]) -> None:
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(", ".join(f"{n} {name}" for name, n in lengths.items()))


WIDTHS = ("filters", "units")  # options that say how wide a network is
RECIPES: dict[str, Recipe] = {
    "conv1d": conv1d,
    "dense": dense,
    "ds_cnn": ds_cnn,
    "mobilenet": mobilenet,
    "resnet": resnet,
    "spikes": spikes,
    "vibration": vibration,
}


def configured(name: str, net: Mapping[str, Any], where: str) -> Recipe:
    """A recipe with its options set.

    Args:
        name: a key of :data:`RECIPES`.
        net: option -> value: a whole number of at least 0, a list of them, true or false.
        where: for errors.

    Raises:
        ModelError: the recipe has no such option, or it has another type.
    """
    recipe = RECIPES[name]
    if not net:
        return recipe
    options = {
        option: parameter.default
        for option, parameter in inspect.signature(recipe).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    for option, value in net.items():
        if option not in options:
            raise ModelError(
                f"{name} has no option {option!r}", where=where,
                do=f"options there are: {', '.join(options) or 'none'}",
            )  # fmt: skip
        if _kind(value) is None or _kind(value) != _kind(options[option]):
            raise ModelError(
                f"{option} needs {_kind(options[option])}, found {value!r}", where=where,
                do="mend that value",
            )  # fmt: skip

    @functools.wraps(recipe)
    def with_options(length: int, channels: int, classes: int) -> Any:
        return recipe(length, channels, classes, **net)

    return with_options


def widened(name: str, net: Mapping[str, Any], by: float) -> dict[str, Any]:
    """Options of a recipe for the same network with ``by`` times as many filters and units."""

    def wider(value: Any) -> Any:
        return (
            [wider(one) for one in value]
            if isinstance(value, (list, tuple))
            else round(by * value)
        )

    options = {
        option: parameter.default
        for option, parameter in inspect.signature(RECIPES[name]).parameters.items()
    } | dict(net)
    return dict(net) | {key: wider(options[key]) for key in WIDTHS if key in options}


def _kind(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int) and value >= 0:
        return "a whole number"
    if isinstance(value, (list, tuple)) and all(_kind(one) == "a whole number" for one in value):
        return "a list of whole numbers"
    return None
