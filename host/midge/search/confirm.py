"""Compares the best of a search once more, so that none is named for its luck.

Of many networks that are compared on the same few windows, the best is partly the luckiest. So
those of the front that would be named, and the recipe, are trained again with other seeds, and
compared on other groups of the windows to train on. That is a study of its own beside the
search's, which whoever took part in the search shares as well.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from midge.errors import ModelError
from midge.search.front import Found, candidate
from midge.search.shared import STOPPED, TRAINED, Plan, Shared, Skip, outcome

if TYPE_CHECKING:
    from midge.search.evaluate import Evaluator
    from midge.search.space import Space

PARTS = 2  # each network is trained and compared so often


def finalists(networks: Sequence[Found], points: Sequence[Found], count: int) -> list[Found]:
    """The recipe, and ``count`` of the front: those that are named, then the most accurate."""
    recipe = [one for one in networks if one.recipe]
    good = [one for one in points if all(one.as_accurate(other) for other in recipe)]
    best = sorted(points, key=lambda one: (-one.accuracy, one.cycles))
    order = [*best[:1]]
    order += sorted(good, key=lambda one: one.cycles)[:1]
    order += sorted(good, key=lambda one: one.ram_bytes)[:1]
    chosen: dict[int, Found] = {}
    for one in [*order, *best]:
        if len(chosen) < count and not one.recipe:
            chosen.setdefault(one.number, one)
    return [*recipe, *chosen.values()] if chosen else []


def study(shared: Shared, chosen: Sequence[Found], *, create: bool) -> Shared | None:
    """The study of these networks beside the search's; None: nothing to compare again, or not
    there and not to be made."""
    numbers = [one.number for one in chosen]
    if not numbers:
        return None
    first = [{"number": number, "part": part} for number in numbers for part in _parts()]
    digest = hashlib.sha256(repr(numbers).encode()).hexdigest()[:8]
    about = {**shared.plan.about, "again": numbers}
    plan = Plan(
        f"{shared.plan.name} again {digest}", len(first), ("maximize",), shared.plan.seed, about,
        tuple(first),
    )  # fmt: skip
    return shared.beside(plan, create=create)


def work(
    space: Space, again: Shared, chosen: Sequence[Found], evaluator: Evaluator,
    say: Callable[[str], None],
) -> None:  # fmt: skip
    """Trains what is not yet; with all that joined."""
    known = {one.number: one for one in chosen}

    def objective(trial: Any, check: Callable[[], None]) -> list[float]:
        number = trial.suggest_int("number", 0, max(known))
        part = trial.suggest_int("part", 1, PARTS)
        project = candidate(space, known[number].params)
        try:
            made = evaluator.train(project, part, lambda _epoch, _accuracy: check())
        except ModelError as err:  # settled: it stays unconfirmed
            raise Skip(STOPPED, err.what) from err
        trial.set_user_attr("error", made.error)
        trial.set_user_attr("windows", made.windows)
        say(f"number {number} again: {made.accuracy:.1%} (+-{made.error:.1%}) right")
        return [made.accuracy]

    again.work(objective)


def told(networks: Sequence[Found], again: Shared | None) -> list[Found]:
    """The networks, with what they reached when compared again."""
    found: dict[int, list[tuple[int, float, float]]] = {}
    for trial in [] if again is None else again.settled().values():
        if outcome(trial) == TRAINED:
            attrs = trial.user_attrs
            one = (attrs["windows"], trial.values[0], attrs["error"])
            found.setdefault(trial.params["number"], []).append(one)
    return [
        dataclasses.replace(one, again=_mean(found[one.number]))
        if len(found.get(one.number, [])) == PARTS
        else one
        for one in networks
    ]


def _mean(parts: list[tuple[int, float, float]]) -> tuple[float, float]:
    """Accuracy over all windows of the parts, and its standard error."""
    n, accuracy, error = np.array(parts, np.float64).T
    share = n / n.sum()
    return float(share @ accuracy), float(np.sqrt(((share * error) ** 2).sum()))


def _parts() -> range:
    return range(1, PARTS + 1)
