"""Which of two networks is kept."""

from __future__ import annotations

import pytest

from midge.compress.judge import Figures, choose

BEST = Figures(0.9, 8000, 2000, 100_000, 0.1)


def figures(**changes):
    return Figures(**{**vars(BEST), **changes})


@pytest.mark.parametrize(
    ("new", "kept", "why"),
    [
        ({"accuracy": 0.91}, True, "more accurate"),
        ({"accuracy": 0.91, "cycles": 300_000}, True, "more accurate"),
        ({"accuracy": 0.895, "cycles": 60_000}, True, "fewer cycles"),
        ({"accuracy": 0.895, "flash_bytes": 4000}, True, "less flash"),
        ({"accuracy": 0.895, "cycles": 99_000}, False, "no better"),
        ({"accuracy": 0.88, "cycles": 10_000}, False, "2.0% less accurate, 1.0% allowed"),
        ({"accuracy": 0.95, "lack": 0.01}, False, "over the budget"),
    ],
)
def test_of_two_that_fit(new, kept, why):
    assert choose(figures(**new), BEST, 0.9, 0.01) == (kept, why)


@pytest.mark.parametrize(
    ("new", "kept", "why"),
    [
        ({"accuracy": 0.5, "lack": 0.0}, True, "fits the budget"),
        ({"accuracy": 0.5, "lack": 0.4}, True, "nearer to the budget"),
        ({"accuracy": 0.99, "lack": 0.6}, False, "farther from the budget"),
    ],
)
def test_a_budget_comes_before_accuracy(new, kept, why):
    assert choose(figures(**new), figures(lack=0.5), 0.9, 0.01) == (kept, why)


def test_drops_do_not_add_up():
    """The second step is held against the best so far, not against the first step's."""
    best = figures(accuracy=0.895)
    assert not choose(figures(accuracy=0.889, cycles=50_000), best, 0.9, 0.01)[0]
