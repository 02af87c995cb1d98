"""Keras or SavedModel to an int8 or 16x8 ``.tflite``, with every tensor's type looked at."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from midge.errors import ModelError
from midge.firmware.files import drafts
from midge.train.child import run_child
from midge.train.leftover import find_leftovers

_TIMEOUT_S = 600


def convert(
    model: Path,
    representative: np.ndarray | Sequence[np.ndarray],
    out: Path,
    quantization: str = "int8",
) -> Path:
    """Converts ``model`` to integers with batch 1 and writes ``out``; returns ``out``.

    Args:
        model: ``.keras``, ``.h5`` or a SavedModel folder.
        representative: float32 ``[n, ...]``, real inputs as the model gets them (a hundred or
            more, of every class): tensor ranges are measured on them. A list of such arrays, in
            the inputs' order, for a Keras model of several inputs.
        out: the ``.tflite`` to write; appears whole or not at all.
        quantization: "int8", or "int16x8": int16 activations and int8 weights.

    Raises:
        ModelError: no such model, other inputs than the samples', the converter failed or
            crashed, or a layer stayed float.
        MidgeError: TensorFlow is not installed.
    """
    model, out = Path(model), Path(out)
    _check_files(model, out)
    given = [representative] if isinstance(representative, np.ndarray) else representative
    samples = [np.ascontiguousarray(one, np.float32) for one in given]
    bad = sum(int((~np.isfinite(one)).sum()) for one in samples)
    if min(map(len, samples)) == 0 or bad:
        raise ModelError(
            f"needs finite representative inputs, found {min(map(len, samples))} with "
            f"{bad} NaN or infinite values",
            where=str(model), do="give windows of real recordings",
        )  # fmt: skip
    with drafts(out) as folder:
        sample_file, made = folder / "samples.npz", folder / "model.tflite"
        np.savez(sample_file, *samples)
        _run_converter(model, sample_file, made, quantization)
        find_leftovers(made.read_bytes(), str(model))
        os.replace(made, out)
    return out


def _check_files(model: Path, out: Path) -> None:
    """What can be told before TensorFlow starts."""
    if not model.exists():
        raise ModelError("no such file or folder", where=str(model), do="train or save it first")
    folder = model.is_dir()
    good = (model / "saved_model.pb").is_file() if folder else model.suffix in (".keras", ".h5")
    if not good:
        what = "a folder without saved_model.pb" if folder else "neither .keras nor .h5"
        raise ModelError(
            f"{what}: no Keras model or SavedModel", where=str(model),
            do='save the model by model.save("NAME.keras")',
        )  # fmt: skip
    if out.is_dir():
        raise ModelError(
            "a folder, needed: the .tflite to write", where=str(out), do="name a file"
        )


def _run_converter(model: Path, samples: Path, out: Path, quantization: str) -> None:
    run_child(
        "midge.train.converter", [str(model), str(samples), str(out), quantization],
        "TensorFlow's converter", where=str(model), made=out, timeout_s=_TIMEOUT_S,
        crash_do="an LSTM converts from tf_keras (TF_USE_LEGACY_KERAS=1, see docs/recurrent.md), "
        "other recurrent layers with unroll=True; or leave layers out to find the one",
    )  # fmt: skip
