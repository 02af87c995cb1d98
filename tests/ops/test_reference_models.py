"""The four MLPerf Tiny models: 100 random and 20 structured inputs, every output bit equal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import oracle
import pytest

from midge import passes, tflite_reader

MODELS = ("ad01_int8", "ic_resnet8_int8", "kws_dscnn_int8", "vww_96_int8")


def structured(rng: np.random.Generator, shape: tuple[int, ...]) -> list[np.ndarray]:
    """20 inputs: constant, ramps, checks, stripes, single elements, smooth noise."""
    size = int(np.prod(shape))
    ramp = np.linspace(-128, 127, size)
    index = np.arange(size)
    flat = [np.full(size, v) for v in (-128, -127, -1, 0, 1, 127)]
    flat += [ramp, ramp[::-1], np.abs(ramp) * 2 - 128]
    flat += [np.where(index // n % 2, 127, -128) for n in (1, 2, 3, shape[-1], shape[-1] * 8)]
    for place in (0, size // 2, size - 1):
        flat.append(np.where(index == place, 127, -128))
    walk = np.cumsum(rng.normal(size=(3, size)), axis=1)
    flat += [w / np.abs(w).max() * 127 for w in walk]
    assert len(flat) == 20
    return [np.round(x).astype(np.int8).reshape(shape) for x in flat]


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kernels", ["plain", "auto"])
def test_equals_the_oracle(name: str, kernels: str, shared_models: Path) -> None:
    path = shared_models / f"{name}.tflite"
    graph = tflite_reader.read(path)
    compiled = oracle.Compiled(graph if kernels == "plain" else passes.run(graph), kernels)
    shape = compiled.program.inputs[0].shape
    rng = np.random.default_rng(20)
    inputs = [rng.integers(-128, 128, shape).astype(np.int8) for _ in range(100)]
    inputs += structured(rng, shape)
    expected = oracle.reference(path.read_bytes(), [[x] for x in inputs])
    for number, (x, want) in enumerate(zip(inputs, expected, strict=True)):
        found = compiled.run([x])
        assert np.array_equal(found[0], want[0]), f"{name}, input {number}"
