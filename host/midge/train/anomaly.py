"""Recipe ``anomaly``: what differs from normal, learnt from normal recordings alone.

Two networks give each window a distance from normal: an autoencoder (the mean squared error of
its reconstruction) and a Gaussian (the mean square of the whitened principal components, that is
Mahalanobis' distance in them). Which one is used is decided by the AUC on held-out windows. The
distance then becomes a score between 0 and 1, ``sigmoid(4 (distance / threshold - 1))``, inside
the network: on the board an alarm is a score of 0.5 or more, whatever the model.

The threshold is set on held-out normal windows, in int8, for ``[model] false_alarms``:
:mod:`midge.train.alarm_rate`.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from midge.features import columns
from midge.firmware.files import drafts
from midge.meta import sidecar
from midge.recordings.recording import DataError
from midge.train import alarm_rate
from midge.train import hold_out as apart
from midge.train.data import Dataset, Windows
from midge.train.inputs import Inputs
from midge.train.tf import import_tensorflow

if TYPE_CHECKING:
    from midge.project import Project

RECIPE = "anomaly"
LABELS = ["normal", "anomaly"]
STEEPNESS = 4.0  # of the score over distance / threshold
_HELD = 0.3  # of the normal windows: for the choice and the threshold
_UNITS, _CODE = 32, 8  # of the autoencoder
_COMPONENTS = 32  # of the Gaussian
_FAR = 4.0  # times the threshold: the converter is shown distances up to this
_ABOVE = 1.02  # the threshold lies by this above the normal window that must just not reach it
_TRIES = 4
_LEAST = 20  # normal windows held out
_FEW, _FEW_ALL = 5, 20  # of groups held out, and together with those to train on and test with


def split_names(project: Project) -> Project:
    """The project whose recordings of other classes than ``[data] labels`` are anomalies."""
    names = [name for name in project.data.labels if name != LABELS[1]] or [LABELS[0]]
    data = dataclasses.replace(project.data, labels=[*names, LABELS[1]], others=LABELS[1])
    return dataclasses.replace(project, data=data)


def as_two(data: Dataset, names: list[str], where: str) -> Dataset:
    """The same data in the classes normal and anomaly.

    Args:
        names: labels that are normal, and "anomaly".

    Raises:
        DataError: no recordings of a label that is to be normal.
    """
    normal = [name for name in names if name != LABELS[1]]
    if missing := sorted(set(normal) - set(data.labels)):
        raise DataError(
            f"no recordings of {', '.join(missing)}, found {', '.join(data.labels)}",
            where=f"{where}: [data] labels", do="name those that are normal",
        )  # fmt: skip
    kinds = np.array([int(name not in normal) for name in data.labels], np.int64)
    train, test = (
        dataclasses.replace(one, classes=kinds[one.classes]) for one in (data.train, data.test)
    )
    return dataclasses.replace(data, labels=list(LABELS), train=train, test=test)


def hold_out(windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the normal windows to learn from, and of those held out.

    By :mod:`midge.train.hold_out`: windows that overlap would tell the network what it is judged
    by.

    Raises:
        DataError: too few.
    """
    normal = np.flatnonzero(windows.classes == 0)
    parts = apart.hold_out(windows.take(normal), _HELD, seed=0)
    rest, held = normal[parts.kept], normal[parts.held]
    if len(held) < _LEAST or len(rest) < _LEAST:
        raise DataError(
            f"{len(normal)} normal windows give {len(rest)} to learn from and {len(held)} to hold "
            f"out, needed: {_LEAST} each",
            where="recipe anomaly", do="record normal for longer, or make [window] hop shorter",
        )  # fmt: skip
    return rest, held


def made_up(counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Windows that are not normal, made of normal ones; int16, four of each.

    Twice as strong, weaker by 0.4, in noise as strong as the signal, and with three clicks of five
    deviations. What real anomalies look like is not known from them: they only tell which of two
    networks notices more.
    """
    values = counts.astype(np.float64)
    level = values.mean(axis=1, keepdims=True)
    spread = np.maximum(values.std(axis=1, keepdims=True), 1.0)
    clicks = np.zeros_like(values)
    for case in range(len(values)):
        at = rng.choice(values.shape[1], size=min(3, values.shape[1]), replace=False)
        clicks[case, at] = 5 * spread[case] * rng.choice([-1.0, 1.0], (len(at), 1))
    made = [
        level + 2.0 * (values - level),
        level + 0.4 * (values - level),
        values + spread * rng.normal(size=values.shape),
        values + clicks,
    ]
    return np.clip(np.rint(np.concatenate(made)), -32768, 32767).astype(np.int16)


def auc(normal: np.ndarray, other: np.ndarray) -> float:
    """The chance that a window of ``other`` scores above one of ``normal``; ties count half.

    The area under the ROC curve, from the ranks (Mann and Whitney's U over all pairs).
    """
    order = np.sort(normal)
    below = np.searchsorted(order, other, "left")
    equal = np.searchsorted(order, other, "right") - below
    return float((below + equal / 2).sum() / (len(normal) * len(other)))


def autoencoder(shape: tuple[int, ...], x: np.ndarray, held: np.ndarray, project: Project) -> Any:
    """A trained network from a window to what its reconstruction lacks, flat."""
    keras = import_tensorflow().keras
    layers, settings = keras.layers, project.model
    keras.utils.set_random_seed(settings.seed)
    size = int(np.prod(shape))
    window = keras.Input(shape, name="window")
    flat = layers.Flatten(name="flat")(window)
    y = layers.Dense(_UNITS, activation="relu", name="in")(flat)
    y = layers.Dense(_CODE, activation="relu", name="code")(y)
    y = layers.Dense(_UNITS, activation="relu", name="out")(y)
    y = layers.Dense(size, name="reconstruction")(y)
    lack = layers.Subtract(name="lack")([flat, y])
    model = keras.Model(window, lack, name="autoencoder")
    model.compile(keras.optimizers.Adam(0.003), loss="mse")  # from 0
    zero, none = np.zeros((len(x), size)), np.zeros((len(held), size))
    stop = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=max(5, settings.epochs // 4), restore_best_weights=True
    )
    model.fit(
        x, zero, validation_data=(held, none), epochs=settings.epochs,
        batch_size=settings.batch_size, callbacks=[stop], verbose=0,
    )  # fmt: skip
    return model


def gaussian(shape: tuple[int, ...], x: np.ndarray, held: np.ndarray, project: Project) -> Any:
    """A network from a window to its whitened principal components."""
    keras = import_tensorflow().keras
    flat = x.reshape(len(x), -1).astype(np.float64)
    mean = flat.mean(axis=0)
    _, values, rows = np.linalg.svd(flat - mean, full_matrices=False)
    count = min(_COMPONENTS, len(values))
    deviation = values[:count] / np.sqrt(len(flat))
    floor = 0.01 * deviation[0]  # what hardly moves in training must not decide alone
    kernel = rows[:count].T / np.maximum(deviation, max(floor, 1e-9))
    window = keras.Input(shape, name="window")
    y = keras.layers.Flatten(name="flat")(window)
    whiten = keras.layers.Dense(count, name="whiten")
    model = keras.Model(window, whiten(y), name="gaussian")
    whiten.set_weights([kernel.astype(np.float32), (-mean @ kernel).astype(np.float32)])
    return model


KINDS = {"autoencoder": autoencoder, "gaussian": gaussian}


def distances(model: Any, x: np.ndarray) -> np.ndarray:
    """Mean square of what the network gives for each window."""
    from midge.train.evaluate import scores_in_float

    return np.square(scores_in_float(model, x)).mean(axis=1)


def with_score(model: Any, threshold: float) -> Any:
    """The network that goes on to the score; see above."""
    keras = import_tensorflow().keras
    layers = keras.layers
    size = model.output_shape[-1]
    squares = layers.Multiply(name="square")([model.output, model.output])
    mean = layers.GlobalAveragePooling1D(name="distance")(
        layers.Reshape((size, 1), name="column")(squares)
    )
    score = layers.Dense(1, activation="sigmoid", name="score")
    whole = keras.Model(model.input, score(mean), name=model.name)
    score.set_weights([np.array([[STEEPNESS / threshold]]), np.array([-STEEPNESS])])
    return whole


def train(project: Project) -> Path:
    """Trains on the project's normal recordings; returns the ``.tflite``, its sidecar beside it.

    Raises:
        DataError: no normal recordings, too few, or broken ones.
        ModelError: a network that does not convert to int8.
    """
    from midge.train import pipeline
    from midge.train.data import load_dataset

    front = pipeline.features_of(project)
    tensorflow = import_tensorflow()
    data = load_dataset(project)
    rest, held = hold_out(data.train)
    normal = dataclasses.replace(data, train=data.train.take(rest))
    inputs = Inputs(normal, front)
    columns.warn(inputs.pipeline)
    tensorflow.config.experimental.enable_op_determinism()
    _say(f"{data.name}: {len(rest)} normal windows to learn from, {len(held)} held out")
    chosen = _choose(project, data, inputs, rest, held)
    out = project.model_path
    with drafts(out) as folder:
        made = folder / out.name
        found = _set_threshold(project, normal, data.train.counts[held], inputs, chosen, made)
        found["held_out_groups"] = _groups(data.train, held)
        meta = pipeline.describe(
            project, dataclasses.replace(normal, test=data.test), inputs, made
        )
        meta.data_fingerprint = data.fingerprint
        meta.extra |= _results(data.test, inputs, chosen, found, made)
        meta.extra["anomaly"]["wanted_false_alarms"] = project.model.false_alarms
        meta.save(sidecar(made))
        sidecar(out).unlink(missing_ok=True)
        os.replace(made, out)
        os.replace(sidecar(made), sidecar(out))
    _tell(meta.extra["anomaly"])
    return out


def _groups(windows: Windows, held: np.ndarray) -> int | None:
    """How many groups or recordings the held-out windows are of; None: the source does not say."""
    return None if windows.groups is None else len(np.unique(windows.groups[held]))


@dataclasses.dataclass
class _Chosen:
    kind: str
    model: Any
    aucs: dict[str, float]
    judged_by: str
    others: np.ndarray  # real inputs that are no normal windows


def _choose(
    project: Project, data: Dataset, inputs: Inputs, rest: np.ndarray, held: np.ndarray
) -> _Chosen:
    """The network with the larger AUC on windows that it did not learn from."""
    counts = data.train.counts
    known = counts[data.train.classes == 1]
    judged_by = f"{len(known)} labelled anomalies" if len(known) else "anomalies made of normal"
    if not len(known):
        known = made_up(counts[held], np.random.default_rng(project.model.seed))
    x, held_x, others = inputs.real(counts[rest]), inputs.real(counts[held]), inputs.real(known)
    models, aucs = {}, {}
    for kind, make in KINDS.items():
        models[kind] = make(x.shape[1:], x, held_x, project)
        aucs[kind] = auc(distances(models[kind], held_x), distances(models[kind], others))
        _say(f"{kind}: AUC {aucs[kind]:.3f} on {len(held)} held-out windows and {judged_by}")
    best = max(aucs, key=lambda kind: aucs[kind])
    return _Chosen(best, models[best], aucs, judged_by, others)


def _set_threshold(
    project: Project, normal: Dataset, held: np.ndarray, inputs: Inputs, chosen: _Chosen,
    made: Path,
) -> dict[str, Any]:  # fmt: skip
    """Writes ``made`` with a threshold that the right number of the held-out windows reaches in
    int8; returns what the sidecar says of it."""
    from midge.compile import compile_model
    from midge.compress.judge import predict_real
    from midge.model import Model
    from midge.train import pipeline
    from midge.train.quantize import convert

    n, rate = len(held), project.model.false_alarms
    rank = alarm_rate.rank(n, rate)
    x = inputs.real(held)
    threshold = _ABOVE * float(np.sort(distances(chosen.model, x))[rank - 1])
    near = chosen.others[distances(chosen.model, chosen.others) < _FAR * threshold][:200]
    shown = np.concatenate([pipeline.representative_of(normal, inputs), near])
    raised = n
    for _ in range(_TRIES):
        model = with_score(chosen.model, threshold)
        saved = made.with_suffix(".keras")
        model.save(saved)
        convert(saved, shown, made, project.model.quantization)
        pipeline.describe(project, normal, inputs, made).save(sidecar(made))
        scores = predict_real(Model(compile_model(made)), x)[:, 0].astype(np.float64)
        raised = int((scores >= 0.5).sum())
        if raised <= n - rank:
            break
        limit = np.clip(np.sort(scores)[rank - 1], 0.5, 0.999)
        threshold *= _ABOVE * (1 + np.log(limit / (1 - limit)) / STEEPNESS)
    else:
        _say(
            f"warning: {raised} of {n} held-out windows raise an alarm in "
            f"{project.model.quantization}, {n - rank} wanted: its scores are too coarse"
        )
    if problem := alarm_rate.too_few(n, rate):
        _say(f"warning: {problem}")
    return {
        "threshold": threshold, "held_out": n, "held_out_false_alarms": raised / n,
        "expected_false_alarms": alarm_rate.expected(n, raised),
        "likely_false_alarms": list(alarm_rate.likely(n, raised)),
    }  # fmt: skip


def _results(
    test: Windows, inputs: Inputs, chosen: _Chosen, found: dict[str, Any], made: Path
) -> dict[str, Any]:
    """What the sidecar says of it; AUC is None where no anomaly is labelled."""
    from midge.train.evaluate import predict_windows, scores_in_float

    in_float = scores_in_float(
        with_score(chosen.model, found["threshold"]), inputs.real(test.counts)
    )[:, 0]
    scores = predict_windows(made, test.counts)[:, 0]
    half = 1 << 14 if scores.dtype == np.int16 else 0
    kind = "int16x8" if scores.dtype == np.int16 else "int8"
    right = {
        "float": float(((in_float >= 0.5) == test.classes).mean()),
        kind: float(((scores >= half) == test.classes).mean()),
        "test_windows": len(test),
    }
    normal, other = test.classes == 0, test.classes == 1
    area = None
    if other.any():
        area = {
            "float": auc(in_float[normal], in_float[other]),
            kind: auc(scores[normal], scores[other]),
        }
    anomaly = {
        "kind": chosen.kind, "chosen_by": chosen.judged_by, "chosen_auc": chosen.aucs, **found,
        "test_false_alarms": float((scores[normal] >= half).mean()),
        "test_found": float((scores[other] >= half).mean()) if other.any() else None,
        "test_normal": int(normal.sum()), "test_anomalies": int(other.sum()), "auc": area,
    }  # fmt: skip
    return {"accuracy": right, "anomaly": anomaly}


def _tell(found: dict[str, Any]) -> None:
    low, high = found["likely_false_alarms"]
    groups = found["held_out_groups"]
    of = f" of {groups} groups or recordings" if groups else ""
    _say(
        f"{found['kind']}: by {found['held_out']} held-out windows{of} about "
        f"{found['expected_false_alarms']:.1%} false alarms ({low:.1%} to {high:.1%} with 90%), "
        f"{found['wanted_false_alarms']:.1%} wanted"
    )
    if groups and groups < _FEW:
        _say(
            f"warning: {groups} held-out groups or recordings do not show how unlike normal ones "
            f"can be: another may raise far more alarms; record normal at least {_FEW_ALL} times"
        )
    _say(
        f"alarms on {found['test_false_alarms']:.1%} of {found['test_normal']} normal windows to "
        "test with"
    )
    if found["auc"]:
        area = ", ".join(f"{value:.3f} in {kind}" for kind, value in found["auc"].items())
        _say(f"finds {found['test_found']:.1%} of {found['test_anomalies']} anomalies; AUC {area}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
