"""No model's cycles, arena or code grow unnoticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import recorded

SLACK = 1.01  # a compiler may place code a little differently


@pytest.mark.firmware
@pytest.mark.slow  # half a minute for the larger ones
@pytest.mark.parametrize(("name", "goal"), recorded.BUILDS)
def test_nothing_has_grown(name: str, goal: str, shared_models: Path) -> None:
    before = json.loads(recorded.FILE.read_text())[recorded.key(name, goal)]
    now = recorded.measure(shared_models, name, goal)
    grown = {k: (before[k], now[k]) for k in recorded.HELD if now[k] > SLACK * before[k]}
    assert not grown, (
        f"{name}, {goal}: {grown} (recorded, now). If that is meant, record it: "
        f"python scripts/benchmarks.py {name}"
    )
