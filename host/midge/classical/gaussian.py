"""Gaussian naive Bayes, Gaussian mixtures and EllipticEnvelope: logarithms of densities.

``constant - sum of r**2 / 2`` for each class or component, each r a weighted sum of differences
from its mean; weights are factors of the precision matrix, or 1 / deviation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from midge.classical import scaling
from midge.classical.maker import Maker, quant_of
from midge.classical.store import Classical
from midge.errors import ModelError

STEP = 2.0**-16  # of logarithms
_FRACTION = 12  # bits of r
_REACH = 8  # deviations about the means that features are scaled to where no samples are given
_MOST_FEATURES = 1024


def naive_bayes(model: Any, offset: np.ndarray, scale: np.ndarray) -> Classical:
    """Of a fitted GaussianNB. The answers are the classes' probabilities."""
    deviation = np.sqrt(model.var_)
    constant = np.log(model.class_prior_) - np.log(2 * np.pi * model.var_).sum(axis=1) / 2
    return _made(model, offset, scale, model.theta_, 1 / deviation, constant, "probabilities")


def mixture(model: Any, offset: np.ndarray, scale: np.ndarray) -> Classical:
    """Of a fitted GaussianMixture: probabilities of its components, or with
    ``output="score"`` ``score_samples()``, the logarithm of the density."""
    means, kind = model.means_, model.covariance_type
    factor = np.asarray(model.precisions_cholesky_)
    components, n = means.shape
    if kind == "tied":
        factor = np.repeat(factor[None], components, 0)
    elif kind == "spherical":
        factor = np.repeat(factor[:, None], n, 1)
    if factor.ndim == 3:
        weights = factor.transpose(0, 2, 1)  # rows: what each r is made of
        log_det = np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    else:
        weights, log_det = factor, np.log(factor).sum(axis=1)
    constant = np.log(model.weights_) + log_det - n * np.log(2 * np.pi) / 2
    return _made(model, offset, scale, means, weights, constant, "probabilities")


def envelope(model: Any, offset: np.ndarray, scale: np.ndarray) -> Classical:
    """Of a fitted EllipticEnvelope: 0 for "outlier", ``decision_function()`` for "inlier"."""
    flipped = np.linalg.cholesky(model.precision_[::-1, ::-1])
    weights = flipped[::-1, ::-1].T[None]  # precision = weights.T @ weights
    constant = np.array([0.0, -model.offset_ / 2])
    return _made(model, offset, scale, model.location_[None], weights, constant, "decision")


def _made(
    model: Any,
    offset: np.ndarray,
    scale: np.ndarray,
    mean: np.ndarray,
    weights: np.ndarray,
    constant: np.ndarray,
    output: str,
) -> Classical:
    """Means and weights brought before a scaler in front: ``(x - offset) / scale``."""
    n = len(offset)
    if n > _MOST_FEATURES:
        raise ModelError(
            f"{n} features, at most {_MOST_FEATURES}", where=type(model).__name__,
            do="use fewer features",
        )  # fmt: skip
    full = weights.ndim == 3
    arrays = {
        "mean": mean * scale + offset,
        "weights": weights.reshape(len(mean), -1, n) / scale,
        "constant": constant,
    }
    options = {"output": output, "full": full}
    name = type(model).__name__
    return Classical("gaussian", name, n, len(constant), arrays, options=options)


def build(maker: Maker) -> None:
    """The densities as ops, and what is made of them.

    Raises:
        ValueError: a number that the integers do not hold.
    """
    model = maker.model
    a, options = model.arrays, model.options
    full = options["full"]
    mean, weights = maker.steps(a["mean"]), a["weights"] * maker.unit
    fitted = scaling.fit(*_range(maker, mean, weights))
    maker.scale(fitted)
    rounded = scaling.LIMIT
    centre = np.clip(np.floor((mean - fitted.offset) * fitted.gain + 0.5), -rounded, rounded)
    packed, shift = _integers(weights / fitted.gain, full)
    constant = np.rint(a["constant"] / STEP)
    if np.abs(constant).max() >= 1 << 31:
        raise ValueError(f"constant {a['constant'][np.abs(constant).argmax()]:g} is out of range")
    classes = len(constant)
    output = options["output"]
    consts = [
        maker.const("mean", centre.astype(np.int16)),
        maker.const("weights", packed),
        maker.const("shift", shift),
        maker.const("constant", constant.astype(np.int32)),
    ]
    relative = output == "probabilities"
    step = 2 * STEP if output == "decision" else STEP
    maker.op(
        "GAUSSIAN", "logarithms", classes, "int32", quant_of(step), consts,
        plain=classes - len(mean), full=int(full), relative=int(relative),
    )  # fmt: skip
    if output == "probabilities":
        maker.op("SOFTMAX_32", "scores", classes, "int16", quant_of(2.0**-15), [_exp(maker)])
    elif output == "score":
        tables = [_exp(maker), maker.const("log", _log_table())]
        maker.op("LOG_SUM_EXP", "score", 1, "int32", quant_of(STEP), tables)


def _range(maker: Maker, mean: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the features are scaled to: the samples' range, as wide again on both sides, and the
    means; without samples, some deviations about the means."""
    low, high = mean.min(axis=0), mean.max(axis=0)
    if "low" in maker.model.arrays:
        ends = [maker.steps(maker.model.arrays[name]) for name in ("low", "high")]
        low, high = np.minimum(low, ends[0]), np.maximum(high, ends[1])
        return low - (high - low), high + (high - low)
    if maker.model.options["full"]:
        inverse = np.linalg.inv(weights)
        deviation = np.sqrt((inverse**2).sum(axis=2))
    else:
        deviation = 1 / weights[:, 0, :]
    return (mean - _REACH * deviation).min(axis=0), (mean + _REACH * deviation).max(axis=0)


def _integers(weights: np.ndarray, full: bool) -> tuple[np.ndarray, np.ndarray]:
    """int16 weights and right shifts: the largest of each r has 15 bits.

    A deviation below an eighth of a step counts as that: the steps tell no less apart.
    """
    rows = weights if full else weights.transpose(0, 2, 1)
    most = np.abs(rows).max(axis=2)
    exponent = np.floor(np.log2(np.maximum(most, 1e-300)))
    shift = np.clip(14 - _FRACTION - exponent, 0, 62)
    whole = np.rint(rows * np.exp2(shift + _FRACTION)[:, :, None])
    packed = np.clip(whole, -32767, 32767).astype(np.int16)
    if full:
        first = np.tri(packed.shape[1], dtype=bool)
        packed = packed[:, first]
    return packed, shift.astype(np.int8)


def _exp(maker: Maker) -> int:
    """exp(-i) for 0...15 and exp(-i / 256) for 0...255, Q15."""
    steps = np.concatenate([np.arange(16), np.arange(256) / 256])
    return maker.const("exp", np.rint(np.exp(-steps) * 32768).astype(np.uint16))


def _log_table() -> np.ndarray:
    """log(1 + i / 256) for 0...256, Q16."""
    return np.rint(np.log1p(np.arange(257) / 256) * 65536).astype(np.uint16)
