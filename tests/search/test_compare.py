"""How networks are compared: on which windows, and when one is stopped early."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from midge.search import shared
from midge.search.evaluate import _Watch
from midge.search.front import Found, front


def watch(others: list[tuple[str, int, float]], cycles: int) -> _Watch:
    """Of a network of ``cycles``; the others: state, cycles, accuracy at the first rung."""
    trials = [
        SimpleNamespace(
            number=number, state=SimpleNamespace(name=state),
            user_attrs={"figures": {"cycles": theirs}, "rung0": accuracy},
        )
        for number, (state, theirs, accuracy) in enumerate(others)
    ]  # fmt: skip
    own: dict[str, Any] = {"figures": {"cycles": cycles}}
    mine = SimpleNamespace(number=99, user_attrs=own, set_user_attr=own.__setitem__)
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
    watch(better, 100)(5, 0.9)  # as good
    watch(better[:2], 100)(5, 0.8)
    watch([*better[:2], ("FAIL", 80, 0.9)], 100)(5, 0.8)
    one = watch(better, 100)
    one(4, 0.95)
    one(5, 0.5)  # its best so far counts


def found(number: int, accuracy: float, cycles: int, ram: int, kept: bool = True) -> Found:
    return Found(number, accuracy, cycles, ram, 1, 1.0, 1.0, "", False, kept, {})


def test_the_front_has_what_nothing_within_the_budget_beats() -> None:
    networks = [
        found(0, 0.9, 200, 50),
        found(1, 0.9, 100, 60),  # quicker, larger
        found(2, 0.8, 150, 60),  # beaten by 1
        found(3, 0.9, 100, 60),  # the same as 1
        found(4, 1.0, 10, 10, kept=False),
        found(5, 0.95, 300, 90),
    ]
    assert [one.number for one in front(networks)] == [1, 0, 5]
    assert networks[1].beats(networks[2]) and not networks[1].beats(networks[3])
