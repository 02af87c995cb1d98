"""``midge.load`` of a 16x8 model: what it takes and gives on the PC."""

from __future__ import annotations

from array import array
from pathlib import Path

import numpy as np
import pytest
import tflite_writer

import midge
from midge.errors import ModelError
from midge.golden import golden_inputs
from midge.graph import Graph, Op, Quant, Tensor
from midge.meta import Meta, Raw, sidecar
from midge.model import Model
from midge.raw import raw_constants

SCALE = 0.001


def load(folder: Path, raw: Raw | None = None, golden: list[int] | None = None) -> Model:
    quant = Quant(np.array([SCALE], np.float32), np.zeros(1, np.int64))
    tensors = {i: Tensor(name, (1, 2, 3), "int16", quant) for i, name in enumerate("xy")}
    graph = Graph("m", "m.tflite", tensors, [Op("RELU", [0], [1], {}, 0)], [0], [1])
    path = folder / "m.tflite"
    path.write_bytes(tflite_writer.write(graph))
    Meta("m", labels=list("abcdef"), raw=raw, golden=golden).save(sidecar(path))
    return midge.load(path)


def test_without_scaling_int16_is_the_quantized_value(tmp_path: Path) -> None:
    model = load(tmp_path)
    given = [-32768, 32767, 5, -1, 0, 77]
    assert list(model.predict(array("h", given))) == [0, 32767, 5, 0, 0, 77]
    out = array("h", [9] * 6)
    assert model.predict(array("h", given), out) is None
    assert list(out) == [0, 32767, 5, 0, 0, 77]
    real = array("f", [9] * 6)
    model.predict(array("h", given), real)
    np.testing.assert_array_equal(real, np.float32(SCALE) * np.float32(out))
    assert model.classify(array("h", given)) == ("b", pytest.approx(32.767))
    assert model.check()


def test_with_scaling_int16_is_a_raw_count(tmp_path: Path) -> None:
    model = load(tmp_path, Raw([10], [0.0026]))
    counts = np.array([10, 11, 12, 20000, -20000, 30000], np.int16)
    assert model.predict(counts).tolist() == [0, 3, 5, 32767, 0, 32767]
    constants = raw_constants(model.compiled)
    assert constants is not None and constants.offset == [10]


def test_real_values_are_quantized_to_16_bits(tmp_path: Path) -> None:
    model = load(tmp_path)
    real = np.array([0.0005, 0.0125, 1e9, -1e9, np.nan, 20.0004], np.float32)
    assert model.predict(real).tolist() == [1, 13, 32767, 0, 0, 20000]


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        (bytes(12), TypeError, "6 elements of type 'h' or 'f' .real values., found type 'B'"),
        (np.zeros(5, np.int16), ValueError, r"'h' \(12 bytes\), found 10 bytes"),
        (np.zeros(6, np.int32), TypeError, "found type 'i'"),
    ],
)
def test_wrong_windows(tmp_path: Path, given: object, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        load(tmp_path).predict(given)


def test_the_golden_pattern_reaches_over_all_16_bits(tmp_path: Path) -> None:
    pattern = golden_inputs(load(tmp_path).compiled)[0]
    assert pattern.dtype == np.int16 and np.ptp(pattern.astype(int)) > 40000
    model = load(tmp_path, golden=[-32768, 32767, 300, -300, 0, 1])
    assert golden_inputs(model.compiled)[0].reshape(-1).tolist()[:3] == [-32768, 32767, 300]
    with pytest.raises(ModelError, match="6 of them outside int16"):
        golden_inputs(load(tmp_path, golden=[40000] * 6).compiled)
