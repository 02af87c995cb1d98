"""Small Keras models of activations, normalizations, merges and reductions, each converted to
int8: run in a process of its own: ``python tests/train/elementwise_layers.py FOLDER``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moving_layers import IMAGE, WINDOW, Shape, convert

from midge.train.tf import import_tensorflow

VECTOR: Shape = (20,)
ACTIVATIONS = (
    "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_swish",
    "hard_tanh", "leaky_relu", "log_sigmoid", "log_softmax", "mish", "relu6", "selu", "sigmoid",
    "soft_shrink", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax",
    "squareplus", "swish", "tanh", "tanh_shrink",
)  # fmt: skip

Layers = Callable[[Any], Any]


def activations(tf: Any) -> dict[str, tuple[Shape, Layers]]:
    layer, keras = tf.keras.layers, tf.keras
    found: dict[str, tuple[Shape, Layers]] = {
        name: (VECTOR, layer.Activation(name)) for name in ACTIVATIONS
    }
    return found | {
        "gelu_approximate": (
            VECTOR,
            layer.Lambda(lambda x: keras.activations.gelu(x, approximate=True)),
        ),
        "prelu_channels": (
            IMAGE,
            layer.PReLU(shared_axes=[1, 2], alpha_initializer="random_uniform"),
        ),
        "prelu_each": (WINDOW, layer.PReLU(alpha_initializer="random_uniform")),
        "elu_alpha": (VECTOR, layer.ELU(alpha=0.7)),
        "relu_slope": (VECTOR, layer.ReLU(max_value=2, negative_slope=0.1, threshold=0.5)),
        "softmax": (WINDOW, layer.Softmax()),
        "softmax_axis": (IMAGE, layer.Softmax(axis=1)),
        "conv_elu": (IMAGE, layer.Conv2D(8, 3, activation="elu")),
    }


def merges(tf: Any) -> dict[str, tuple[Shape, Layers]]:
    layer = tf.keras.layers

    def two(merge: Any) -> Layers:
        return lambda x: merge([layer.Dense(x.shape[-1], bias_initializer="normal")(x), x])

    def gate(x: Any) -> Any:
        squeezed = layer.GlobalAveragePooling2D(keepdims=True)(x)
        return layer.Multiply()([x, layer.Dense(3, activation="hard_sigmoid")(squeezed)])

    def outer(x: Any) -> Any:
        return layer.Maximum()([layer.Reshape((12, 1, 4))(x), layer.Reshape((1, 12, 4))(x)])

    def volumes(x: Any) -> Any:
        thin = layer.Dense(6, bias_initializer="normal")(layer.Flatten()(x))
        return layer.Add()([x, layer.Reshape((2, 1, 1, 3))(thin)])

    return {
        "maximum": (WINDOW, two(layer.Maximum())),
        "minimum": (WINDOW, two(layer.Minimum())),
        "subtract": (WINDOW, two(layer.Subtract())),
        "multiply": (WINDOW, two(layer.Multiply())),
        "average": (WINDOW, two(layer.Average())),
        "squeeze_excite": (IMAGE, gate),
        "outer_maximum": (WINDOW, outer),
        "add_rank_5": ((2, 3, 2, 3), volumes),
    }


def normalizations(tf: Any) -> dict[str, tuple[Shape, Layers]]:
    layer = tf.keras.layers
    uneven = {"beta_initializer": "random_normal", "gamma_initializer": "random_uniform"}

    def block(x: Any) -> Any:
        x = layer.Dense(8, activation="relu")(x)
        return layer.Dense(3)(layer.LayerNormalization(**uneven)(x))

    return {
        "batch_norm": (
            IMAGE,
            layer.BatchNormalization(moving_mean_initializer="normal", **uneven),
        ),
        "layer_norm": (WINDOW, layer.LayerNormalization(**uneven)),
        "layer_norm_dense": (WINDOW, block),
        "group_norm": ((6, 6, 4), layer.GroupNormalization(2, **uneven)),
        "rms_norm": (VECTOR, layer.RMSNormalization()),
        "unit_norm": (VECTOR, layer.UnitNormalization()),
        "l2_normalize": (VECTOR, layer.Lambda(lambda x: tf.math.l2_normalize(x, axis=-1))),
        "normalization": (
            (4,),
            layer.Normalization(mean=[0.1, 0.2, 0, -1], variance=[1, 2, 3, 4]),
        ),
        "rescaling": (VECTOR, layer.Rescaling(0.5, 0.1)),
    }


def reductions(tf: Any) -> dict[str, tuple[Shape, Layers]]:
    layer, ops = tf.keras.layers, tf.keras.ops

    def over(name: str, axis: Any) -> Layers:
        return layer.Lambda(lambda x: getattr(ops, name)(x, axis=axis))

    return {
        "global_max_2d": (IMAGE, layer.GlobalMaxPooling2D()),
        "global_max_1d": (WINDOW, layer.GlobalMaxPooling1D()),
        "global_average_1d": (WINDOW, layer.GlobalAveragePooling1D()),
        "mean_ends": (IMAGE, over("mean", (1, 3))),
        "sum": (WINDOW, over("sum", 1)),
        "min": (WINDOW, over("min", 2)),
        "max_ends": (IMAGE, over("max", (1, 3))),
        "prod": ((3, 4), over("prod", 1)),
        "variance": (WINDOW, over("var", 1)),
        "deviation": (WINDOW, over("std", 1)),
        "logsumexp": (WINDOW, over("logsumexp", 1)),
    }


def functions(tf: Any) -> dict[str, tuple[Shape, Layers]]:
    """Keras' functions of one tensor, as people write them between layers."""
    ops = tf.keras.ops
    simple = [
        "abs",
        "ceil",
        "cos",
        "exp",
        "expm1",
        "floor",
        "log1p",
        "negative",
        "round",
        "sign",
        "sin",
        "square",
    ]
    made: dict[str, Callable[[Any], Any]] = {name: getattr(ops, name) for name in simple}
    made |= {
        "sqrt": lambda x: ops.sqrt(ops.relu(x)),
        "rsqrt": lambda x: ops.rsqrt(ops.relu(x) + 1.0),
        "reciprocal": lambda x: ops.reciprocal(ops.relu(x) + 1.0),
        "clip": lambda x: ops.clip(x, -0.5, 0.7),
        "where": lambda x: ops.where(x > 0.1, x, x * 0.3),
        "divide": lambda x: x / (ops.abs(x) + 1.0),
    }
    return {f"ops_{name}": (VECTOR, tf.keras.layers.Lambda(f)) for name, f in made.items()}


def main(folder: str) -> None:
    tf = import_tensorflow()
    tf.keras.utils.set_random_seed(1)
    for family in (activations, merges, normalizations, reductions, functions):
        for name, (shape, layers) in family(tf).items():
            Path(folder, f"{name}.tflite").write_bytes(convert(tf, shape, layers))


if __name__ == "__main__":
    main(*sys.argv[1:])
