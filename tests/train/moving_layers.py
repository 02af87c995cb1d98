"""Small Keras models of layers that move data, each converted to int8: run in a process of its
own, as TensorFlow is slow to start: ``python tests/train/moving_layers.py FOLDER``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from midge.train.tf import import_tensorflow

Shape = tuple[int, ...]
IMAGE: Shape = (6, 8, 3)
WINDOW: Shape = (12, 4)


def models(tf: Any) -> dict[str, tuple[Shape, Callable[[Any], Any]]]:
    """Name to (input shape, layers): every model is these layers and nothing else."""
    layer, ops = tf.keras.layers, tf.keras.ops

    def transposed(**options: Any) -> Callable[[Any], Any]:
        options = {"filters": 5, "kernel_size": 3, "strides": 2, "padding": "same"} | options
        return layer.Conv2DTranspose(bias_initializer="random_normal", **options)

    def wrap(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return layer.Lambda(function)

    def parts(function: Callable[[Any], list[Any]]) -> Callable[[Any], Any]:
        """Parts of the input, each through a layer of its own, joined again."""
        return lambda x: layer.Concatenate()([layer.ReLU()(part) for part in function(x)])

    def encoder(x: Any) -> Any:
        x = layer.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)
        x = layer.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu")(x)
        return layer.Conv2D(3, 3, padding="same")(x)

    return {
        "transposed_same": (IMAGE, transposed()),
        "transposed_valid": (IMAGE, transposed(padding="valid")),
        "transposed_relu": (IMAGE, transposed(kernel_size=4, activation="relu")),
        "transposed_2x2": (IMAGE, transposed(kernel_size=2, padding="valid")),
        "transposed_stride_1": (IMAGE, transposed(strides=1)),
        "transposed_1d": (
            WINDOW,
            layer.Conv1DTranspose(6, 4, strides=2, padding="same", activation="relu"),
        ),
        "autoencoder": (IMAGE, encoder),
        "upsampling_nearest": (IMAGE, layer.UpSampling2D(2)),
        "upsampling_bilinear": (IMAGE, layer.UpSampling2D((2, 3), interpolation="bilinear")),
        "upsampling_1d": (WINDOW, layer.UpSampling1D(3)),
        "resizing": (IMAGE, layer.Resizing(9, 5)),
        "cropping_2d": (IMAGE, layer.Cropping2D(((1, 2), (0, 3)))),
        "cropping_1d": (WINDOW, layer.Cropping1D((2, 3))),
        "zero_padding_2d": (IMAGE, layer.ZeroPadding2D(((1, 2), (0, 3)))),
        "permute": (IMAGE, layer.Permute((3, 1, 2))),
        "permute_window": (WINDOW, layer.Permute((2, 1))),
        "repeat_vector": ((7,), layer.RepeatVector(4)),
        "dilated_separable": (
            (12, 12, 4),
            layer.SeparableConv2D(6, 3, dilation_rate=2, padding="same"),
        ),
        "dilated_depthwise_valid": (
            (12, 12, 4),
            layer.DepthwiseConv2D(3, dilation_rate=(2, 2), padding="valid", activation="relu"),
        ),
        "dilated_conv_1d": (WINDOW, layer.Conv1D(8, 3, dilation_rate=3, padding="same")),
        "causal_conv_1d": (
            WINDOW,
            layer.Conv1D(8, 3, dilation_rate=2, padding="causal", activation="relu"),
        ),
        "split": (IMAGE, parts(lambda x: ops.split(x, 2, axis=2))),
        "split_sizes": (IMAGE, parts(lambda x: ops.split(x, [1], axis=3))),
        "unstack": (IMAGE, parts(lambda x: ops.unstack(x, axis=1))),
        "stack": (WINDOW, wrap(lambda x: tf.stack([x, x, x], axis=2))),
        "stack_last": (WINDOW, wrap(lambda x: tf.stack([x, x], axis=-1))),
        "strided": (IMAGE, wrap(lambda x: x[:, 1::2, ::3, :])),
        "backwards": (IMAGE, wrap(lambda x: x[:, ::-1, 5:1:-2, :])),
        "last_step": (WINDOW, wrap(lambda x: x[:, -1])),
        "last_channel": (IMAGE, wrap(lambda x: x[..., -1])),
        "new_axis": (WINDOW, wrap(lambda x: x[:, :4, tf.newaxis, 1:])),
        "slice": (IMAGE, wrap(lambda x: tf.slice(x, [0, 1, 2, 0], [1, 3, -1, 2]))),
        "depth_to_space": ((3, 4, 8), wrap(lambda x: tf.nn.depth_to_space(x, 2))),
        "space_to_depth": (IMAGE, wrap(lambda x: tf.nn.space_to_depth(x, 2))),
        "tile": (WINDOW, wrap(lambda x: tf.tile(x, [1, 2, 3]))),
        "reverse": (IMAGE, wrap(lambda x: tf.reverse(x, axis=[2]))),
        "gather": (WINDOW, wrap(lambda x: tf.gather(x, [3, 0, 0, 2], axis=2))),
        "reflect": (IMAGE, wrap(lambda x: tf.pad(x, [[0, 0], [2, 1], [1, 3], [0, 0]], "REFLECT"))),
        "symmetric": (WINDOW, wrap(lambda x: tf.pad(x, [[0, 0], [2, 2], [0, 0]], "SYMMETRIC"))),
        "broadcast": ((1, 5), wrap(lambda x: tf.broadcast_to(x, [1, 4, 5]))),
        "roll": (WINDOW, wrap(lambda x: tf.roll(x, 3, axis=1))),
    }


def convert(tf: Any, shape: Shape, layers: Callable[[Any], Any]) -> bytes:
    tf.keras.utils.set_random_seed(1)
    x = tf.keras.Input(batch_shape=(1, *shape))
    converter = tf.lite.TFLiteConverter.from_keras_model(tf.keras.Model(x, layers(x)))
    rng = np.random.default_rng(2)

    def feed() -> Iterator[list[np.ndarray]]:
        for _ in range(8):
            yield [rng.normal(0.5, 1, (1, *shape)).astype(np.float32)]

    converter.representative_dataset = feed
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def main(folder: str) -> None:
    tf = import_tensorflow()
    for name, (shape, layers) in models(tf).items():
        Path(folder, f"{name}.tflite").write_bytes(convert(tf, shape, layers))


if __name__ == "__main__":
    main(*sys.argv[1:])
