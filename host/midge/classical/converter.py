"""A trained scikit-learn model to a ``.npz`` that Midge compiles."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from midge.classical import SUFFIX, from_sklearn
from midge.classical.store import Classical
from midge.errors import ModelError
from midge.firmware.files import drafts
from midge.meta import Meta, sidecar


def convert(
    model: Any,
    out: str | Path,
    samples: Any = None,
    *,
    input_type: str = "float32",
    input_scale: float = 1.0,
    meta: Meta | None = None,
    **options: Any,
) -> Path:
    """Writes a fitted scikit-learn model as ``out`` (``.npz``), with its sidecar ``.json``.

    Args:
        model: a classifier or regressor of docs/classical.md, or a ``Pipeline`` of scalers and
            one of these at its end.
        out: the file to write; both files appear whole or not at all.
        samples: real inputs ``[n, features]``, as the model was trained on: the first becomes
            the golden sample, and some kinds take ranges from them.
        input_type: "float32": the board gives real features, and each is scaled by itself;
            "int16", "int8": integers, ``real = input_scale * integer``.
        meta: name, version, labels; default: the file's stem and the model's classes.
        options: of the kind, as docs/classical.md has them.

    Returns:
        ``out``.

    Raises:
        ModelError: a class or a parameter that Midge does not do: names it; samples that are
            missing or of another width; or an input too coarse for the model.
        MidgeError: scikit-learn is not installed.
    """
    from midge.compile import compile_model

    out = Path(out)
    if out.suffix != SUFFIX:
        raise ModelError(f"ends in '{out.suffix}', needed: {SUFFIX}", where=str(out))
    real = _samples(samples)
    made = from_sklearn.describe(model, real, options)
    made.input_type, made.input_scale = input_type, float(input_scale)
    _check_input(made)
    if input_type != "float32" and real is not None:
        made.options["on_grid"] = _on_grid(real, made.input_scale)
    meta = meta or Meta(name=out.stem, labels=from_sklearn.labels(model, made))
    if meta.golden is None and real is not None:
        meta.golden = _golden(made, real[0])
    meta.extra = {"sklearn": made.source, "kind": made.kind, **meta.extra}
    with drafts(out) as folder:
        whole = folder / out.name
        made.save(whole)
        meta.save(sidecar(whole))
        compile_model(whole)  # what cannot be is said now
        sidecar(out).unlink(missing_ok=True)  # never an old sidecar beside a new model
        os.replace(whole, out)
        os.replace(sidecar(whole), sidecar(out))
    return out


def _samples(samples: Any) -> np.ndarray | None:
    if samples is None:
        return None
    found = np.asarray(samples, np.float64)
    if found.ndim != 2 or not len(found) or not np.isfinite(found).all():
        raise ModelError(
            f"samples of shape {found.shape}, needed: finite numbers, one row of features each",
            do="give some of the training data",
        )
    return found


def _check_input(made: Classical) -> None:
    if made.input_type not in ("float32", "int16", "int8"):
        raise ModelError(
            f"input_type {made.input_type!r}, needed: float32, int16 or int8", where=made.source
        )
    if not 0 < made.input_scale < np.inf:
        raise ModelError(f"input_scale {made.input_scale:g}, needed: above 0", where=made.source)


def _on_grid(samples: np.ndarray, scale: float) -> bool:
    """Whether the samples are whole steps: then those between two steps need not be told apart.
    1e-4: single precision, and a scale that was rounded to it."""
    steps = samples / scale
    return bool((np.abs(steps - np.rint(steps)) < 1e-4).all())


def _golden(made: Classical, sample: np.ndarray) -> list[Any]:
    if made.input_type == "float32":
        return [float(np.float32(value)) for value in sample]
    ends = np.iinfo(made.input_type)
    steps = np.clip(np.rint(sample / made.input_scale), ends.min, ends.max)
    return [int(value) for value in steps]
