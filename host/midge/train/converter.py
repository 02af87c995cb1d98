"""The process that runs TensorFlow's converter: ``python -m midge.train.converter``.

A process of its own, because some models make the converter abort, which no ``except`` catches.
`midge.train.quantize` starts it and reads how it ended; it is of no use by itself.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from midge.train.child import REFUSED
from midge.train.tf import import_tensorflow, silent


def main(model: str, representative: str, out: str, quantization: str) -> None:
    """Converts ``model`` (.keras, .h5 or a SavedModel folder) to ``quantization`` in ``out``.

    ``representative`` is an ``.npz`` file with an array for each input, in their order, float32
    ``[n, ...]``: samples of the real inputs, from which the ranges of all tensors are measured.
    ``quantization`` is "int8" or "int16x8".
    """
    tensorflow = import_tensorflow()
    with np.load(representative) as file:
        samples = list(file.values())
    converter, names = _converter(tensorflow, Path(model), [one.shape[1:] for one in samples])
    Path(out).write_bytes(_run(tensorflow, converter, names, samples, quantization))


def convert_here(model: Any, samples: np.ndarray, quantization: str) -> bytes:
    """The same in this process, which a converter that aborts takes with it: for what is known to
    convert. ``model`` is a Keras model of one input."""
    tensorflow = import_tensorflow()
    copy = _with_batch_1(tensorflow.keras, model)
    with silent():
        converter = tensorflow.lite.TFLiteConverter.from_keras_model(copy)
        return _run(tensorflow, converter, ["window"], [samples], quantization)


def _run(
    tensorflow: Any,
    converter: Any,
    names: list[str],
    samples: list[np.ndarray],
    quantization: str,
) -> bytes:
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    sets, kind = tensorflow.lite.OpsSet, tensorflow.int8
    ops = sets.TFLITE_BUILTINS_INT8
    if quantization == "int16x8":
        ops = sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        kind = tensorflow.int16
    converter.target_spec.supported_ops = [ops]
    converter.inference_input_type = converter.inference_output_type = kind

    def feed() -> Iterator[Any]:
        for sample in zip(*samples, strict=True):
            values = [one[np.newaxis] for one in sample]
            # The converter has an order of its own: several go by their names.
            yield dict(zip(names, values, strict=True)) if len(names) > 1 else values

    converter.representative_dataset = feed
    content = bytearray(converter.convert())
    if len(names) > 1:
        _order_inputs(content, names)
    return bytes(content)


def _order_inputs(content: bytearray, names: list[str]) -> None:
    """Puts the inputs of a ``.tflite`` in the order of ``names``, in place."""
    import tflite

    graph = tflite.Model.GetRootAs(content, 0).Subgraphs(0)
    inputs = graph.InputsAsNumpy()  # a view of the content
    found = {graph.Tensors(i).Name().decode(): int(i) for i in inputs}
    for place, name in enumerate(names):
        (index,) = (i for said, i in found.items() if name in said)
        inputs[place] = index


def _converter(
    tensorflow: Any, model: Path, shapes: list[tuple[int, ...]]
) -> tuple[Any, list[str]]:
    """A converter for the model with its batch fixed to 1 (a free batch leaves SHAPE ops in), and
    the inputs' names."""
    if model.is_dir():
        loaded = tensorflow.saved_model.load(str(model))
        function = loaded.signatures["serving_default"]
        inputs = function.structured_input_signature[1]
        _check_inputs([tuple(spec.shape) for spec in inputs.values()], shapes[:1])
        (name,) = inputs

        @tensorflow.function(input_signature=[tensorflow.TensorSpec((1, *shapes[0]))])
        def one(window: Any) -> Any:
            return function(**{name: window})

        concrete = one.get_concrete_function()
        converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([concrete], loaded)
        return converter, [name]
    keras = tensorflow.keras
    loaded = _load(keras, model)
    # For the parent's message, should the rest crash.
    said = ", ".join(f"{layer.name} ({type(layer).__name__})" for layer in loaded.layers)
    print(f"its layers: {said}")
    sys.stdout.flush()
    _check_inputs([tuple(one.shape) for one in loaded.inputs], shapes)
    fixed = _with_batch_1(keras, loaded)
    names = [one.name for one in fixed.inputs]
    return tensorflow.lite.TFLiteConverter.from_keras_model(fixed), names


def _load(keras: Any, path: Path) -> Any:
    """The Keras model of a file; ends the process where it holds code that only its author has."""
    try:
        return keras.models.load_model(path, compile=False)
    except (ValueError, TypeError, NotImplementedError) as err:
        export = 'save it by model.export("FOLDER") where it was made, and convert that folder'
        if "Lambda" in str(err) and (found := _lambdas(path)):
            sys.exit(
                f"{REFUSED}Lambda layer {', '.join(found)} is Python code, which is not run out "
                f"of a file -> use a layer of Keras (Rescaling, Activation, Multiply), or {export}"
            )
        if unknown := re.search(r"Could not locate (?:class|function) '(\w+)'", str(err)):
            sys.exit(f"{REFUSED}{unknown[1]} is none of Keras' own classes -> {export}")
        raise


def _lambdas(path: Path) -> list[str]:
    """Names of a ``.keras`` file's Lambda layers."""
    if not zipfile.is_zipfile(path):
        return ["(its name is not known)"]
    with zipfile.ZipFile(path) as file:
        layers = json.loads(file.read("config.json"))["config"].get("layers", [])
    return [one["config"]["name"] for one in layers if one["class_name"] == "Lambda"]


def _check_inputs(inputs: list[tuple[int | None, ...]], samples: list[tuple[int, ...]]) -> None:
    """The model must have as many inputs as there are samples, of their shapes; None is any
    size."""
    if len(inputs) != len(samples):
        sys.exit(f"{REFUSED}a model of {len(inputs)} inputs, needed: {len(samples)}")
    for (_, *needed), sample in zip(inputs, samples, strict=True):
        sizes = zip(needed, sample, strict=False)
        if len(needed) != len(sample) or any(n not in (None, found) for n, found in sizes):
            sys.exit(
                f"{REFUSED}the model's input has shape {tuple(needed)}, the samples have {sample}"
            )


def _with_batch_1(keras: Any, loaded: Any) -> Any:
    names = [one.name for one in loaded.inputs] if len(loaded.inputs) > 1 else ["window"]
    windows = [
        keras.Input(batch_shape=(1, *one.shape[1:]), name=name)
        for name, one in zip(names, loaded.inputs, strict=True)
    ]
    given = windows if len(windows) > 1 else windows[0]
    try:
        # A copy rather than a call: layers then keep their names in the .tflite.
        copy = keras.models.clone_model(loaded, input_tensors=given)
        copy.set_weights(loaded.get_weights())
    except (ValueError, TypeError, AttributeError):  # a subclassed model cannot be copied
        return keras.Model(given, loaded(given))
    return copy


if __name__ == "__main__":
    main(*sys.argv[1:])
