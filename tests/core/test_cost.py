"""The cost model's cycles against those of the emulated Cortex-M0+."""

from __future__ import annotations

import itertools
from pathlib import Path

import cost_layers
import m0_kit
import pytest
import tflite_writer

from midge import cost
from midge.choose import Goal
from midge.compile import CompiledModel, compile_model
from midge.cost.counts import counts
from midge.lower import draft
from midge.meta import Meta

WORST = 0.05  # of a whole network's cycles; single layers of odd sizes may be further off
MODELS = ("ad01_int8", "ic_resnet8_int8", "kws_dscnn_int8", "vww_96_int8")


def errors(folder: Path, models: list[CompiledModel]) -> list[float]:
    """Relative errors of whole inferences."""
    if m0_kit.missing():
        pytest.skip(m0_kit.missing())
    found = []
    for model, each in zip(models, m0_kit.models_cycles(folder, models), strict=True):
        expected = [step.cycles for step in model.program.steps]
        assert None not in expected, model.meta.name
        found.append(sum(filter(None, expected)) / sum(each) - 1)
    return found


def networks(folder: Path, seeds: range) -> list[CompiledModel]:
    """Each random network twice: the fast build and the small one."""
    models = []
    for seed, prefer in itertools.product(seeds, ("speed", "ram")):
        path = folder / f"{prefer}_{seed}.tflite"
        path.write_bytes(tflite_writer.write(cost_layers.network(seed)))
        models.append(compile_model(path, Meta(name=path.stem), Goal(prefer)))
    return models


def test_three_random_networks(tmp_path: Path) -> None:
    off = errors(tmp_path, networks(tmp_path, range(100, 103)))
    assert max(map(abs, off)) <= WORST, off


@pytest.mark.slow
def test_30_random_networks(tmp_path: Path) -> None:
    off = errors(tmp_path, networks(tmp_path, range(30)))
    assert len(off) == 60
    assert max(map(abs, off)) <= WORST, off
    assert sum(map(abs, off)) / len(off) <= WORST / 3


@pytest.mark.slow
@pytest.mark.parametrize("prefer", ["speed", "ram"])
def test_reference_models(shared_models: Path, tmp_path: Path, prefer: str) -> None:
    models = [
        compile_model(shared_models / f"{name}.tflite", Meta(name=name), Goal(prefer))
        for name in MODELS
    ]
    off = errors(tmp_path, models)
    assert max(map(abs, off)) <= WORST, off


def test_every_coefficient_is_counted() -> None:
    """A count renamed in one place only would cost nothing."""
    known = cost.coefficients(cost.DEFAULT_CPU)
    seen: dict[str, set[str]] = {}
    for kind, seed in itertools.product(cost_layers.KINDS, range(16)):
        found = draft(cost_layers.layer(kind, seed + 60 * (kind == "CONV_2D")))
        for candidate in (c for layer in found.layers for c in layer.candidates):
            names = counts(candidate.kernel, candidate.params, found.consts)
            seen.setdefault(candidate.kernel, set()).update(names)
    for kernel, names in seen.items():
        assert set(known[kernel]) - {"kinked"} <= names, kernel


def test_an_unknown_cpu_has_the_defaults_figures() -> None:
    assert cost.coefficients("no-such-cpu") == cost.coefficients(cost.DEFAULT_CPU)
