"""Recordings to a trained integer model with its sidecar."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tflite

from midge.classical import recipes as classical
from midge.errors import ModelError
from midge.features import Pipeline, columns
from midge.features.pipeline import SCALE
from midge.firmware.files import drafts
from midge.meta import Meta, sidecar
from midge.several import branches
from midge.train import anomaly, representative
from midge.train.data import Dataset, load_dataset
from midge.train.evaluate import accuracy, accuracy_in_float, against_reference
from midge.train.fit import Fitted, Watch, fit
from midge.train.hold_out import of_training
from midge.train.inputs import Inputs
from midge.train.quantize import convert
from midge.train.recipes import RECIPES, Recipe, configured, widened
from midge.train.tf import import_tensorflow

if TYPE_CHECKING:
    from midge.compress.run import Improver
    from midge.project import Project

# More windows move the measured ranges little and cost converter time.
_MOST_REPRESENTATIVE = 500
_COMPARED = 200  # windows at most that our engine and LiteRT's reference kernels both run


def train(project: Project) -> Path:
    """Trains what ``midge.toml`` describes; returns the ``.tflite`` (``.npz`` of a classical
    recipe), its sidecar beside it.

    Both files appear whole or not at all. Progress goes to stderr.

    Raises:
        DataError: the recordings are missing, broken or too few.
        ModelError: unknown recipe, or a model that does not convert to int8.
        MidgeError: TensorFlow is not installed.
    """
    if other := _other_road(project):
        _refuse_steps(project)
        return other(project)
    recipe = recipe_of(project)
    pipeline = features_of(project)
    import_tensorflow()  # before a download, so that its absence is the first thing said
    data = load_dataset(project)
    inputs = Inputs(data, pipeline, kind=project.sensor.kind)
    columns.warn(inputs.pipeline)
    _say(f"{data.name}: {len(data.train)} windows to train on, {len(data.test)} to test with")
    _say(of_training(project, data.train).told(data.labels))
    steps = _steps(project)
    fitted = fit_recipe(project, recipe, data, inputs, project.model.seed)
    out = project.model_path
    with drafts(out) as folder:
        made = folder / out.name
        model = fitted.model
        tried: list[dict[str, Any]] = []
        if steps:
            improver = improver_of(project, fitted, data, inputs, folder)
            model, best = improver.run(model, steps)
            os.replace(best, made)
            tried = improver.records
        else:
            _quantize(project, model, data, inputs, made)
        meta = describe(project, data, inputs, made)
        meta.save(sidecar(made))  # the engine reads the scaling from it
        meta.extra["accuracy"] = _accuracies(project, model, data, inputs, made)
        meta.extra["epochs"] = fitted.epochs
        if same := against_reference(made, data.test.counts[:_COMPARED]):
            meta.extra["equal_to_reference"] = dict(zip(("equal", "windows"), same, strict=True))
        if tried:
            meta.extra["steps"] = tried
        meta.save(sidecar(made))
        # Never an old sidecar beside a new model, whenever this is interrupted.
        sidecar(out).unlink(missing_ok=True)
        os.replace(made, out)
        os.replace(sidecar(made), sidecar(out))
    forget_checkpoints(project)
    kind = project.model.quantization
    _say(f"{kind} accuracy on the test split: {meta.extra['accuracy'][kind]:.1%}")
    if same:
        equal, of = same
        _say(f"our engine gives LiteRT's reference bits on {equal} of {of} windows")
        if equal < of:
            _say("warning: they must be equal: please report it, this is a bug in Midge")
    return out


def _other_road(project: Project) -> Callable[[Project], Path] | None:
    """What trains a project that is not one network of one input, of labelled windows."""
    if branches(project):
        from midge.train import branches as several

        return several.train
    if project.model.recipe == anomaly.RECIPE:
        return anomaly.train
    if project.model.recipe in classical.RECIPES:
        from midge.classical.train import train as train_classical

        return train_classical
    return None


def _refuse_steps(project: Project) -> None:
    if project.model.steps:
        kind = "several inputs" if branches(project) else f"recipe {project.model.recipe!r}"
        raise ModelError(
            f"the steps are for networks of one input that tell classes apart, found {kind}",
            where=f"{project.root / 'midge.toml'}: [model] steps", do="leave steps out",
        )  # fmt: skip


def fit_recipe(
    project: Project,
    recipe: Recipe,
    data: Dataset,
    inputs: Inputs,
    seed: int,
    watch: Watch | None = None,
) -> Fitted:
    """The recipe's network, trained in float as the project says but for the seed.

    The one place that reads ``[model]`` for :func:`midge.train.fit.fit`: `midge search` trains by
    it too, with a ``watch``, and then without a file to go on from.
    """
    settings = project.model
    return fit(
        recipe, inputs.real(data.train.counts), data.train.classes, len(data.labels),
        epochs=settings.epochs, batch_size=settings.batch_size, seed=seed,
        copies=settings.copies, more=inputs.more, label_smoothing=settings.label_smoothing,
        checkpoint=checkpoint_of(project, seed) if watch is None else None, watch=watch,
        parts=of_training(project, data.train),
    )  # fmt: skip


def checkpoint_of(project: Project, seed: int | str) -> Path:
    """Where an interrupted training with this seed goes on from."""
    return project.model_path.with_name(f".{project.name}-{seed}.training.npz")


def forget_checkpoints(project: Project) -> None:
    """Removes what interrupted trainings would go on from: the model is there."""
    some = checkpoint_of(project, "*")
    for old in some.parent.glob(some.name):
        old.unlink()


def _steps(project: Project) -> list[str]:
    """``[model] steps``, checked before anything is trained."""
    from midge.compress.steps import STEPS

    steps, where = project.model.steps, f"{project.root / 'midge.toml'}: [model] steps"
    for name in steps:
        if name not in STEPS:
            raise ModelError(
                f"needs some of {', '.join(STEPS)}, found {name!r}", where=where,
                do="see docs/compression.md",
            )  # fmt: skip
    if "qat" in steps[:-1]:
        raise ModelError(
            "qat is the last step, its model cannot be changed any more", where=where,
            do="put it at the end",
        )  # fmt: skip
    if "qat" in steps:
        from midge.compress.qat import need_tfmot

        need_tfmot()
    if steps and project.model.quantization != "int8":
        raise ModelError(
            f"the steps make int8 models, found {project.model.quantization}",
            where=f"{project.root / 'midge.toml'}: [model] quantization",
            do="leave one of them out",
        )  # fmt: skip
    return steps


def improver_of(
    project: Project, fitted: Fitted, data: Dataset, inputs: Inputs, folder: Path
) -> Improver:
    """What runs steps on a trained network, with its work in ``folder``."""
    from midge.compress.qat import usual_ends
    from midge.compress.run import Improver, Maker
    from midge.compress.steps import Work

    settings = project.model
    net = widened(settings.recipe, settings.net, settings.teacher_scale)
    larger = dataclasses.replace(project, model=dataclasses.replace(settings, net=net))
    teacher = recipe_of(larger)
    work = Work(
        project, fitted.examples, folder, inputs.ends or usual_ends(fitted.examples.x),
        lambda seed: fit_recipe(larger, teacher, data, inputs, seed).model,
    )  # fmt: skip
    maker = Maker(
        lambda model, out: _quantize(project, model, data, inputs, out),
        lambda out: describe(project, data, inputs, out).save(sidecar(out)),
        data.test, inputs.real(data.test.counts),
    )  # fmt: skip
    return Improver(project, work, maker)


def features_of(project: Project) -> Pipeline | None:
    """``[features]``, not yet scaled; None: the samples themselves."""
    pipeline = Pipeline.of_project(project)
    kind = project.model.quantization
    if pipeline is not None and kind != "int8":
        raise ModelError(
            f"features are int8, the model's input would be int16 ({kind})",
            where=f"{project.root / 'midge.toml'}: [model] quantization",
            do='leave it "int8", or leave out [features]',
        )
    return pipeline


def recipe_of(project: Project) -> Recipe:
    name = project.model.recipe
    if name not in RECIPES:
        raise ModelError(
            f"needs one of {', '.join([*RECIPES, anomaly.RECIPE, *classical.RECIPES])}, "
            f"found {name!r}",
            where=f"{project.root / 'midge.toml'}: [model] recipe",
            do="name one of them; midge/train/recipes.py shows what they are",
        )
    where = f"{project.root / 'midge.toml'}: [model] net"
    return configured(name, project.model.net, where)


def _quantize(project: Project, model: Any, data: Dataset, inputs: Inputs, out: Path) -> Path:
    kind = project.model.quantization
    _say(f"quantizing to {kind} ...")
    saved = out.with_suffix(".keras")
    # of training only, and the converter does not know a recipe's own
    held = [one for one in model.layers if getattr(one, "kernel_constraint", None) is not None]
    constraints = [one.kernel_constraint for one in held]
    for one in held:
        one.kernel_constraint = None
    model.save(saved)
    for one, constraint in zip(held, constraints, strict=True):
        one.kernel_constraint = constraint
    return convert(saved, representative_of(data, inputs), out, kind)


def representative_of(data: Dataset, inputs: Inputs) -> np.ndarray:
    """Real inputs that the converter measures ranges on."""
    counts = data.train.counts
    chosen = representative.choose(counts, data.train.classes, _MOST_REPRESENTATIVE)
    return inputs.representative(counts[chosen])


def describe(project: Project, data: Dataset, inputs: Inputs, made: Path) -> Meta:
    """The sidecar of a ``.tflite``, without its accuracy."""
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
    project: Project, model: Any, data: Dataset, inputs: Inputs, made: Path
) -> dict[str, float | int]:
    in_float = accuracy_in_float(model, inputs.real(data.test.counts), data.test.classes)
    return {
        project.model.quantization: accuracy(made, data.test),
        "float": in_float,
        "test_windows": len(data.test),
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
