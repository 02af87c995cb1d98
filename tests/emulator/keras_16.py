"""Keras models converted to 16x8, and what LiteRT's reference kernels make of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from midge.train import convert
from midge.train.tf import import_tensorflow

SHAPES = {"dscnn": (16, 10, 1), "conv1d": (32, 3), "dense": (40,)}


def _dscnn(layers: Any, x: Any) -> Any:
    """The blocks of a keyword model, with a residual ADD, and the other ops of small CNNs."""
    x = layers.Conv2D(8, (4, 3), strides=(2, 2), padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    y = layers.DepthwiseConv2D(3, padding="same", activation="relu6")(x)
    y = layers.Conv2D(8, 1)(y)
    x = layers.ReLU()(layers.Add()([x, y]))
    z = layers.SeparableConv2D(8, 3, padding="same", activation="tanh")(x)
    x = layers.Subtract()([layers.Multiply()([x, z]), y])
    x = layers.MaxPooling2D(2)(layers.Concatenate()([x, z]))
    x = layers.ZeroPadding2D(1)(layers.LeakyReLU(0.1)(x))
    x = layers.Conv2D(8, 3, activation="sigmoid", strides=2)(x)
    x = layers.AveragePooling2D(2, padding="same")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dense(5, activation="softmax")(x)


def _conv1d(layers: Any, x: Any) -> Any:
    x = layers.Conv1D(8, 5, padding="causal", activation="relu")(x)
    x = layers.AveragePooling1D(2)(x)
    x = layers.Conv1D(8, 3, dilation_rate=2)(x)
    x = layers.GlobalMaxPooling1D()(x)
    return layers.Dense(1, activation="sigmoid")(x)


def _dense(layers: Any, x: Any) -> Any:
    for units in (16, 8, 16):
        x = layers.Dense(units, activation="relu", bias_initializer="random_normal")(x)
    return layers.Dense(40)(x)


_BUILD = {"dscnn": _dscnn, "conv1d": _conv1d, "dense": _dense}


def make(name: str, folder: Path) -> Path:
    """The model ``<name>.tflite``, with weights from a fixed seed."""
    keras = import_tensorflow().keras
    keras.utils.set_random_seed(16)
    inputs = keras.Input(SHAPES[name])
    keras.Model(inputs, _BUILD[name](keras.layers, inputs)).save(folder / f"{name}.keras")
    data = np.random.default_rng(16).normal(size=(40, *SHAPES[name])).astype(np.float32)
    return convert(folder / f"{name}.keras", data, folder / f"{name}.tflite", "int16x8")


def windows(name: str, count: int) -> list[np.ndarray]:
    """Inputs: the first two at the ends of the range, then random ones of growing size."""
    rng = np.random.default_rng(61)
    shape = (1, *SHAPES[name])
    found = [np.full(shape, v, np.int16) for v in (-32768, 32767)][:count]
    for i in range(count - len(found)):
        limit = 32768 >> (i % 4)
        found.append(rng.integers(-limit, limit, shape).astype(np.int16))
    return found
