"""The four MLPerf Tiny models on the host, bit for bit as LiteRT's reference kernels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import oracle
import plan_checker
import pytest

from midge.compile import CompiledModel, compile_model
from midge.meta import Meta

# arena, constants, multiply-accumulates. Smaller is better; a change is a decision to record.
FIGURES = {
    "ad01_int8": (1_920, 271_000, 264_192),
    "ic_resnet8_int8": (74_548, 91_448, 12_501_632),
    "kws_dscnn_int8": (25_592, 32_112, 2_656_768),
    "vww_96_int8": (56_008, 48_788, 3_766_476),
}
N_RANDOM = 100


def structured(shape: tuple[int, ...]) -> list[np.ndarray]:
    """20 inputs that are hard on sums and edges."""
    n = int(np.prod(shape))
    at = np.arange(n)
    flat = [np.full(n, v) for v in (0, 127, -128, -127, 1, -1)]
    flat += [at % 256 - 128, 127 - at % 256, at * 255 // max(1, n - 1) - 128]  # ramps
    flat += [np.where(at % period < period // 2, 127, -128) for period in (2, 4, 16, n)]
    for where, value in ((0, 127), (n - 1, 127), (n // 2, -128)):  # impulses
        flat.append(np.where(at == where, value, 0))
    flat.append(np.where(at == n // 3, -128, 127))
    flat.append(np.rint(127 * np.sin(at / 5)))
    flat.append(at * at % 251 - 125)
    flat.append(np.where(at < n // 2, -128, 127))
    assert len(flat) == 20
    return [values.astype(np.int8).reshape(shape) for values in flat]


def load(shared_models: Path, name: str) -> tuple[bytes, CompiledModel]:
    path = shared_models / f"{name}.tflite"
    return path.read_bytes(), compile_model(path, Meta(name=name))


@pytest.mark.parametrize("name", FIGURES)
def test_every_bit(shared_models: Path, name: str) -> None:
    file, compiled = load(shared_models, name)
    shape = compiled.program.inputs[0].shape
    rng = np.random.default_rng(2)
    inputs = [rng.integers(-128, 128, shape).astype(np.int8) for _ in range(N_RANDOM)]
    inputs += structured(shape)
    expected = oracle.reference(file, [[x] for x in inputs])
    runner = compiled.runner()
    for number, (x, wanted) in enumerate(zip(inputs, expected, strict=True)):
        np.testing.assert_array_equal(runner.run([x])[0], wanted[0], err_msg=f"input {number}")


@pytest.mark.parametrize("name", FIGURES)
def test_sizes_and_plan(shared_models: Path, name: str) -> None:
    compiled = load(shared_models, name)[1]
    program = compiled.program
    assert (program.arena_bytes, program.weights_bytes, program.macs) == FIGURES[name]
    assert len(compiled.consts) == program.weights_bytes
    # what the worst step needs by itself; overlaps along a chain may add a little
    assert compiled.plan.lower_bound <= program.arena_bytes <= 1.1 * compiled.plan.lower_bound
    plan_checker.play(program)
