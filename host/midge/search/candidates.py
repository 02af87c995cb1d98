"""Makes the networks of a candidate: one with random weights, for its cost, and a trained one."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from midge.classical import recipes as classical
from midge.commands.common import goal_of
from midge.compile import CompiledModel, compile_model
from midge.compress.judge import predict_real
from midge.errors import ModelError
from midge.meta import sidecar
from midge.model import Model
from midge.project import FILE
from midge.search.compare import standard_error
from midge.search.shared import UNFIT, Skip
from midge.train import pipeline
from midge.train.evaluate import decide
from midge.train.recipes import Recipe, configured
from midge.train.tf import import_tensorflow

if TYPE_CHECKING:
    from midge.boards import Board
    from midge.project import Project
    from midge.search.material import Material
    from midge.train.fit import Watch

_SAMPLES = 20  # windows that the converter takes ranges from, of a network with random weights
_NORMED = 200  # windows that norms of random networks take their statistics from
_BIAS = 0.3  # deviation of random biases, where a norm before makes it 1


@dataclasses.dataclass(frozen=True)
class Trained:
    """A trained candidate. ``error``: the standard error of ``accuracy``; ``windows``: that these
    are of, without copies."""

    compiled: CompiledModel
    epochs: int
    accuracy: float
    error: float
    windows: int


def with_random_weights(
    project: Project, material: Material, board: Board, folder: Path
) -> CompiledModel:
    """The candidate before training, compiled.

    Raises:
        Skip: it does not suit the windows.
    """
    _forget()
    model = untrained(_recipe(project), material, project.model.seed)
    order = np.random.default_rng(0).permutation(len(material.real))[:_SAMPLES]
    shown = material.inputs.representative(material.data.train.counts[order])
    return compiled_of(project, material, model, shown, board, folder / "untrained.tflite")


def train(
    project: Project, material: Material, board: Board, folder: Path, watch: Watch
) -> Trained:
    """The candidate trained on one part of its material, and judged by the other.

    Raises:
        Skip: ``watch`` stopped it.
    """
    if project.model.recipe in classical.RECIPES:
        return _classical(project, material, board, folder)
    _forget()
    fitted = pipeline.fit_recipe(
        project, _recipe(project), material.data, material.inputs, project.model.seed, watch
    )
    shown = pipeline.representative_of(material.data, material.inputs)
    path = folder / "trained.tflite"
    compiled = compiled_of(project, material, fitted.model, shown, board, path)
    scores = predict_real(Model(compiled), material.compare_x)
    return _judged(compiled, fitted.epochs, material, decide(scores, half=0.5))


def _classical(project: Project, material: Material, board: Board, folder: Path) -> Trained:
    from midge.classical.train import learn, scores_of

    _, path = learn(project, material.data, folder / "trained.npz")
    found = scores_of(path, material.inputs.quantized(material.compare_x)).argmax(axis=1)
    return _judged(compile_model(path, None, goal_of(board, project)), 1, material, found)


def _judged(
    compiled: CompiledModel, epochs: int, material: Material, decided: np.ndarray
) -> Trained:
    windows, right = material.data.test, decided == material.compare_y
    each = right.reshape(-1, len(windows)).mean(axis=0)  # copies are no further windows
    error = standard_error(each, windows.groups, windows.recordings)
    return Trained(compiled, epochs, float(right.mean()), error, len(windows))


def compiled_of(
    project: Project, material: Material, model: Any, shown: np.ndarray, board: Board, path: Path
) -> CompiledModel:
    """A Keras model as the board would run it; ``shown``: what the converter takes ranges from."""
    from midge.train.converter import convert_here

    for layer in model.layers:  # constraints are of training only
        if getattr(layer, "kernel_constraint", None) is not None:
            layer.kernel_constraint = None
    path.write_bytes(convert_here(model, shown, project.model.quantization))
    meta = pipeline.describe(project, material.data, material.inputs, path)
    meta.save(sidecar(path))
    return compile_model(path, meta, goal_of(board, project))


def untrained(recipe: Recipe, material: Material, seed: int) -> Any:
    """The recipe's network with random weights, and norms that fit them to real windows.

    Raises:
        Skip: it does not suit the windows.
    """
    import_tensorflow().keras.utils.set_random_seed(seed)
    _, length, channels = material.real.shape
    try:
        model = recipe(length, channels, len(material.data.labels))
    except (ValueError, ModelError) as err:
        raise Skip(UNFIT, str(err).splitlines()[0]) from err
    rng = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        if weight.name in ("bias", "beta"):  # 0 at first: all behind a ReLU could be 0
            weight.assign(rng.normal(0, _BIAS, weight.shape))
    _settle(model, material.real[rng.permutation(len(material.real))[:_NORMED]])
    return model


def _settle(model: Any, x: np.ndarray) -> None:
    """Gives norms the statistics that they have on ``x``, so that all channels are alike in size,
    as training makes them."""
    norms = [layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0  # all of the next batch, nothing of what was
    if norms:
        model(x, training=True)
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum


def _recipe(project: Project) -> Recipe:
    return configured(project.model.recipe, project.model.net, FILE)


def _forget() -> None:
    """The same names in the same model, however many were made before; and memory."""
    import_tensorflow().keras.backend.clear_session()
