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


RECIPES: dict[str, Recipe] = {"conv1d": conv1d, "spikes": spikes}
