"""The four reference models on emulated processors, every output the oracle's, several inputs;
and classical models, every byte the host's."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "ops"))

import bare_kit
import numpy as np
import oracle
import pytest

from midge import core
from midge.choose import Goal
from midge.compile import compile_model

FILES = ("kws_dscnn_int8", "vww_96_int8", "ic_resnet8_int8", "ad01_int8")
INPUTS = 4


def inputs(shape: tuple[int, ...]) -> list[np.ndarray]:
    """Noise, noise of another kind, and both ends of the range."""
    rng = np.random.default_rng(31)
    noise = rng.integers(-128, 128, shape).astype(np.int8)
    smooth = np.cumsum(rng.integers(-5, 6, shape), axis=1).clip(-128, 127).astype(np.int8)
    ends = [np.full(shape, n, np.int8) for n in (-128, 127)]
    return [noise, smooth, *ends][:INPUTS]


@functools.cache
def records(path: Path, cpu: str) -> list[bare_kit.Record]:
    """The model's runs, which the host's core has done too."""
    compiled = compile_model(path, goal=Goal(cpu=cpu))
    program = compiled.program
    blocked = [step.kernel for step in program.steps if step.kernel.endswith("_blocked")]
    assert bool(blocked) == (cpu in ("cortex-m33", "rv32imc"))
    samples = [[value] for value in inputs(program.inputs[0].shape)]
    made = []
    for values, wanted in zip(samples, oracle.reference(path.read_bytes(), samples), strict=True):
        arena = np.full(program.arena_bytes, 0xA5, np.uint8)
        start = program.buffers[program.inputs[0].buffer].offset
        arena[start : start + values[0].size] = values[0].reshape(-1).view(np.uint8)
        after = core.aligned_array(arena)
        core.load().run(compiled.words, compiled.consts, after)
        made.append(bare_kit.record(program, compiled.words, compiled.consts, arena, wanted))
        for place, data in made[-1].outputs:
            assert after[place : place + len(data)].tobytes() == data, "the host"
    assert len({one.outputs[0][1] for one in made}) > 1  # the inputs do something
    return made


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("cpu", bare_kit.PROCESSORS)
def test_reference_model_is_bit_exact(cpu: str, name: str, shared_models: Path) -> None:
    if reason := bare_kit.PROCESSORS[cpu].missing():
        pytest.skip(reason)
    run = bare_kit.execute(cpu, records(shared_models / f"{name}.tflite", cpu))
    assert run.complaints == []
    assert run.records == INPUTS


@pytest.mark.parametrize("cpu", bare_kit.PROCESSORS)
def test_classical_models_equal_the_host(cpu: str) -> None:
    """The whole arena, on data, at the ends of the input's type, and on NaN and infinity."""
    if reason := bare_kit.PROCESSORS[cpu].missing():
        pytest.skip(reason)
    import classical_kit

    made = [one for name in classical_kit.CASES for one in classical_kit.records(name, 6)]
    run = bare_kit.execute(cpu, made)
    assert run.complaints == []
    assert run.records == len(made) > 6 * len(classical_kit.CASES)
