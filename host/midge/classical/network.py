"""Multilayer perceptrons: a network of 16x8 layers, as a ``.tflite`` has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from midge.classical import scaling
from midge.classical.maker import Maker, quant_of
from midge.classical.store import Classical
from midge.errors import ModelError
from midge.graph import Quant

_ACTIVATIONS = {"identity": "", "relu": "RELU", "tanh": "TANH", "logistic": "LOGISTIC"}
_MARGIN = 1.25  # sums may go so far beyond the samples' before they saturate


def from_sklearn(
    model: Any, offset: np.ndarray, scale: np.ndarray, samples: np.ndarray | None
) -> Classical:
    """Of a fitted MLPClassifier or MLPRegressor; ranges come from ``samples``."""
    name = type(model).__name__
    if samples is None:
        raise ModelError(
            "needs samples: the layers' ranges come from them", where=name,
            do="give some of the training data",
        )  # fmt: skip
    if model.activation not in _ACTIVATIONS:
        raise ModelError(
            f"activation is {model.activation!r}", where=name,
            do=f"use one of {', '.join(_ACTIVATIONS)}",
        )  # fmt: skip
    end = model.out_activation_
    weights = [np.asarray(w, np.float64).T for w in model.coefs_]
    biases = [np.asarray(b, np.float64) for b in model.intercepts_]
    biases[0] = biases[0] - weights[0] @ (offset / scale)
    weights[0] = weights[0] / scale
    classes = getattr(model, "classes_", None)
    if classes is not None and end == "logistic" and model.n_outputs_ == 1:
        # softmax(-x / 2, x / 2) is logistic(x), for the two classes
        weights[-1] = weights[-1] * np.array([[-0.5], [0.5]])
        biases[-1] = biases[-1] * np.array([-0.5, 0.5])
        end = "softmax"
    if end != ("identity" if classes is None else "softmax"):
        raise ModelError(
            f"out_activation_ is {end!r}: several labels at once", where=name,
            do="train it on one label a sample",
        )  # fmt: skip
    arrays = {"low": samples.min(axis=0), "high": samples.max(axis=0)}
    values = samples
    for number, (w, b) in enumerate(zip(weights, biases, strict=True)):
        sums = values @ w.T + b
        values = _activated(sums, model.activation)
        last = number == len(weights) - 1
        most = np.abs(values if model.activation == "relu" and not last else sums).max()
        arrays |= {f"weights_{number}": w, f"bias_{number}": b}
        arrays[f"range_{number}"] = np.array([max(most, 1e-9)])
    options = {"activation": model.activation, "end": end, "layers": len(weights)}
    outputs = len(biases[-1])
    return Classical("network", name, len(offset), outputs, arrays, options=options)


def _activated(sums: np.ndarray, kind: str) -> np.ndarray:
    if kind == "relu":
        return np.maximum(sums, 0)
    if kind == "tanh":
        return np.tanh(sums)
    return 1 / (1 + np.exp(-sums)) if kind == "logistic" else sums


def build(maker: Maker) -> None:
    """The layers as ops: features in -1...1, int16 sums and activations, int8 weights."""
    a, options = maker.model.arrays, maker.model.options
    low, high = maker.steps(a["low"]), maker.steps(a["high"])
    fitted = scaling.fit(low, high, room=16384)  # the rest for what lies beyond the samples
    step = 1 / 16384
    maker.scale(fitted, step)
    # x = offset + z / (gain * step), of which z is what the first layer gets
    first = a["weights_0"] * maker.unit
    weights = first / (fitted.gain * step)
    bias = a["bias_0"] + first @ fitted.offset
    for number in range(options["layers"]):
        if number:
            weights, bias = a[f"weights_{number}"], a[f"bias_{number}"]
        last = number == options["layers"] - 1
        activation = "" if last else _ACTIVATIONS[options["activation"]]
        out_step = float(a[f"range_{number}"][0]) * _MARGIN / 32767
        step = _layer(maker, f"layer_{number}", weights, bias, step, out_step, activation)
    if options["end"] == "softmax":
        maker.op("SOFTMAX", "scores", maker.model.outputs, "int16", quant_of(2.0**-15), [])


def _layer(
    maker: Maker,
    name: str,
    weights: np.ndarray,
    bias: np.ndarray,
    step: float,
    out_step: float,
    activation: str,
) -> float:
    """A dense layer and its activation; returns the step of what comes out."""
    most = np.maximum(np.abs(weights).max(axis=1), 1e-12)
    scales = (most / 127).astype(np.float32)
    whole = np.rint(weights / scales[:, None].astype(np.float64))
    whole = np.clip(whole, -127, 127).astype(np.int8)
    per_row = Quant(scales, np.zeros(len(scales), np.int64))
    sums = scales.astype(np.float64) * np.float64(np.float32(step))
    wide = np.rint(bias / sums).astype(np.int64)
    quant = Quant(sums.astype(np.float32), np.zeros(len(scales), np.int64))
    consts = [
        maker.const(f"{name}/weights", whole, per_row),
        maker.const(f"{name}/bias", wide, quant),
    ]
    fused = "RELU" if activation == "RELU" else "NONE"
    maker.op(
        "FULLY_CONNECTED", name, len(bias), "int16", quant_of(out_step), consts,
        fused_activation_function=fused,
    )  # fmt: skip
    if activation in ("TANH", "LOGISTIC"):
        kind = activation.lower()
        maker.op(activation, f"{name}/{kind}", len(bias), "int16", quant_of(2.0**-15), [])
        return 2.0**-15
    return out_step
