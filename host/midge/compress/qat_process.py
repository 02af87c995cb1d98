"""The process of quantization-aware training: ``python -m midge.compress.qat_process FOLDER``.

Started by :mod:`midge.compress.qat` with ``TF_USE_LEGACY_KERAS=1``, so that ``tf.keras`` is the
Keras 2 that TensorFlow Model Optimization wraps.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from midge.compress import net as nets
from midge.compress.fold import OUTPUT_ONLY
from midge.compress.net import Net
from midge.compress.teacher import Teacher
from midge.train.fit import LEARNING_RATE, Examples, learn
from midge.train.tf import import_tensorflow

_RATE = LEARNING_RATE / 10  # the weights are good already, their rounding is new
_SETTLE = (20, 0.7)  # batches, and how much of the old range stays: before training
_DECAY = 0.98  # while training; the package's own 0.999 needs thousands of batches
_PREFIX = "quant_"  # what the package calls a wrapped layer


def main(folder: str) -> None:
    """Reads net, examples and settings in ``folder``; writes ``trained.npz``, ``model.tflite``."""
    tensorflow = import_tensorflow()
    import tensorflow_model_optimization as tfmot

    keras = tensorflow.keras
    here = Path(folder)
    settings = json.loads((here / "settings.json").read_text(encoding="utf-8"))
    net = nets.load(here / "net.npz")
    with np.load(here / "examples.npz") as content:
        arrays = dict(content)
    soft = arrays.pop("soft", None)
    examples = Examples(**arrays)
    keras.utils.set_random_seed(settings["seed"])
    tensorflow.config.experimental.enable_op_determinism()

    model = rounded(tfmot, build(keras, net, None))
    set_input_range(model, settings)
    settle(model, examples, settings["batch_size"])
    learn(
        model, examples, epochs=settings["epochs"], batch_size=settings["batch_size"],
        rate=_RATE, teacher=None if soft is None else Teacher(soft),
    )  # fmt: skip
    set_input_range(model, settings)
    nets.save(trained(net, model), here / "trained.npz")
    fixed = rounded(tfmot, build(keras, net, 1))
    fixed.set_weights(model.get_weights())
    (here / "model.tflite").write_bytes(convert(tensorflow, fixed))


def build(keras: Any, net: Net, batch: int | None) -> Any:
    """A model of Keras 2."""
    tensors: dict[str, Any] = {}
    inputs = []
    for layer in net.layers:
        if layer.kind == "InputLayer":
            tensors[layer.name] = keras.Input(layer.shape, batch_size=batch, name=layer.name)
            inputs.append(tensors[layer.name])
            continue
        kind = getattr(keras.layers, layer.kind)
        known = inspect.signature(kind.__init__).parameters
        plain = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in layer.config.items()
            # initializers are of no use any more, and Keras 3 describes types in its own way
            if key in (*known, "name") and not isinstance(value, dict) and value is not None
        }
        read = [tensors[name] for name in layer.inputs]
        tensors[layer.name] = kind(**plain)(read if len(read) > 1 else read[0])
    model = keras.Model(inputs if len(inputs) > 1 else inputs[0], tensors[net.layers[-1].name])
    for layer in net.layers:
        if layer.weights:
            model.get_layer(layer.name).set_weights(layer.weights)
    return model


def rounded(tfmot: Any, model: Any) -> Any:
    """The model with weights and activations rounded as in int8."""
    package = tfmot.quantization.keras
    config: Any = package.QuantizeConfig

    class OutputOnly(config):
        """For layers without weights that the package has no form of."""

        def __init__(self) -> None:
            self.output_quantizer = package.quantizers.MovingAverageQuantizer(
                num_bits=8, per_axis=False, symmetric=False, narrow_range=False
            )

        def get_weights_and_quantizers(self, layer: Any) -> list[Any]:
            return []

        get_activations_and_quantizers = get_weights_and_quantizers

        def set_quantize_weights(self, layer: Any, weights: list[Any]) -> None:
            pass

        set_quantize_activations = set_quantize_weights

        def get_output_quantizers(self, layer: Any) -> list[Any]:
            return [self.output_quantizer]

        def get_config(self) -> dict[str, Any]:
            return {}

    def annotate(layer: Any) -> Any:
        if type(layer).__name__ not in OUTPUT_ONLY:
            return layer
        return package.quantize_annotate_layer(layer, OutputOnly())

    keras = import_tensorflow().keras
    with package.quantize_scope({"OutputOnly": OutputOnly}):
        return package.quantize_model(keras.models.clone_model(model, clone_function=annotate))


def set_input_range(model: Any, settings: dict[str, Any]) -> None:
    """The input's range is given: what was measured, or the features' own."""
    for layer in model.layers:
        if type(layer).__name__ == "QuantizeLayer":
            for variable in layer.weights:
                for end, key in (("_min:0", "low"), ("_max:0", "high")):
                    if variable.name.endswith(end):
                        variable.assign(settings[key])


def settle(model: Any, examples: Examples, batch_size: int) -> None:
    """Brings the activations' ranges, moving averages that begin at 6, to what they are."""
    batches, decay = _SETTLE
    for quantizer in _activation_quantizers(model):
        quantizer.ema_decay = decay
    order = np.random.default_rng(0).permutation(len(examples.x))
    size = max(batch_size, 32)
    for number in range(batches):
        chosen = np.take(order, range(number * size, (number + 1) * size), mode="wrap")
        model(examples.x[chosen], training=True)
    for quantizer in _activation_quantizers(model):
        quantizer.ema_decay = _DECAY


def _activation_quantizers(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        config = getattr(layer, "quantize_config", None)
        for name in ("activation_quantizer", "output_quantizer"):
            quantizer = getattr(config, name, None)
            if quantizer is not None and hasattr(quantizer, "ema_decay"):
                yield quantizer


def trained(net: Net, model: Any) -> Net:
    """The network with its float weights after training."""
    made = net.copy()
    wrapped = {layer.name: layer for layer in model.layers}
    for layer in made.layers:
        if layer.weights:
            one = wrapped[_PREFIX + layer.name].layer
            # the wrapper takes the kernel over and leaves its rounded form in the layer
            values = {v.name.rpartition("/")[2]: v for v in wrapped[_PREFIX + layer.name].weights}
            kernel = "depthwise_kernel:0" if "Depthwise" in layer.kind else "kernel:0"
            layer.weights = [values[kernel].numpy()]
            if one.use_bias:
                layer.weights.append(values["bias:0"].numpy())
    return made


def convert(tensorflow: Any, model: Any) -> bytes:
    """The int8 ``.tflite``: the ranges are in the model."""
    converter = tensorflow.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    # TFLITE_BUILTINS_INT8 would ask for samples to measure; leftovers are looked for afterwards.
    converter.inference_input_type = converter.inference_output_type = tensorflow.int8
    content: bytes = converter.convert()
    return content


if __name__ == "__main__":
    main(*sys.argv[1:])
