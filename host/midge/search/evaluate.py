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
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from midge import power
from midge.boards import load_board
from midge.budget import code_of
from midge.classical import recipes as classical
from midge.compile import CompiledModel
from midge.errors import FeatureError, ModelError
from midge.search import candidates
from midge.search.candidates import Trained
from midge.search.material import Materials
from midge.search.shared import AGAIN, OVER, STOPPED, TRAINED, UNFIT, Shared, Skip, outcome
from midge.verdict import figures_of, judge

if TYPE_CHECKING:
    from midge.project import Project
    from midge.search.space import Space
    from midge.train.fit import Watch

OBJECTIVES = ("accuracy", "cycles", "ram_bytes", "day_j")
DIRECTIONS = ("maximize", "minimize", "minimize", "minimize")
METHOD = 2  # goes up where figures of the version before cannot stand beside those of this one
_RUNGS = (0.25, 0.5)  # of the epochs: where a network may be stopped
_PEERS = 3  # of its recipe, not slower and better by then: enough to stop a network
_MOST = 1e6  # by which a limit may be exceeded; a sampler wants finite numbers


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
        self._materials = Materials(space.project)

    def __call__(self, trial: Any, check: Callable[[], None]) -> list[float]:
        """The objectives, in the order of :data:`OBJECTIVES`; see :meth:`Shared.work`.

        Raises:
            Skip: over budget, seen before, stopped early, or its parts do not go together.
        """
        project = self._space.candidate(trial)
        self._not_again(trial)
        try:
            fitted = project.model.recipe in classical.RECIPES  # takes a second: judged after that
            if not fitted:
                self._cost_before(trial, project)
            epochs = self._training(project).model.epochs
            made = self.train(project, 0, _Watch(self._shared, trial, epochs, check))
        except (FeatureError, ModelError) as err:
            raise Skip(UNFIT, f"{err.where}: {err.what}") from err
        figures = self._judge(trial, project, made.compiled)
        if fitted:
            self._refuse_over(trial)
        trial.set_user_attr("error", made.error)
        trial.set_user_attr("sha256", made.compiled.program.sha256)
        trial.set_user_attr("epochs", made.epochs)
        self._say(
            f"number {trial.number}: {made.accuracy:.1%} (+-{made.error:.1%}) right, "
            f"{figures['cycles']:,} cycles, {figures['ram_bytes']:,} B RAM"
        )
        return [made.accuracy, *(float(figures[name]) for name in OBJECTIVES[1:])]

    def train(self, project: Project, part: int, watch: Watch) -> Trained:
        """A candidate, trained; compared on part number ``part`` of the windows to train on, and
        with another seed for each."""
        project = self._training(project)
        material = self._materials.of(project, part)
        model = dataclasses.replace(project.model, seed=project.model.seed + part)
        project = dataclasses.replace(project, model=model)
        with tempfile.TemporaryDirectory(prefix="midge-search-") as folder:
            return candidates.train(project, material, self._board, Path(folder), watch)

    def _training(self, project: Project) -> Project:
        """With the epochs of the search, if it has its own."""
        epochs = self._space.project.search.epochs or project.model.epochs
        model = dataclasses.replace(project.model, epochs=epochs)
        return dataclasses.replace(project, model=model)

    def _cost_before(self, trial: Any, project: Project) -> None:
        material = self._materials.of(project)
        with tempfile.TemporaryDirectory(prefix="midge-search-") as folder:
            compiled = candidates.with_random_weights(project, material, self._board, Path(folder))
        trial.set_user_attr("untrained", self._judge(trial, project, compiled))
        self._refuse_over(trial)

    @staticmethod
    def _refuse_over(trial: Any) -> None:
        excess = trial.user_attrs["excess"]
        if max(excess) > 0:
            raise Skip(OVER, "", excess)

    def _judge(self, trial: Any, project: Project, compiled: CompiledModel) -> dict[str, Any]:
        """Notes what a network costs, and by how much that is over the budget."""
        figures = self._figures(project, compiled)
        trial.set_user_attr("figures", figures)
        trial.set_user_attr("excess", self._excess(compiled, project))
        return figures

    def _not_again(self, trial: Any) -> None:
        """Refuses what another trial has, or had, the parameters of."""
        for other in self._shared.trials():
            if other.number == trial.number or other.params != trial.params:
                continue
            ended = outcome(other)
            if ended in (TRAINED, STOPPED, OVER, UNFIT):
                raise Skip(AGAIN, f"as number {other.number}", other.user_attrs.get("excess", []))

    def _figures(self, project: Project, compiled: CompiledModel) -> dict[str, Any]:
        found = figures_of(compiled)
        used = power.usage(self._board, found.decision_cycles, power.duty_of(project, self._board))
        return {
            "cycles": round(found.decision_cycles),
            "ram_bytes": found.ram_bytes,
            "flash_bytes": found.flash_bytes,
            "mj": used.inference_mj,
            "day_j": used.day_j,
        }

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
            if other.params.get("recipe") != self._trial.params.get("recipe"):
                continue  # some recipes learn slowly at first, and end higher
            figures = other.user_attrs.get("figures", {"cycles": cycles + 1})
            there = other.user_attrs.get(f"rung{rung}", 0.0)
            better += there > self._best and figures["cycles"] <= cycles
        if better >= _PEERS:
            raise Skip(STOPPED, f"{self._best:.1%} after {epoch} epochs, {better} did better")
