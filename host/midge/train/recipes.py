"""Small Keras models that convert to int8 without a float layer left. Copy one and change it.

A recipe takes the window's shape and the number of classes and returns an uncompiled model.
TensorFlow is imported by the caller only (`midge.train.fit`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Recipe = Callable[[int, int, int], Any]


def conv1d(length: int, channels: int, classes: int) -> Any:
    """Motion and other slow signals of some channels: three strided convolutions.

    Input ``[length, channels]``; output: one probability a class.
    """
    import keras
    from keras import layers

    model = keras.Sequential([keras.Input((length, channels), name="window")], name="conv1d")
    for number, (filters, width) in enumerate([(16, 5), (24, 5), (32, 3)], 1):
        model.add(
            layers.Conv1D(
                filters, width, strides=2, padding="same", use_bias=False, name=f"conv{number}"
            )
        )
        # Keras' own momentum of 0.99 needs thousands of steps to settle; a small set has hundreds.
        model.add(layers.BatchNormalization(momentum=0.9, name=f"norm{number}"))
        model.add(layers.ReLU(name=f"relu{number}"))
    model.add(layers.GlobalAveragePooling1D(name="mean"))
    model.add(layers.Dropout(0.2, name="drop"))
    model.add(layers.Dense(classes, activation="softmax", name="scores"))
    return model


def spikes(length: int, channels: int, classes: int) -> Any:
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
            layers.Conv1D(8, 3, activation="relu", name="conv1"),
            layers.MaxPooling1D(2, name="pool"),
            layers.Conv1D(8, 3, activation="relu", name="conv2"),
            layers.GlobalAveragePooling1D(name="mean"),
            layers.Dense(1, activation="sigmoid", name="score"),
        ],
        name="spikes",
    )


def ds_cnn(length: int, channels: int, classes: int) -> Any:
    """A spectrum over time, such as log-mel rows: a depthwise-separable CNN.

    The keyword network of Zhang et al., "Hello Edge" (arXiv:1711.07128), table 4, size S: a
    convolution over 10 rows and 4 bands, then four depthwise-separable ones, 64 channels each;
    here the first of them halves rows and bands again. Input ``[length, channels]``: rows of
    features; output: one probability a class.
    """
    import keras
    from keras import layers

    if length < 8 or channels < 4:
        raise ValueError(f"needs at least 8 rows of 4 features, found {length} of {channels}")
    model = keras.Sequential([keras.Input((length, channels), name="window")], name="ds_cnn")
    model.add(layers.Reshape((length, channels, 1), name="picture"))

    def norm_relu(name: str) -> None:
        model.add(layers.BatchNormalization(momentum=0.9, name=f"norm_{name}"))
        model.add(layers.ReLU(name=f"relu_{name}"))

    plain = {"padding": "same", "use_bias": False}
    model.add(layers.Conv2D(64, (10, 4), strides=2, name="conv", **plain))
    norm_relu("conv")
    for number in range(1, 5):
        stride = 2 if number == 1 else 1
        name = f"depthwise{number}"
        model.add(layers.DepthwiseConv2D(3, strides=stride, name=name, **plain))
        norm_relu(name)
        model.add(layers.Conv2D(64, 1, name=f"pointwise{number}", **plain))
        norm_relu(f"pointwise{number}")
    model.add(layers.GlobalAveragePooling2D(name="mean"))
    model.add(layers.Dropout(0.3, name="drop"))
    model.add(layers.Dense(classes, activation="softmax", name="scores"))
    return model


def dense(length: int, channels: int, classes: int) -> Any:
    """Features of a whole window, in one row or a few: two dense layers.

    Input ``[length, channels]``; output: one probability a class.
    """
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((length, channels), name="window"),
            layers.Flatten(name="flat"),
            layers.Dense(32, activation="relu", name="dense1"),
            layers.Dropout(0.2, name="drop"),
            layers.Dense(16, activation="relu", name="dense2"),
            layers.Dense(classes, activation="softmax", name="scores"),
        ],
        name="dense",
    )


STATISTICS = 2  # of vibration: columns behind the bands


def vibration(length: int, channels: int, classes: int) -> Any:
    """Rows of log2 band energies, then two statistics without a level (skew, kurtosis).

    Every filter's weights over the bands sum to 0: a signal twice as strong, which moves all bands
    alike, gives the same answer, whatever the sensor and its mounting. That needs one gain for all
    bands, ``[features] scaling = "block"``, and costs the board nothing. Input
    ``[length, channels]``; output: one probability a class.
    """
    import keras
    from keras import layers

    bands = channels - STATISTICS
    if length < 3 or bands < 2:
        raise ValueError(f"needs 3 rows of {2 + STATISTICS} columns, found {length} of {channels}")

    class NoLevel(keras.constraints.Constraint):
        def __call__(self, w: Any) -> Any:
            level = keras.ops.mean(w[:, :bands], axis=(0, 1), keepdims=True)
            return keras.ops.concatenate([w[:, :bands] - level, w[:, bands:]], axis=1)

    return keras.Sequential(
        [
            keras.Input((length, channels), name="window"),
            layers.Conv1D(16, 3, use_bias=False, kernel_constraint=NoLevel(), name="conv"),
            layers.BatchNormalization(momentum=0.9, name="norm"),
            layers.ReLU(name="relu"),
            layers.GlobalAveragePooling1D(name="mean"),
            layers.Dropout(0.2, name="drop"),
            layers.Dense(16, activation="relu", name="dense"),
            layers.Dense(classes, activation="softmax", name="scores"),
        ],
        name="vibration",
    )


RECIPES: dict[str, Recipe] = {
    "conv1d": conv1d,
    "dense": dense,
    "ds_cnn": ds_cnn,
    "spikes": spikes,
    "vibration": vibration,
}
