"""What the blocks may cost on the emulated Cortex-M0+, where they also give the host's bits."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import m0_kit
import pytest

LIMITS = {
    "log-mel": 70_000,
    "biquad, 256 samples": 40 * 256,
    "wide biquad, 256 samples": 40 * 256,
    "six statistics, 3 x 100": 40_000,
}


@pytest.fixture(scope="module")
def script(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("dsp_cycles", root / "scripts/dsp_cycles.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", LIMITS)
def test_cycles_stay_below_the_limit(name: str, script: ModuleType) -> None:
    if m0_kit.missing():
        pytest.skip(m0_kit.missing())
    steps = script.measure(*script.cases()[name])
    assert 0 < sum(cycles for _, cycles in steps) <= LIMITS[name]
