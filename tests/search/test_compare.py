"""How networks are compared: on which windows, and when one is stopped early."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from midge.search import confirm, shared
from midge.search.compare import standard_error
from midge.search.evaluate import _Watch
from midge.search.front import Found, front, named
from midge.search.material import parts
from midge.train.data import Windows


def watch(others: list[tuple[str, int, float]], cycles: int, recipe: str = "dense") -> _Watch:
    """Of a network of ``cycles``; the others: state, cycles, accuracy at the first rung."""
    trials = [
        SimpleNamespace(
            number=number, state=SimpleNamespace(name=state),
            user_attrs={"figures": {"cycles": theirs}, "rung0": accuracy},
            params={"recipe": "dense"},
        )
        for number, (state, theirs, accuracy) in enumerate(others)
    ]  # fmt: skip
    own: dict[str, Any] = {"figures": {"cycles": cycles}}
    mine = SimpleNamespace(
        number=99, user_attrs=own, set_user_attr=own.__setitem__, params={"recipe": recipe}
    )
    study: Any = SimpleNamespace(trials=lambda: trials)
    return _Watch(study, mine, 20, lambda: None)


def test_a_network_is_stopped_where_three_that_are_not_slower_did_better() -> None:
    better = [("COMPLETE", 100, 0.9), ("PRUNED", 90, 0.9), ("RUNNING", 80, 0.9)]
    for epoch in range(1, 5):
        watch(better, 100)(epoch, 0.8)  # before the rung
    with pytest.raises(shared.Skip) as caught:
        watch(better, 100)(5, 0.8)
    assert caught.value.outcome == shared.STOPPED and "3 did better" in caught.value.why
    watch(better, 79)(5, 0.8)  # they are all slower
    watch(better, 100, "ds_cnn")(5, 0.8)  # learns more slowly
    watch(better, 100)(5, 0.9)  # as good
    watch(better[:2], 100)(5, 0.8)
    watch([*better[:2], ("FAIL", 80, 0.9)], 100)(5, 0.8)
    one = watch(better, 100)
    one(4, 0.95)
    one(5, 0.5)  # its best so far counts


def found(
    number: int, accuracy: float, cycles: int, ram: int, kept: bool = True, error: float = 0.0,
    recipe: bool = False,
) -> Found:  # fmt: skip
    return Found(
        number, accuracy, error, cycles, ram, 1, 1.0, 1.0, "", recipe, kept, {"n": number}
    )


def numbers(networks: Sequence[Found]) -> list[int]:
    return [one.number for one in networks]


def test_the_front_has_what_nothing_within_the_budget_beats() -> None:
    networks = [
        found(0, 0.9, 200, 50),
        found(1, 0.9, 100, 60),  # quicker, larger
        found(2, 0.8, 150, 60),  # beaten by 1
        found(3, 0.9, 100, 60),  # the same as 1
        found(4, 1.0, 10, 10, kept=False),
        found(5, 0.95, 300, 90),
    ]
    assert numbers(front(networks)) == [1, 0, 5]
    assert networks[1].beats(networks[2]) and not networks[1].beats(networks[3])


def test_of_accuracies_that_are_a_tie_the_cheaper_one_is_on_the_front() -> None:
    networks = [
        found(0, 0.90, 100, 50, error=0.02),
        found(1, 0.91, 200, 50, error=0.02),  # no surer than 0, and slower
        found(2, 0.925, 300, 50, error=0.02),  # a tie with 1, which is not there, not with 0
        found(3, 0.925, 300, 50, error=0.02),
        found(4, 0.93, 300, 50, error=0.02),  # costs the same: the more accurate one
        found(5, 0.91, 90, 60, error=0.02),  # quicker, larger
    ]
    assert numbers(front(networks)) == [5, 0, 4]


def test_the_error_is_that_of_windows_or_of_groups() -> None:
    right = np.repeat([1.0, 1.0, 1.0, 0.0, 1.0, 1.0], 20)  # a person whom it never understands
    persons = np.repeat(np.arange(6), 20)
    share = 101 / 122
    alone = np.sqrt(share * (1 - share) / 120)
    assert standard_error(right) == pytest.approx(alone)
    assert standard_error(right, persons % 4) == pytest.approx(alone)  # too few to tell
    assert standard_error(right, persons % 4, None, persons) == standard_error(right, persons)
    # six persons of whom one is not understood: the error of a mean of six
    assert standard_error(right, persons) == pytest.approx(np.std([1] * 5 + [0], ddof=1) / 6**0.5)
    assert standard_error(np.ones(120), persons) == pytest.approx((121 / 122 / 122 / 120) ** 0.5)


def test_parts_are_of_other_groups() -> None:
    groups = np.array([f"person {i // 5}" for i in range(60)])
    windows = Windows(np.zeros((60, 4, 1), np.int16), np.arange(60) % 2, groups)
    held = [set(groups[parts(windows, 0.25, 1, part).held]) for part in range(3)]
    assert [len(one) for one in held] == [3, 3, 3]
    assert sum(len(a & b) for a, b in ((held[0], held[1]), (held[0], held[2]))) <= 1
    again = parts(windows, 0.25, 1, 2)
    assert held[2] == set(groups[again.held]) and not set(again.kept) & set(again.held)


def test_the_best_are_compared_again_before_they_are_named() -> None:
    recipe = found(0, 0.90, 400, 80, error=0.02, recipe=True)
    networks = [
        recipe,
        found(1, 0.89, 100, 90, error=0.02),  # as accurate, quickest
        found(2, 0.89, 200, 60, error=0.02),  # least RAM of those
        found(3, 0.96, 350, 85, error=0.01),  # most accurate
        found(4, 0.80, 50, 40, error=0.02),
    ]
    points = front(networks)
    assert numbers(points) == [4, 1, 2, 3]
    assert numbers(confirm.finalists(networks, points, 3)) == [0, 3, 1, 2]
    assert numbers(confirm.finalists(networks, points, 1)) == [0, 3]
    assert numbers(confirm.finalists(networks, points, 9)) == [0, 3, 1, 2, 4]
    assert confirm.finalists(networks, points, 0) == confirm.finalists([recipe], [recipe], 3) == []
    before = [(what, one.number) for what, one in named(networks, points)]
    assert before == [
        ("as accurate, quickest", 1), ("as accurate, least RAM", 2), ("most accurate", 3)
    ]  # fmt: skip
    reached = {0: 0.91, 1: 0.85, 2: 0.92, 3: 0.905}  # 1 was lucky, 3 a little
    networks, points = (
        [dataclasses.replace(one, again=(reached[one.number], 0.01)) if one.number in reached
         else one for one in some]
        for some in (networks, points)
    )  # fmt: skip
    after = [(what, one.number) for what, one in named(networks, points)]
    assert after == [
        ("as accurate, quickest; as accurate, least RAM; most accurate", 2),
    ]
    # a recipe over the budget was never trained: the best of those compared again
    assert {one.number for _, one in named(networks[1:], points)} == {1, 2}


def test_what_was_compared_again_is_one_accuracy_over_all_its_windows() -> None:
    trials = [
        SimpleNamespace(
            number=i, state=SimpleNamespace(name=state), params={"number": number, "part": 1},
            values=[accuracy], user_attrs={"error": 0.03, "windows": windows},
        )
        for i, (number, accuracy, windows, state) in enumerate(
            [(3, 0.9, 100, "COMPLETE"), (3, 0.6, 200, "COMPLETE"), (4, 0.9, 100, "COMPLETE"),
             (4, 0.9, 100, "PRUNED")]
        )
    ]  # fmt: skip
    study: Any = SimpleNamespace(settled=lambda: dict(enumerate(trials)))
    three, four = confirm.told([found(3, 0.99, 1, 1), found(4, 0.99, 1, 1)], study)
    assert three.again == pytest.approx((0.7, 0.03 * 5**0.5 / 3))
    assert four.again is None  # one of its two was not trained to the end
