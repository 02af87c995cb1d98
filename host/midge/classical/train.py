"""``midge train`` with a classical recipe: recordings, features, scikit-learn, a ``.npz``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from midge.classical.converter import convert
from midge.classical.from_sklearn import need_sklearn
from midge.classical.recipes import RECIPES, estimator
from midge.errors import ModelError
from midge.features import Pipeline, columns
from midge.features.pipeline import SCALE
from midge.meta import Meta
from midge.train.data import Dataset, Windows, load_dataset
from midge.train.hold_out import of_training

if TYPE_CHECKING:
    from midge.project import Project


def train(project: Project) -> Path:
    """Trains what ``midge.toml`` describes; returns the ``.npz``, its sidecar beside it.

    The model learns from what the board gives it, to the bit: int8 features of ``[features]``,
    or without that section the counts of a window. The same seed and data give the same bytes.

    Raises:
        DataError: the recordings are missing, broken or too few.
        ModelError: a parameter scikit-learn does not take, or a model that does not convert.
        MidgeError: scikit-learn is not installed.
    """
    need_sklearn()
    data = load_dataset(project)
    columns.warn(_front(project, data)[0])
    parts = of_training(project, data.train)
    _say(f"{data.name}: {len(parts.kept)} windows to train on, {len(data.test)} to test with")
    _say(parts.told(data.labels))
    model, out = learn(project, data, project.model_path)
    return _judge(project, model, out, data)


def learn(project: Project, data: Dataset, out: Path) -> tuple[Any, Path]:
    """scikit-learn's model, fitted to ``data.train`` but for what training holds out (the report
    chooses thresholds on that), and the ``.npz`` that it became.

    Raises:
        ModelError: as :func:`train`.
    """
    settings, where = project.model, str(project.root / "midge.toml")
    if settings.quantization != "int8":
        raise ModelError(
            f"{settings.recipe} is int16 by itself, found {settings.quantization!r}",
            where=f"{where}: [model] quantization", do="leave it out",
        )  # fmt: skip
    fitted, scale = _front(project, data)
    kept = of_training(project, data.train).kept
    inputs, classes = _features(fitted, data.train)[kept], data.train.classes[kept]
    model = estimator(settings.recipe, settings.parameters, settings.seed, where)
    try:
        model.fit(inputs * np.float32(scale), classes)
    except ValueError as err:
        raise ModelError(
            f"scikit-learn: {err}", where=f"{where}: [model]", do="mend the recipe's parameters"
        ) from err
    made = convert(
        model, out, inputs.astype(np.float64) * scale,
        input_type=inputs.dtype.name, input_scale=scale, meta=_meta(project, data, fitted),
    )  # fmt: skip
    return model, made


def scores_of(model: Path, inputs: np.ndarray) -> np.ndarray:
    """Integer scores ``[n, outputs]`` of a ``.npz`` for rows of its input."""
    import midge

    loaded = midge.load(str(model))
    return np.stack([np.array(loaded.predict(np.ascontiguousarray(row))) for row in inputs])


def _front(project: Project, data: Dataset) -> tuple[Pipeline | None, float]:
    """The features, scaled, and what one step of the model's input stands for."""
    pipeline = Pipeline.of_project(project)
    if pipeline is None:
        return None, 1.0
    return pipeline.fit(data.train.counts), float(np.float32(SCALE))


def _features(pipeline: Pipeline | None, windows: Windows) -> np.ndarray:
    """What the board's model gets, one row a window: int8 features, or int16 counts."""
    counts = np.ascontiguousarray(windows.counts, np.int16)
    found = counts if pipeline is None else pipeline.quantized(counts)
    return found.reshape(len(windows), -1)


def _meta(project: Project, data: Dataset, pipeline: Pipeline | None) -> Meta:
    settings = project.model
    return Meta(
        name=project.name,
        version=project.project.version,
        labels=data.labels,
        features=None if pipeline is None else [pipeline.as_dict()],
        data_fingerprint=data.fingerprint,
        extra={
            "data": data.name,
            "channels": data.channels,
            "rate_hz": data.rate_hz,
            "recipe": settings.recipe,
            "parameters": {**RECIPES[settings.recipe].parameters, **settings.parameters},
            "seed": settings.seed,
        },
    )


def _judge(project: Project, model: Any, out: Path, data: Dataset) -> Path:
    """Puts accuracy and agreement on the test split into the sidecar."""
    from midge.meta import load_meta, sidecar

    fitted, scale = _front(project, data)
    inputs = _features(fitted, data.test)
    scores = scores_of(out, inputs)
    decided = scores.argmax(axis=1)
    wanted = model.predict(inputs * np.float32(scale))
    meta = load_meta(out)
    meta.extra["accuracy"] = {
        project.model.quantization: float((decided == data.test.classes).mean()),
        "float": float((wanted == data.test.classes).mean()),
        "agreement": float((decided == wanted).mean()),
        "test_windows": len(data.test),
    }
    meta.save(sidecar(out))
    _say(f"agrees with scikit-learn on {meta.extra['accuracy']['agreement']:.1%} of them")
    return out


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
