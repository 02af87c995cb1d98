"""How well an integer model does, on the engine that the board runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from midge.train.data import Windows


def predict_windows(model: Path, counts: np.ndarray) -> np.ndarray:
    """Raw integer scores ``[n, outputs]`` for ``counts`` int16 ``[n, length, channels]``.

    The model takes the counts as it does on the board: quantized in integers by the scaling in
    its sidecar, or through its features.
    """
    import midge

    loaded = midge.load(str(model))
    windows = np.ascontiguousarray(counts, np.int16)
    for features in loaded.compiled.features:
        windows = features.pipeline.quantized(windows, features)
    return np.stack([np.array(loaded.predict(one)).reshape(-1) for one in windows])


def decide(scores: np.ndarray, half: float = 0) -> np.ndarray:
    """The class of each row of scores: the largest, or for one output whether it is >= ``half``.

    ``half`` is the output's quantized 0.5: 0 with LOGISTIC's fixed scale 1/256, zero point -128.
    """
    if scores.shape[1] == 1:
        return (scores[:, 0] >= half).astype(np.int64)
    return scores.argmax(axis=1).astype(np.int64)


def accuracy(model: Path, windows: Windows) -> float:
    """Share of the windows that the integer model gets right, 0...1."""
    scores = predict_windows(model, windows.counts)
    # LOGISTIC's 0.5 for int16: its scale is always 2**-15, its zero point 0
    half = 1 << 14 if scores.dtype == np.int16 else 0
    return float((decide(scores, half) == windows.classes).mean())


def scores_in_float(model: Any, x: np.ndarray) -> np.ndarray:
    """A Keras model's scores ``[n, outputs]`` for real inputs ``[n, ...]``."""
    # Not predict(): that compiles a graph for each of the many networks that are compared.
    parts = range(0, len(x), 256)
    return np.concatenate([model(x[at : at + 256], training=False).numpy() for at in parts])


def accuracy_in_float(model: Any, x: np.ndarray, y: np.ndarray) -> float:
    """Share of the windows that a Keras model gets right, 0...1."""
    return float((decide(scores_in_float(model, x), half=0.5) == y).mean())


def against_reference(model: Path, counts: np.ndarray) -> tuple[int, int] | None:
    """On how many windows our engine gives LiteRT's reference kernels' bits, and of how many.

    Args:
        counts: int16 ``[n, length, channels]``.

    Returns:
        None where LiteRT (``ai-edge-litert``) is not installed.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError:
        return None
    import midge
    from midge.raw import quantize_raw, raw_constants

    compiled = midge.load(str(model)).compiled
    port, windows = compiled.program.inputs[0], np.ascontiguousarray(counts, np.int16)
    constants = raw_constants(compiled)
    for features in compiled.features:
        windows = features.pipeline.quantized(windows, features)
    reference = Interpreter(str(model), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    reference.allocate_tensors()
    (source,), target = reference.get_input_details(), reference.get_output_details()[0]
    equal = 0
    for window, ours in zip(windows, predict_windows(model, counts), strict=True):
        raw = window.reshape(-1)
        if not compiled.features and constants is not None:
            raw = np.asarray(quantize_raw(constants, port, raw))
        reference.set_tensor(source["index"], raw.astype(source["dtype"]).reshape(source["shape"]))
        reference.invoke()
        equal += int((reference.get_tensor(target["index"]).reshape(-1) == ours).all())
    return equal, len(windows)
