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
    error: float  # standard error of accuracy
    cycles: int
    ram_bytes: int
    flash_bytes: int
    mj: float
    day_j: float
    what: str
    recipe: bool
    kept: bool  # within the budget, once trained
    params: dict[str, Any]
    again: tuple[float, float] | None = None  # accuracy and its error, compared once more

    @property
    def values(self) -> tuple[float, ...]:
        """The objectives, so that less is better."""
        signs = [-1 if way == "maximize" else 1 for way in DIRECTIONS]
        return tuple(
            sign * getattr(self, name) for sign, name in zip(signs, OBJECTIVES, strict=True)
        )

    def as_accurate(self, other: Found) -> bool:
        """Or less so by no more than the other's standard error: a tie."""
        return self.accuracy >= other.accuracy - other.error

    def stood(self, other: Found) -> bool:
        """The same of what both were when compared again, if they were."""
        if self.again is None or other.again is None:
            return self.again is other.again and self.as_accurate(other)
        return self.again[0] >= other.again[0] - other.again[1]

    def beats(self, other: Found) -> bool:
        """As accurate, as good in everything else, and better in something of that."""
        pairs = list(zip(self.values[1:], other.values[1:], strict=True))
        cheaper = any(a < b for a, b in pairs) or self.accuracy > other.accuracy
        return self.as_accurate(other) and all(a <= b for a, b in pairs) and cheaper


def found(space: Space, shared: Shared) -> list[Found]:
    """All trained networks, in the order of their numbers."""
    first = space.first()
    made = []
    for trial in shared.trials():
        if outcome(trial) != TRAINED:
            continue
        made.append(
            Found(
                trial.number, trial.values[0], trial.user_attrs["error"],
                **trial.user_attrs["figures"],
                what=describe(space, trial.params), recipe=trial.params == first,
                kept=max(trial.user_attrs["excess"]) <= 0, params=dict(trial.params),
            )
        )  # fmt: skip
    return made


def front(networks: Sequence[Found]) -> list[Found]:
    """Those within the budget that no other on it beats; the quickest first. Of equals the one
    that was found first.

    Accuracies that differ by no more than a standard error are a tie, which the cheaper one wins
    (the one-standard-error rule of Breiman et al., Classification and Regression Trees, 1984).
    """
    best: list[Found] = []
    # what costs less comes first: so none that is taken is beaten by a later one
    for one in sorted(networks, key=lambda one: (*one.values[1:], -one.accuracy, one.number)):
        same = any(other.values == one.values for other in best)
        if one.kept and not same and not any(other.beats(one) for other in best):
            best.append(one)
    return best


def describe(space: Space, params: dict[str, Any]) -> str:
    """A candidate in a few words."""
    project = candidate(space, params)
    options = {**project.model.net, **project.model.parameters}
    net = ", ".join(f"{name} {_short(value)}" for name, value in options.items())
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
        (
            "number",
            "accuracy",
            "again",
            "cycles",
            "ms",
            "RAM B",
            "flash B",
            "mJ",
            "J a day",
            "network",
        ),
        ("--:",) * 9 + ("---",),
    ]
    for one in points:
        ms = 1000 * one.cycles / board.clock_hz
        rows.append(
            (
                f"{one.number}", _sure(one.accuracy, one.error),
                _sure(*one.again) if one.again else "", f"{one.cycles:,}", f"{ms:.2f}",
                f"{one.ram_bytes:,}", f"{one.flash_bytes:,}", f"{one.mj:.3f}", f"{one.day_j:,.4g}",
                one.what + (" **(the recipe)**" if one.recipe else ""),
            )
        )  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(9)]
    lines = []
    for row in rows:
        cells = [text.rjust(width) for text, width in zip(row, widths, strict=False)]
        lines.append("| " + " | ".join([*cells, row[9]]) + " |")
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
        lines.append(f"the recipe: {_short_of(recipe)}")
        for what, one in named(networks, points):
            share = one.cycles / recipe.cycles
            lines.append(f"{what}: number {one.number}, {_short_of(one)} ({share:.0%})")
    return "\n".join(lines)


def named(networks: Sequence[Found], points: Sequence[Found]) -> list[tuple[str, Found]]:
    """Of the front what is best in one way, and in which; none twice, and never the recipe.

    Where the best were compared again, it is what they reached then that counts.
    """
    recipe = next((one for one in networks if one.recipe), None)
    again = any(one.again is not None for one in ([recipe] if recipe else points))
    known = [one for one in points if not one.recipe and (one.again is not None or not again)]
    good = [one for one in known if recipe is None or one.stood(recipe)]
    found: dict[int, tuple[list[str], Found]] = {}

    def name(what: str, one: Found) -> None:
        found.setdefault(one.number, ([], one))[0].append(what)

    if good:
        name("as accurate, quickest", min(good, key=lambda one: one.cycles))
        name("as accurate, least RAM", min(good, key=lambda one: one.ram_bytes))
    if known:
        name("most accurate", max(known, key=lambda one: (one.again or (one.accuracy,))[0]))
    return [("; ".join(words), one) for words, one in found.values()]


def _sure(accuracy: float, error: float) -> str:
    return f"{accuracy:.1%} +-{error:.1%}"


def _short_of(one: Found) -> str:
    again = f", again {_sure(*one.again)}" if one.again else ""
    return (
        f"{_sure(one.accuracy, one.error)}{again}, {one.cycles:,} cycles, {one.ram_bytes:,} B RAM"
    )


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
