"""What the blocks may cost on the emulated Cortex-M0+, where they also give the host's bits."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import m0_kit
import pytest

from midge import cost
from midge.features import Pipeline

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


def test_the_model_of_cycles(script: ModuleType) -> None:
    """midge/cost/cortex-m0plus-dsp.toml against chains that it was not fitted to, steps of noise;
    5%: as for networks (tests/core/test_cost.py)."""
    if m0_kit.missing():
        pytest.skip(m0_kit.missing())
    spectrum = Pipeline(
        [{"block": "highpass", "hz": 60}, {"block": "spectrum", "bands": 24}],
        rate_hz=8000, channels=2, length=2000, hop=600, frame=400, step=200,
    )  # fmt: skip
    motion = Pipeline(
        [{"block": "statistics", "names": ["mean", "std", "kurtosis"]}],
        rate_hz=50, channels=6, length=128, hop=64,
    )  # fmt: skip
    chains = [script.cases()[name] for name in ("log-mel", "mfcc", "picture, 96 x 96 to 48 x 48")]
    for pipeline in (spectrum, motion):
        windows = script.noise(12, pipeline.length, len(pipeline.channels))
        chain = pipeline.fit(windows).compile().chain
        chains.append((chain, script.noise(3, *chain.input.shape)))
    for chain, hops in chains:
        measured = sum(cycles for _, cycles in script.measure(chain, hops))
        expected = cost.chain_cycles("cortex-m0plus", chain.program)
        assert sum(c or 0 for c in expected) == pytest.approx(measured, rel=0.05)
        assert None not in expected


@pytest.mark.parametrize("name", LIMITS)
def test_cycles_stay_below_the_limit(name: str, script: ModuleType) -> None:
    if m0_kit.missing():
        pytest.skip(m0_kit.missing())
    steps = script.measure(*script.cases()[name])
    assert 0 < sum(cycles for _, cycles in steps) <= LIMITS[name]
