"""What one candidate is worth: its cost before training, its accuracy after.

Cost is that of the network with its first, random weights, converted and compiled as a trained one
is: bytes of arena and flash, cycles by the cost model. What is over the budget is not trained.
Norms take their statistics from real windows first: without them most channels of random weights
are so small beside the largest that they stay constant in int8, and the compiler leaves those out.
A trained network is judged again: it may have constant channels too, or other kernels proven.
Windows to test with are never looked at: networks are compared on whole groups held out of those
to train on.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from midge import power
from midge.boards import load_board
from midge.budget import code_of
from midge.commands.common import goal_of
from midge.compile import CompiledModel, compile_model
from midge.compress.judge import predict_real
from midge.errors import FeatureError, ModelError
from midge.meta import sidecar
from midge.model import Model
from midge.project import FILE
from midge.search.shared import AGAIN, OVER, STOPPED, TRAINED, UNFIT, Shared, Skip, outcome
from midge.train import pipeline
from midge.train.data import Dataset, load_dataset
from midge.train.evaluate import decide
from midge.train.hold_out import hold_out
from midge.train.inputs import Inputs
from midge.train.recipes import Recipe, configured
from midge.train.tf import import_tensorflow
from midge.verdict import figures_of, judge

if TYPE_CHECKING:
    from midge.project import Project
    from midge.search.space import Space

OBJECTIVES = ("accuracy", "cycles", "ram_bytes", "day_j")
DIRECTIONS = ("maximize", "minimize", "minimize", "minimize")
_SAMPLES = 20  # windows that the converter takes ranges from, of a network with random weights
_NORMED = 200  # windows that norms of random networks take their statistics from
_RUNGS = (0.25, 0.5)  # of the epochs: where a network may be stopped
_PEERS = 3  # networks that are not slower and did better by then, which is enough to stop one
_MOST = 1e6  # by which a limit may be exceeded; a sampler wants finite numbers
_COMPARED = 200  # windows at least: among a few, networks that differ by some percent look alike
_BIAS = 0.3  # deviation of random biases, where a norm before makes it 1
_MOST_HELD_OUT = 0.5  # of a class: one of two groups rather than recordings of both
_KEPT = 3  # data sets with their features in memory
_MOST_KEPT_BYTES = 1 << 28  # of changed copies of each


@dataclasses.dataclass(frozen=True)
class Material:
    """A data set in two parts, as a window length and features show it."""

    data: Dataset  # train: to fit on; test: to compare on
    inputs: Inputs
    real: np.ndarray  # of data.train
    compare_x: np.ndarray  # of data.test and, where those are few, of changed copies of them
    compare_y: np.ndarray


class _Remembering(Inputs):
    """Real inputs and changed copies of what is trained on are the same for each network, and may
    take longer to make than its training."""

    def __init__(self, data: Dataset, features: Any, *, kind: str):
        super().__init__(data, features, kind=kind)
        self._real: np.ndarray | None = None
        self._made: dict[tuple[bytes, int, str], tuple[np.ndarray, Any]] = {}

    def real(self, counts: np.ndarray) -> np.ndarray:
        if counts is not self._counts:
            return super().real(counts)
        if self._real is None:
            self._real = super().real(counts)
        return self._real

    def more(self, kept: np.ndarray, copies: int, rng: np.random.Generator) -> np.ndarray:
        key = (kept.tobytes(), copies, str(rng.bit_generator.state))
        if key in self._made:
            made, rng.bit_generator.state = self._made[key]
            return made
        made = super().more(kept, copies, rng)
        if made.nbytes + sum(one.nbytes for one, _ in self._made.values()) <= _MOST_KEPT_BYTES:
            self._made[key] = made, rng.bit_generator.state
        return made


class Evaluator:
    """Evaluates candidates of a space, for the workers of a study.

    Args:
        space: what is searched.
        shared: the study, for what others found.
        say: for progress.
    """

    def __init__(self, space: Space, shared: Shared, say: Callable[[str], None]):
        self._space, self._shared, self._say = space, shared, say
        self._board = load_board(space.project.board)
        self._dataset = functools.lru_cache(_KEPT)(self._load)
        self._material = functools.lru_cache(_KEPT)(self._prepare)

    def __call__(self, trial: Any, check: Callable[[], None]) -> list[float]:
        """The objectives, in the order of :data:`OBJECTIVES`; see :meth:`Shared.work`.

        Raises:
            Skip: over budget, seen before, stopped early, or its parts do not go together.
        """
        project = self._space.candidate(trial)
        self._not_again(trial)
        try:
            material = self._of(project)
            with tempfile.TemporaryDirectory(prefix="midge-search-") as folder:
                return self._evaluate(trial, project, material, Path(folder), check)
        except (FeatureError, ModelError) as err:
            raise Skip(UNFIT, f"{err.where}: {err.what}") from err

    def _evaluate(
        self,
        trial: Any,
        project: Project,
        material: Material,
        folder: Path,
        check: Callable[[], None],
    ) -> list[float]:
        # the same names in the same model, however many were made before; and memory
        import_tensorflow().keras.backend.clear_session()
        recipe = configured(project.model.recipe, project.model.net, FILE)
        model = untrained(recipe, material, project.model.seed)
        order = np.random.default_rng(0).permutation(len(material.real))[:_SAMPLES]
        shown = material.inputs.representative(material.data.train.counts[order])
        compiled = self._compile(project, material, model, shown, folder / "untrained.tflite")
        self._note(trial, project, compiled)
        trial.set_user_attr("untrained", trial.user_attrs["figures"])
        excess = self._excess(compiled, project)
        trial.set_user_attr("excess", excess)
        if max(excess) > 0:
            raise Skip(OVER, "", excess)
        epochs = self._space.project.search.epochs or project.model.epochs
        training = dataclasses.replace(project.model, epochs=epochs)
        fitted = pipeline.fit_recipe(
            dataclasses.replace(project, model=training), recipe, material.data, material.inputs,
            training.seed, _Watch(self._shared, trial, epochs, check),
        )  # fmt: skip
        shown = pipeline.representative_of(material.data, material.inputs)
        compiled = self._compile(project, material, fitted.model, shown, folder / "trained.tflite")
        self._note(trial, project, compiled)
        excess = self._excess(compiled, project)  # a trained network's may differ by a little
        trial.set_user_attr("excess", excess)
        scores = predict_real(Model(compiled), material.compare_x)
        found = float((decide(scores, half=0.5) == material.compare_y).mean())
        trial.set_user_attr("sha256", compiled.program.sha256)
        trial.set_user_attr("epochs", fitted.epochs)
        figures = trial.user_attrs["figures"]
        self._say(
            f"number {trial.number}: {found:.1%} right, {figures['cycles']:,} cycles, "
            f"{figures['ram_bytes']:,} B RAM"
        )
        return [found, *(float(figures[name]) for name in OBJECTIVES[1:])]

    def _not_again(self, trial: Any) -> None:
        """Refuses what another trial has, or had, the parameters of."""
        for other in self._shared.trials():
            if other.number == trial.number or other.params != trial.params:
                continue
            ended = outcome(other)
            if ended in (TRAINED, STOPPED, OVER, UNFIT):
                raise Skip(AGAIN, f"as number {other.number}", other.user_attrs.get("excess", []))

    def _compile(
        self, project: Project, material: Material, model: Any, shown: np.ndarray, path: Path
    ) -> CompiledModel:
        from midge.train.converter import convert_here

        for layer in model.layers:  # constraints are of training only
            if getattr(layer, "kernel_constraint", None) is not None:
                layer.kernel_constraint = None
        path.write_bytes(convert_here(model, shown, project.model.quantization))
        meta = pipeline.describe(project, material.data, material.inputs, path)
        meta.save(sidecar(path))
        return compile_model(path, meta, goal_of(self._board, project))

    def _note(self, trial: Any, project: Project, compiled: CompiledModel) -> None:
        found = figures_of(compiled)
        used = power.usage(self._board, found.decision_cycles, power.duty_of(project, self._board))
        figures = {
            "cycles": round(found.decision_cycles),
            "ram_bytes": found.ram_bytes,
            "flash_bytes": found.flash_bytes,
            "mj": used.inference_mj,
            "day_j": used.day_j,
        }
        trial.set_user_attr("figures", figures)

    def _excess(self, compiled: CompiledModel, project: Project) -> list[float]:
        """By which share each limit is not kept; at most 0 where it is. Accuracy is no limit
        here: it is what is searched for."""
        board = self._board
        figures = figures_of(compiled)
        code_flash, code_ram = code_of([compiled], board.cpu)
        limits = [one for one in judge(figures, board, project) if one.key != "accuracy"]
        found = [
            (figures.flash_bytes + code_flash) / board.model_flash_bytes,
            (figures.ram_bytes + code_ram) / board.model_ram_bytes,
            *(one.excess for one in limits),
        ]
        return [min(factor, _MOST) - 1 for factor in found]

    def _of(self, project: Project) -> Material:
        key = json.dumps(dataclasses.asdict(project.features), sort_keys=True)
        return self._material(project.window.length, project.hop, key, _Held(project))

    def _prepare(self, _length: int, _hop: int, _features: str, held: _Held) -> Material:
        project = held.project
        features = pipeline.features_of(project)
        whole = self._dataset(project.window.length, project.hop, _Held(project))
        share, seed = self._space.project.search.validation, project.model.seed
        parts = hold_out(whole.train, share, seed=seed, most=_MOST_HELD_OUT)
        data = dataclasses.replace(
            whole, train=whole.train.take(parts.kept), test=whole.train.take(parts.held)
        )
        inputs = _Remembering(data, features, kind=project.sensor.kind)
        compare, kinds = data.test.counts, data.test.classes
        copies = max(0, _COMPARED // len(compare) - 1)
        changed = inputs.copies(compare, copies, np.random.default_rng(project.model.seed))
        return Material(
            data, inputs, inputs.real(data.train.counts),
            np.concatenate([inputs.real(compare), changed]), np.tile(kinds, copies + 1),
        )  # fmt: skip

    def _load(self, _length: int, _hop: int, held: _Held) -> Dataset:
        return load_dataset(held.project)


class _Held:
    """A project that goes through a cache without being a part of its key."""

    def __init__(self, project: Project):
        self.project = project

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)


class _Watch:
    """Stops a network that at a rung of its training is behind several that are not slower."""

    def __init__(self, shared: Shared, trial: Any, epochs: int, check: Callable[[], None]):
        self._shared, self._trial, self._check = shared, trial, check
        self._rungs = {max(1, round(epochs * share)): n for n, share in enumerate(_RUNGS)}
        self._best = 0.0

    def __call__(self, epoch: int, accuracy: float) -> None:
        """After each epoch, counted from 1, with the accuracy on fit's own held-out windows."""
        self._check()
        self._best = max(self._best, accuracy)
        rung = self._rungs.get(epoch)
        if rung is None:
            return
        self._trial.set_user_attr(f"rung{rung}", self._best)
        cycles = self._trial.user_attrs["figures"]["cycles"]
        better = 0
        for other in self._shared.trials():
            ended = outcome(other)
            if other.number == self._trial.number or ended not in (TRAINED, STOPPED, None):
                continue
            figures = other.user_attrs.get("figures", {"cycles": cycles + 1})
            there = other.user_attrs.get(f"rung{rung}", 0.0)
            better += there > self._best and figures["cycles"] <= cycles
        if better >= _PEERS:
            raise Skip(STOPPED, f"{self._best:.1%} after {epoch} epochs, {better} did better")


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
