"""Recordings to a trained integer model with its sidecar."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tflite

from midge.errors import ModelError
from midge.features import Pipeline
from midge.features.pipeline import SCALE
from midge.meta import Meta, sidecar
from midge.train.data import Dataset, load_dataset
from midge.train.evaluate import accuracy, decide
from midge.train.fit import Fitted, fit
from midge.train.inputs import Inputs
from midge.train.quantize import convert
from midge.train.recipes import RECIPES, Recipe, configured
from midge.train.tf import import_tensorflow

if TYPE_CHECKING:
    from midge.project import Project

# More windows move the measured ranges little and cost converter time.
_MOST_REPRESENTATIVE = 500


def train(project: Project) -> Path:
    """Trains what ``midge.toml`` describes; returns the ``.tflite``, its sidecar beside it.

    Both files appear whole or not at all. Progress goes to stderr.

    Raises:
        DataError: the recordings are missing, broken or too few.
        ModelError: unknown recipe, or a model that does not convert to int8.
        MidgeError: TensorFlow is not installed.
    """
    recipe = _recipe(project)
    pipeline = _pipeline(project)
    import_tensorflow()  # before a download, so that its absence is the first thing said
    data = load_dataset(project)
    inputs = Inputs(data, pipeline, sound=project.sensor.kind == "microphone")
    _say(f"{data.name}: {len(data.train)} windows to train on, {len(data.test)} to test with")
    settings = project.model
    fitted = fit(
        recipe, inputs.real(data.train.counts), data.train.classes, len(data.labels),
        epochs=settings.epochs, batch_size=settings.batch_size, seed=settings.seed,
        copies=settings.copies, more=inputs.more,
    )  # fmt: skip
    out = project.model_path
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        made = _quantize(project, fitted.model, data, inputs, Path(folder) / out.name)
        meta = _describe(project, data, inputs, made)
        meta.save(sidecar(made))  # the engine reads the scaling from it
        meta.extra["accuracy"] = _accuracies(project, fitted, data, inputs, made)
        meta.extra["epochs"] = fitted.epochs
        meta.save(sidecar(made))
        # Never an old sidecar beside a new model, whenever this is interrupted.
        sidecar(out).unlink(missing_ok=True)
        os.replace(made, out)
        os.replace(sidecar(made), sidecar(out))
    kind = settings.quantization
    _say(f"{kind} accuracy on the test split: {meta.extra['accuracy'][kind]:.1%}")
    return out


def _pipeline(project: Project) -> Pipeline | None:
    pipeline = Pipeline.of_project(project)
    kind = project.model.quantization
    if pipeline is not None and kind != "int8":
        raise ModelError(
            f"features are int8, the model's input would be int16 ({kind})",
            where=f"{project.root / 'midge.toml'}: [model] quantization",
            do='leave it "int8", or leave out [features]',
        )
    return pipeline


def _recipe(project: Project) -> Recipe:
    name = project.model.recipe
    if name not in RECIPES:
        raise ModelError(
            f"needs one of {', '.join(RECIPES)}, found {name!r}",
            where=f"{project.root / 'midge.toml'}: [model] recipe",
            do="name one of them; midge/train/recipes.py shows what they are",
        )
    where = f"{project.root / 'midge.toml'}: [model] net"
    return configured(name, project.model.net, where)


def _quantize(project: Project, model: Any, data: Dataset, inputs: Inputs, out: Path) -> Path:
    kind = project.model.quantization
    _say(f"quantizing to {kind} ...")
    # At random: a regular step could fall in with an order of the classes.
    order = np.random.default_rng(0).permutation(len(data.train))[:_MOST_REPRESENTATIVE]
    saved = out.with_suffix(".keras")
    for layer in model.layers:  # of training only, and the converter does not know a recipe's own
        if getattr(layer, "kernel_constraint", None) is not None:
            layer.kernel_constraint = None
    model.save(saved)
    return convert(saved, inputs.representative(data.train.counts[order]), out, kind)


def _describe(project: Project, data: Dataset, inputs: Inputs, made: Path) -> Meta:
    content = made.read_bytes()
    graph = tflite.Model.GetRootAs(content, 0).Subgraphs(0)
    if inputs.pipeline is not None:
        _check_scale(graph, made)
    outputs = int(np.prod(graph.Tensors(graph.Outputs(0)).ShapeAsNumpy()))
    return Meta(
        name=project.name,
        version=project.project.version,
        # A single output is the score of the second class, "yes".
        labels=data.labels[-1:] if outputs == 1 else data.labels,
        **inputs.describe(),
        data_fingerprint=data.fingerprint,
        golden=_golden(graph, inputs.real(data.train.counts[:1])),
        extra={
            "tflite_sha256": hashlib.sha256(content).hexdigest(),
            "data": data.name,
            "channels": data.channels,
            "rate_hz": data.rate_hz,
            "recipe": project.model.recipe,
            "net": project.model.net,
            "seed": project.model.seed,
        },
    )


def _check_scale(graph: tflite.SubGraph, made: Path) -> None:
    """The converter took the input's scale from the ends that it was shown: so float training and
    int8 see the same features.

    Raises:
        ModelError: it did not.
    """
    quant = graph.Tensors(graph.Inputs(0)).Quantization()
    scale, zero_point = float(quant.Scale(0)), int(quant.ZeroPoint(0))
    if abs(scale - SCALE) > 1e-6 * SCALE or zero_point != 0:
        raise ModelError(
            f"the converter gave the input scale {scale:g} and zero point {zero_point}, the "
            f"features have {SCALE:g} and 0",
            where=str(made), do="report it: this is a bug in Midge",
        )  # fmt: skip


def _golden(graph: tflite.SubGraph, real: np.ndarray) -> list[int]:
    """The window as the model's integer input, flat."""
    tensor = graph.Tensors(graph.Inputs(0))
    quant = tensor.Quantization()
    scale, zero_point = quant.Scale(0), quant.ZeroPoint(0)
    ends = np.iinfo(np.int16 if tensor.Type() == tflite.TensorType.INT16 else np.int8)
    quantized = np.clip(np.rint(real / scale) + zero_point, ends.min, ends.max)
    return [int(value) for value in quantized.reshape(-1)]


def _accuracies(
    project: Project, fitted: Fitted, data: Dataset, inputs: Inputs, made: Path
) -> dict[str, float | int]:
    scores = fitted.model.predict(inputs.real(data.test.counts), verbose=0)
    in_float = float((decide(scores, half=0.5) == data.test.classes).mean())
    return {
        project.model.quantization: accuracy(made, data.test),
        "float": in_float,
        "test_windows": len(data.test),
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
