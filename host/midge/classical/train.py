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
    settings, where = project.model, str(project.root / "midge.toml")
    if settings.quantization != "int8":
        raise ModelError(
            f"{settings.recipe} is int16 by itself, found {settings.quantization!r}",
            where=f"{where}: [model] quantization", do="leave it out",
        )  # fmt: skip
    data = load_dataset(project)
    pipeline = Pipeline.of_project(project)
    fitted = None if pipeline is None else pipeline.fit(data.train.counts)
    columns.warn(fitted)
    # Those that training a network holds out: the report chooses thresholds on them.
    parts = of_training(project, data.train)
    kept = parts.kept
    inputs, classes = _features(fitted, data.train)[kept], data.train.classes[kept]
    _say(f"{data.name}: {len(kept)} windows to train on, {len(data.test)} to test with")
    _say(parts.told(data.labels))
    model = estimator(settings.recipe, settings.parameters, settings.seed, where)
    scale = 1.0 if fitted is None else float(np.float32(SCALE))
    try:
        model.fit(inputs * np.float32(scale), classes)
    except ValueError as err:
        raise ModelError(
            f"scikit-learn: {err}", where=f"{where}: [model]", do="mend the recipe's parameters"
        ) from err
    out = convert(
        model, project.model_path, inputs.astype(np.float64) * scale,
        input_type=inputs.dtype.name, input_scale=scale, meta=_meta(project, data, fitted),
    )  # fmt: skip
    return _judge(project, model, out, data, _features(fitted, data.test), scale)


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


def _judge(
    project: Project, model: Any, out: Path, data: Dataset, inputs: np.ndarray, scale: float
) -> Path:
    """Puts accuracy and agreement on the test split into the sidecar."""
    import midge
    from midge.meta import load_meta, sidecar

    loaded = midge.load(str(out))
    scores = np.stack([np.array(loaded.predict(np.ascontiguousarray(row))) for row in inputs])
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
