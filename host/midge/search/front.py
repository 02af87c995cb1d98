"""What a search found: the networks that no other beats in everything, as a table."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from midge.errors import BudgetError, MidgeError
from midge.project import FILE
from midge.search.evaluate import DIRECTIONS, OBJECTIVES
from midge.search.shared import OVER, STOPPED, TRAINED, Shared, outcome
from midge.verdict import Figures, Verdict, judge, rounded

if TYPE_CHECKING:
    from midge.boards import Board
    from midge.project import Project
    from midge.search.space import Space


@dataclasses.dataclass(frozen=True)
class Found:
    """One trained network. ``recipe``: it is the project's own, with which the search began."""

    number: int
    accuracy: float  # of the integer model on the windows to compare on
    cycles: int
    ram_bytes: int
    flash_bytes: int
    mj: float
    day_j: float
    what: str
    recipe: bool
    kept: bool  # within the budget, once trained
    params: dict[str, Any]

    @property
    def values(self) -> tuple[float, ...]:
        """The objectives, so that less is better."""
        signs = [-1 if way == "maximize" else 1 for way in DIRECTIONS]
        return tuple(
            sign * getattr(self, name) for sign, name in zip(signs, OBJECTIVES, strict=True)
        )

    def beats(self, other: Found) -> bool:
        """As good in everything, and better in something."""
        pairs = list(zip(self.values, other.values, strict=True))
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def found(space: Space, shared: Shared) -> list[Found]:
    """All trained networks, in the order of their numbers."""
    first = space.first()
    made = []
    for trial in shared.trials():
        if outcome(trial) != TRAINED:
            continue
        made.append(
            Found(
                trial.number, trial.values[0], **trial.user_attrs["figures"],
                what=describe(space, trial.params), recipe=trial.params == first,
                kept=max(trial.user_attrs["excess"]) <= 0, params=dict(trial.params),
            )
        )  # fmt: skip
    return made


def front(networks: Sequence[Found]) -> list[Found]:
    """Those within the budget that no other within it beats; the quickest first. Of equals the
    one that was found first."""
    kept = [one for one in networks if one.kept]
    best = [
        one
        for i, one in enumerate(kept)
        if not any(other.beats(one) for other in kept)
        and not any(other.values == one.values for other in kept[:i])
    ]
    return sorted(best, key=lambda one: (one.cycles, -one.accuracy))


def describe(space: Space, params: dict[str, Any]) -> str:
    """A candidate in a few words."""
    project = candidate(space, params)
    net = ", ".join(f"{name} {_short(value)}" for name, value in project.model.net.items())
    words = [f"{project.model.recipe}" + (f" ({net})" if net else ", as in midge.toml")]
    if len(space.windows) > 1:
        words.append(f"window {project.window.length}")
    if project.features != space.project.features:
        words.append("features " + _blocks(project))
    return "; ".join(words)


def candidate(space: Space, params: dict[str, Any]) -> Project:
    """The project of a trial's parameters."""
    from midge.search.shared import import_optuna

    return space.candidate(import_optuna().trial.FixedTrial(params))


def _blocks(project: Project) -> str:
    blocks = [
        block["block"] + (f" {block['bands']}" if block.get("bands") else "")
        for block in project.features.blocks
    ]
    return " ".join(blocks) or "raw"


def _short(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "-".join(map(str, value)) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def table(points: Sequence[Found], board: Board) -> str:
    """The front for people; Markdown."""
    rows = [
        ("number", "accuracy", "cycles", "ms", "RAM B", "flash B", "mJ", "J a day", "network"),
        ("--:",) * 8 + ("---",),
    ]
    for one in points:
        ms = 1000 * one.cycles / board.clock_hz
        rows.append(
            (
                f"{one.number}", f"{one.accuracy:.1%}", f"{one.cycles:,}", f"{ms:.2f}",
                f"{one.ram_bytes:,}", f"{one.flash_bytes:,}", f"{one.mj:.3f}", f"{one.day_j:,.4g}",
                one.what + (" **(the recipe)**" if one.recipe else ""),
            )
        )  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(8)]
    lines = []
    for row in rows:
        cells = [text.rjust(width) for text, width in zip(row, widths, strict=False)]
        lines.append("| " + " | ".join([*cells, row[8]]) + " |")
    return "\n".join(lines)


def summary(shared: Shared, networks: Sequence[Found], points: Sequence[Found]) -> str:
    """How many there were, and how the recipe stands."""
    ends = [outcome(trial) for trial in shared.trials()]
    lines = [
        f"{ends.count(TRAINED)} networks trained, {ends.count(STOPPED)} stopped early, "
        f"{ends.count(OVER)} over the budget and never trained; {len(points)} on the front"
    ]
    recipe = next((one for one in networks if one.recipe), None)
    if recipe is not None:
        better = [one for one in points if one.beats(recipe)]
        same = [one for one in points if one.accuracy >= recipe.accuracy and not one.recipe]
        lines.append(
            f"the recipe: {recipe.accuracy:.1%}, {recipe.cycles:,} cycles, "
            f"{recipe.ram_bytes:,} B RAM; {len(better)} beat it in everything"
        )
        if same:
            quickest = min(same, key=lambda one: one.cycles)
            lines.append(
                f"as accurate in the fewest cycles: number {quickest.number}, "
                f"{quickest.accuracy:.1%}, {quickest.cycles:,} cycles "
                f"({quickest.cycles / recipe.cycles:.0%} of the recipe's)"
            )
    return "\n".join(lines)


def need_front(space: Space, shared: Shared, board: Board) -> tuple[list[Found], list[Found]]:
    """(all trained networks, the front).

    Raises:
        BudgetError: nothing keeps the budget; names the nearest that was looked at.
        MidgeError: nothing was trained yet.
    """
    networks = found(space, shared)
    points = front(networks)
    if points:
        return networks, points
    looked = [t for t in shared.trials() if t.user_attrs.get("excess")]
    if not looked:
        why = [t.user_attrs["why"] for t in shared.trials() if t.user_attrs.get("why")]
        raise MidgeError(
            f"nothing could be trained; at last: {why[-1]}" if why else "nothing was trained yet",
            where=shared.plan.name,
            do="mend that in midge.toml" if why else "run `midge search` first",
        )
    nearest = min(looked, key=lambda trial: max(trial.user_attrs["excess"]))
    project = candidate(space, nearest.params)
    told = _lacks(nearest, board, project)
    raise BudgetError(
        f"none of {len(looked)} networks keeps the budget; the nearest, number {nearest.number} "
        f"({describe(space, nearest.params)}), needs {told or 'more than the board has'}",
        where=f"{project.root / FILE}: [budget]",
        do="raise the budget to that, or let the search try shorter windows, smaller features or "
        "another recipe ([search])",
    )


def _lacks(trial: Any, board: Board, project: Project) -> str:
    values = trial.user_attrs["figures"]
    figures = Figures(values["flash_bytes"], values["ram_bytes"], values["cycles"])
    lacks: list[Verdict] = [one for one in judge(figures, board, project) if one.ok is False]
    return ", ".join(
        f"{one.key} = {rounded(one)} (the budget: {one.limit:g})"
        for one in lacks
        if one.key != "accuracy" and one.found is not None and math.isfinite(one.found)
    )
