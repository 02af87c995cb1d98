"""A model with an input for each of several sensors: recipe ``two_branch``.

Each sensor's window goes through its own features and its own small network; what those find is
joined and classified. Training sees all features of a window as one row, so that it is the same
as for a single sensor (:mod:`midge.train.fit`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tflite

from midge.errors import ModelError
from midge.features import Pipeline, columns
from midge.features.pipeline import SCALE
from midge.firmware.files import drafts
from midge.meta import Meta, sidecar
from midge.several import branches, named, unpack
from midge.train.data import Dataset, Windows, load_dataset, raw_scaling
from midge.train.evaluate import decide
from midge.train.fit import fit
from midge.train.hold_out import of_training
from midge.train.quantize import convert
from midge.train.tf import import_tensorflow

if TYPE_CHECKING:
    from midge.project import Project

RECIPE = "two_branch"
_REPRESENTATIVE = 500  # windows; more move the measured ranges little
_GAIN = 0.32  # natural log: copies are 0.73...1.38 times as strong
_NOISE = 0.02  # of each channel's deviation
_RAW = {"block": "raw"}


class Branches:
    """The sensors' windows and how each reaches its input."""

    def __init__(self, project: Project, data: Dataset):
        self.names = [sensor.name for sensor in named(project)]
        self._project = project
        self._counts = unpack(project, data.train.counts)
        self._deviations = [1 / np.array(raw_scaling(one).gain) for one in self._counts]
        made = zip(pipelines(project), self._counts, strict=True)
        self.pipelines = [pipeline.fit(counts) for pipeline, counts in made]
        self.shapes = [pipeline.shape for pipeline in self.pipelines]

    def real(self, packets: np.ndarray) -> list[np.ndarray]:
        """What each input gets, float32 ``[n, rows, columns]``, of packets ``[n, ticks, ...]``."""
        return self._real(unpack(self._project, packets))

    def _real(self, counts: list[np.ndarray]) -> list[np.ndarray]:
        return [p.real(one) for p, one in zip(self.pipelines, counts, strict=True)]

    def more(self, kept: np.ndarray, copies: int, rng: np.random.Generator) -> np.ndarray:
        """Changed copies of training windows, as rows: other gains of each sensor, and noise. They
        are not moved in time: what comes when is what two sensors know together."""
        made = []
        for _ in range(copies):
            changed = []
            for counts, deviation in zip(self._counts, self._deviations, strict=True):
                some = counts[kept].astype(np.float64)
                mean = some.mean(axis=1, keepdims=True)
                gain = np.exp(rng.uniform(-_GAIN, _GAIN, (len(kept), 1, 1)))
                noise = rng.normal(0, _NOISE, some.shape) * deviation
                values = np.rint(mean + (some - mean) * gain + noise)
                changed.append(np.clip(values, -32768, 32767).astype(np.int16))
            made.append(flat(self._real(changed)))
        size = sum(rows * columns for rows, columns in self.shapes)
        return np.concatenate(made) if made else np.empty((0, size, 1), np.float32)

    def representative(self, packets: np.ndarray) -> list[np.ndarray]:
        """What the converter takes the ranges from: with the ends of the int8 inputs, so that each
        gets just the scale that the features have."""
        found = []
        for real in self.real(packets):
            ends = real[:1].copy()
            ends.reshape(-1)[:2] = np.float32(SCALE) * np.array([-128, 127], np.float32)
            found.append(np.concatenate([real, ends]))
        return found


def pipelines(project: Project) -> list[Pipeline]:
    """The features of each branch; samples as they are where none are declared.

    Raises:
        FeatureError: one cannot be.
        ModelError: the windows of two sensors would not be ready at the same time.
    """
    found = []
    for part in branches(project):
        if not part.features.blocks:
            part = dataclasses.replace(
                part, features=dataclasses.replace(part.features, blocks=[_RAW])
            )
        pipeline = Pipeline.of_project(part)
        assert pipeline is not None
        found.append(pipeline)
    seconds = [pipeline.used / pipeline.rate_hz for pipeline in found]
    if max(seconds) - min(seconds) > 1e-9:
        each = zip(named(project), seconds, strict=True)
        raise ModelError(
            "the first windows of the sensors would be ready at other times: "
            + ", ".join(f"{sensor.name} after {s:g} s" for sensor, s in each),
            where=f"{project.root / 'midge.toml'}: [sensors.features]",
            do="make each step divide its frame, and the frame its window",
        )
    return found


def flat(parts: list[np.ndarray]) -> np.ndarray:
    """All inputs of a window as one row: float32 ``[n, values, 1]``."""
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)[..., None]


def two_branch(shapes: list[tuple[int, int]], names: list[str], classes: int) -> tuple[Any, Any]:
    """The network for training, of :func:`flat` rows, and the same with an input a sensor.

    A branch of 8 rows or more: two strided convolutions over time and their mean; of fewer: a
    dense layer. Both give 16 values; a dense layer joins them.

    Args:
        shapes: rows and columns of each branch's features.
    """
    import keras
    from keras import layers

    def branch(shape: tuple[int, int], name: str) -> list[Any]:
        if shape[0] < 8:
            dense = layers.Dense(16, activation="relu", name=f"{name}_dense")
            return [layers.Flatten(name=f"{name}_flat"), dense]
        made = []
        for number, filters in enumerate((12, 16), 1):
            made += [
                layers.Conv1D(
                    filters,
                    5,
                    strides=2,
                    padding="same",
                    use_bias=False,
                    name=f"{name}_conv{number}",
                ),
                layers.BatchNormalization(momentum=0.9, name=f"{name}_norm{number}"),
                layers.ReLU(name=f"{name}_relu{number}"),
            ]
        return [*made, layers.GlobalAveragePooling1D(name=f"{name}_mean")]

    branch_layers = [branch(shape, name) for shape, name in zip(shapes, names, strict=True)]
    head = [
        layers.Concatenate(name="join"),
        layers.Dropout(0.2, name="drop"),
        layers.Dense(16, activation="relu", name="dense"),
        layers.Dense(classes, activation="softmax", name="scores"),
    ]

    def scores(inputs: list[Any]) -> Any:
        x: Any = [_through(some, one) for some, one in zip(branch_layers, inputs, strict=True)]
        return _through(head, x)

    sizes = [rows * columns for rows, columns in shapes]
    row = keras.Input((sum(sizes), 1), name="row")
    at, parts = 0, []
    for size, shape, name in zip(sizes, shapes, names, strict=True):
        cropped = layers.Cropping1D((at, sum(sizes) - at - size), name=f"{name}_part")(row)
        parts.append(layers.Reshape(shape, name=f"{name}_window")(cropped))
        at += size
    windows = [
        keras.Input(shape, name=f"input{i}_{name}")
        for i, (shape, name) in enumerate(zip(shapes, names, strict=True))
    ]
    return keras.Model(row, scores(parts), name=RECIPE), keras.Model(windows, scores(windows))


def _through(some: list[Any], x: Any) -> Any:
    for layer in some:
        x = layer(x)
    return x


def train(project: Project) -> Path:
    """As :func:`midge.train.pipeline.train`, for a project with branches."""
    _check(project)
    pipelines(project)  # what cannot be is said before anything is read
    import_tensorflow()
    data = load_dataset(project)
    inputs = Branches(project, data)
    for pipeline in inputs.pipelines:
        columns.warn(pipeline)
    _say(f"{data.name}: {len(data.train)} windows to train on, {len(data.test)} to test with")
    from midge.train.pipeline import checkpoint_of, forget_checkpoints

    settings = project.model
    both: list[Any] = []

    def recipe(_length: int, _channels: int, classes: int) -> Any:
        both[:] = two_branch(inputs.shapes, inputs.names, classes)
        return both[0]

    fitted = fit(
        recipe, flat(inputs.real(data.train.counts)), data.train.classes, len(data.labels),
        epochs=settings.epochs, batch_size=settings.batch_size, seed=settings.seed,
        copies=settings.copies, more=inputs.more, parts=of_training(project, data.train),
        checkpoint=checkpoint_of(project, settings.seed), label_smoothing=settings.label_smoothing,
    )  # fmt: skip
    out = project.model_path
    with drafts(out) as folder:
        made = folder / out.name
        _say("quantizing to int8 ...")
        saved = made.with_suffix(".keras")
        both[1].save(saved)  # its layers are those that were trained
        order = np.random.default_rng(0).permutation(len(data.train))[:_REPRESENTATIVE]
        convert(saved, inputs.representative(data.train.counts[order]), made)
        meta = _describe(project, data, inputs, made)
        meta.save(sidecar(made))
        test = inputs.real(data.test.counts)
        in_float = decide(both[1].predict(test, verbose=0))
        meta.extra["accuracy"] = {
            "int8": accuracy(project, made, data.test),
            "float": float((in_float == data.test.classes).mean()),
            "test_windows": len(data.test),
        }
        meta.extra["epochs"] = fitted.epochs
        meta.save(sidecar(made))
        sidecar(out).unlink(missing_ok=True)
        os.replace(made, out)
        os.replace(sidecar(made), sidecar(out))
    forget_checkpoints(project)
    _say(f"int8 accuracy on the test split: {meta.extra['accuracy']['int8']:.1%}")
    return out


def _check(project: Project) -> None:
    where = f"{project.root / 'midge.toml'}: [model]"
    for key, needed in (("recipe", RECIPE), ("quantization", "int8")):
        found = getattr(project.model, key)
        if found != needed:
            raise ModelError(
                f"{found!r} is for one window, sensors with windows of their own need {needed!r}",
                where=f"{where} {key}", do=f'set {key} = "{needed}"',
            )  # fmt: skip


def accuracy(project: Project, model: Path, windows: Windows) -> float:
    """Share of the windows that the int8 model gets right, 0...1, by the board's code."""
    scores = predict(project, model, windows.counts)
    return float((decide(scores) == windows.classes).mean())


def predict(project: Project, model: Path, packets: np.ndarray) -> np.ndarray:
    """int8 scores ``[n, classes]`` of packets ``[n, ticks, ...]``."""
    import midge

    loaded = midge.load(str(model))
    counts = unpack(project, packets)
    fronts = loaded.compiled.features
    seen = [f.pipeline.quantized(one, f) for f, one in zip(fronts, counts, strict=True)]
    return np.stack([np.array(loaded.predict(one)) for one in zip(*seen, strict=True)])


def _describe(project: Project, data: Dataset, inputs: Branches, made: Path) -> Meta:
    content = made.read_bytes()
    graph = tflite.Model.GetRootAs(content, 0).Subgraphs(0)
    first = inputs.real(data.train.counts[:1])
    golden: list[int] = []
    for number, (name, real) in enumerate(zip(inputs.names, first, strict=True)):
        tensor = graph.Tensors(graph.Inputs(number))
        scale, zero_point = tensor.Quantization().Scale(0), tensor.Quantization().ZeroPoint(0)
        said = tensor.Name().decode()
        if f"input{number}_{name}" not in said or abs(scale / SCALE - 1) > 1e-6 or zero_point:
            raise ModelError(
                f"the converter made input {number} {said!r} of scale {scale:g} and zero point "
                f"{zero_point}; needed: {name}, {SCALE:g}, 0",
                where=str(made), do="report it: this is a bug in Midge",
            )  # fmt: skip
        golden += np.clip(np.rint(real / SCALE), -128, 127).astype(int).reshape(-1).tolist()
    return Meta(
        name=project.name,
        version=project.project.version,
        labels=data.labels,
        features=[pipeline.as_dict() for pipeline in inputs.pipelines],
        data_fingerprint=data.fingerprint,
        golden=golden,
        extra={
            "tflite_sha256": hashlib.sha256(content).hexdigest(),
            "data": data.name,
            "sensors": inputs.names,
            "recipe": RECIPE,
            "seed": project.model.seed,
        },
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
