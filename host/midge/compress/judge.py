"""What a network costs on the board and how right its integers are: which of two is better."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from midge import verdict as budgets
from midge.errors import BudgetError

if TYPE_CHECKING:
    from midge.boards import Board
    from midge.project import Project


@dataclasses.dataclass(frozen=True)
class Figures:
    """Of one int8 model. ``accuracy`` is on the windows that networks are compared on: held out
    from training, with changed copies. Never on those to test with.

    ``lack`` is how far it is over the budget: the sum of the shares that are too much; 0: fits.
    """

    accuracy: float
    flash_bytes: int
    arena_bytes: int
    cycles: int  # expected of one inference, without features
    millijoules: float  # of one inference
    lack: float = 0.0


def measure(model: Path, x: np.ndarray, y: np.ndarray, project: Project, board: Board) -> Figures:
    """Compiles ``model`` for the board and runs the windows through our engine.

    Args:
        x: float32 ``[n, ...]``, the model's real inputs; y: their classes.
    """
    from midge.choose import Goal
    from midge.commands.common import goal_of
    from midge.compile import compile_model
    from midge.model import Model
    from midge.power import inference_mj
    from midge.train.evaluate import decide

    try:
        compiled = compile_model(model, goal=goal_of(board, project))
    except BudgetError:  # nothing is as quick as the budget asks for: the nearest is measured
        compiled = compile_model(model, goal=Goal(cpu=board.cpu))
    right = float((decide(predict_real(Model(compiled), x), half=0.5) == y).mean())
    found = dataclasses.replace(budgets.figures_of(compiled), accuracy=right)
    verdicts = budgets.judge(found, board, project)
    return Figures(
        right, found.flash_bytes, compiled.program.arena_bytes, round(found.cycles),
        inference_mj(board, found.cycles), sum(max(0.0, v.excess - 1) for v in verdicts),
    )  # fmt: skip


def predict_real(model: Any, x: np.ndarray) -> np.ndarray:
    """Real scores ``[n, outputs]`` of an integer model for its real inputs."""
    size = int(np.prod(model.compiled.program.outputs[0].shape))
    scores = np.empty((len(x), size), np.float32)
    for window, row in zip(np.ascontiguousarray(x, np.float32), scores, strict=True):
        model.reset()
        model.predict(window, row)
    return scores


def choose(new: Figures, best: Figures, top: float, most: float) -> tuple[bool, str]:
    """Whether ``new`` takes the place of ``best``, and why.

    Nearer to the budget wins. Of two that fit alike, one that is more accurate; or one that is
    cheaper and no more than ``most`` less accurate than ``top``, the best accuracy so far, so that
    several steps together do not give up more than that.
    """
    if not np.isclose(new.lack, best.lack):
        if new.lack < best.lack:
            return True, "fits the budget" if new.lack == 0 else "nearer to the budget"
        return False, "over the budget" if best.lack == 0 else "farther from the budget"
    if new.accuracy > best.accuracy:
        return True, "more accurate"
    if new.accuracy < top - most:
        return False, f"{top - new.accuracy:.1%} less accurate, {most:.1%} allowed"
    # a step must be worth a model that is a little worse, or only another
    if new.cycles < 0.98 * best.cycles:
        return True, "fewer cycles"
    if new.flash_bytes < 0.95 * best.flash_bytes and new.cycles <= 1.02 * best.cycles:
        return True, "less flash"
    return False, "no better"
