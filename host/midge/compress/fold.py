"""A network in the form that quantization-aware training takes: norms folded, two dimensions."""

from __future__ import annotations

import numpy as np

from midge.compress.net import Layer, Net
from midge.errors import ModelError

_FOLDS = ("Conv1D", "Conv2D", "Dense", "DepthwiseConv1D", "DepthwiseConv2D")
_TWO = {  # layers over time as layers over a picture of one line
    "Conv1D": "Conv2D",
    "DepthwiseConv1D": "DepthwiseConv2D",
    "MaxPooling1D": "MaxPooling2D",
    "AveragePooling1D": "AveragePooling2D",
    "GlobalAveragePooling1D": "GlobalAveragePooling2D",
    "GlobalMaxPooling1D": "GlobalMaxPooling2D",
    "SpatialDropout1D": "SpatialDropout2D",
}
OUTPUT_ONLY = ("Multiply", "Subtract")  # rounded by ourselves: midge.compress.qat_process
_SAME = (  # what may stay as it is, whatever the dimensions
    "Activation", "Add", "AveragePooling2D", "Concatenate", "Conv2D", "Dense", "DepthwiseConv2D",
    "Dropout", "Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "InputLayer",
    "MaxPooling2D", "ReLU", "Reshape", "Softmax", "ZeroPadding2D", *OUTPUT_ONLY,
)  # fmt: skip


def folded(net: Net) -> Net:
    """The same function without batch normalization, ReLU inside the layer before it."""
    made = net.copy()
    for layer in list(made.layers):
        if layer.kind == "BatchNormalization":
            _fold_norm(made, layer)
        elif _is_relu(layer):
            _fold_relu(made, layer)
    return made


def _before(net: Net, layer: Layer) -> Layer | None:
    """The layer before, if it can take this one in."""
    before = net[layer.inputs[0]]
    linear = before.config.get("activation", "linear") in ("linear", None)
    alone = len(net.readers(before.name)) == 1
    return before if before.kind in _FOLDS and linear and alone else None


def _drop(net: Net, layer: Layer) -> None:
    """Takes a layer of one input out."""
    for one in net.layers:
        one.inputs = tuple(layer.inputs[0] if n == layer.name else n for n in one.inputs)
    net.layers.remove(layer)


def _fold_norm(net: Net, norm: Layer) -> None:
    before = _before(net, norm)
    if before is None:
        raise ModelError(
            f"layer {norm.name} (BatchNormalization) is not behind a convolution or dense layer",
            where="[model] steps: qat", do="put it there, or leave qat out",
        )  # fmt: skip
    config = norm.config
    values = list(norm.weights)
    gamma = values.pop(0) if config["scale"] else 1.0
    beta = values.pop(0) if config["center"] else 0.0
    mean, variance = values
    gain = gamma / np.sqrt(variance + config["epsilon"])
    kernel, *bias = before.weights
    if before.kind.startswith("Depthwise"):  # [..., channels, multiplier]
        kernel = kernel * gain.reshape(kernel.shape[-2:])
    else:
        kernel = kernel * gain
    old = bias[0] if bias else 0.0
    before.weights = [v.astype(np.float32) for v in (kernel, (old - mean) * gain + beta)]
    before.config["use_bias"] = True
    _drop(net, norm)


def _is_relu(layer: Layer) -> bool:
    if layer.kind == "Activation":
        return layer.config["activation"] in ("relu", "relu6")
    config = layer.config
    return (
        layer.kind == "ReLU"
        and config.get("max_value") in (None, 6, 6.0)
        and not config.get("negative_slope")
        and not config.get("threshold")
    )


def _fold_relu(net: Net, layer: Layer) -> None:
    before = _before(net, layer)
    if before is None:
        return  # behind an Add: known to the training as it is
    six = layer.config.get("max_value") or layer.config.get("activation") == "relu6"
    before.config["activation"] = "relu6" if six else "relu"
    if net.layers[-1] is layer:
        net.layers[-1:] = []
        return
    _drop(net, layer)


def in_two_dimensions(net: Net) -> Net:
    """``[length, channels]`` as ``[1, length, channels]``, so that each layer has a 2-D form."""
    made = net.copy()
    for layer in list(made.layers):
        if layer.kind in _TWO:
            _widen(layer)
        elif layer.kind not in _SAME:
            raise ModelError(
                f"layer {layer.name} ({layer.kind}) has no quantization-aware form",
                where="[model] steps: qat", do=f"use {', '.join(_SAME)}, or leave qat out",
            )  # fmt: skip
        if layer.kind == "InputLayer" and len(layer.shape) == 2:
            line = Layer(
                f"{layer.name}_line", "Reshape",
                {"name": f"{layer.name}_line", "target_shape": (1, *layer.shape)},
                (layer.name,), (1, *layer.shape),
            )  # fmt: skip
            for reader in made.readers(layer.name):
                reader.inputs = tuple(
                    line.name if name == layer.name else name for name in reader.inputs
                )
            made.layers.insert(made.layers.index(layer) + 1, line)
        elif len(layer.shape) == 2:
            layer.shape = (1, *layer.shape)
            if layer.kind == "Reshape":
                layer.config["target_shape"] = layer.shape
    return made


def _widen(layer: Layer) -> None:
    config = layer.config
    for key in ("kernel_size", "strides", "dilation_rate", "pool_size"):
        if key in config:
            value = config[key]
            config[key] = [1, value if isinstance(value, int) else value[0]]
    if config.get("padding") == "causal":
        raise ModelError(
            f"layer {layer.name} has causal padding", where="[model] steps: qat",
            do='use padding = "same" or "valid", or leave qat out',
        )  # fmt: skip
    if layer.weights:
        layer.weights[0] = layer.weights[0][np.newaxis]
    layer.kind = _TWO[layer.kind]
