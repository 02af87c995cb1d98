"""Conversion to int8: batch fixed, no float left, and a converter that fails or crashes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from midge.compile import compile_model
from midge.errors import MidgeError, ModelError
from midge.train import child, converter, quantize
from midge.train.leftover import find_leftovers
from midge.train.quantize import convert

SHAPE = (32, 3)
SAMPLES = np.random.default_rng(0).normal(size=(40, *SHAPE)).astype(np.float32)


@pytest.fixture(scope="module")
def keras():
    pytest.importorskip("tensorflow", reason="conversion needs the extra: pip install .[train]")
    from midge.train.tf import import_tensorflow

    return import_tensorflow().keras


def saved(keras, path: Path, *layers) -> Path:
    keras.Sequential([keras.Input(SHAPE), *layers]).save(path)
    return path


def good(keras):
    layers = keras.layers
    return (
        layers.Conv1D(4, 3, activation="relu"), layers.GlobalAveragePooling1D(), layers.Dense(2),
    )  # fmt: skip


def tensors(path: Path):
    import tflite

    model = tflite.Model.GetRootAs(path.read_bytes(), 0)
    graph = model.Subgraphs(0)
    return graph, [graph.Tensors(i) for i in range(graph.TensorsLength())]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["keras", "h5", "saved_model"])
def test_int8_with_batch_1(keras, tmp_path, kind):
    model = keras.Sequential([keras.Input(SHAPE), *good(keras)])
    path = tmp_path / (f"m.{kind}" if kind != "saved_model" else "m")
    model.export(path, verbose=False) if kind == "saved_model" else model.save(path)
    out = convert(path, SAMPLES, tmp_path / "out.tflite")
    graph, all_tensors = tensors(out)
    import tflite

    ends = [graph.Tensors(graph.Inputs(0)), graph.Tensors(graph.Outputs(0))]
    assert [list(end.ShapeAsNumpy()) for end in ends] == [[1, *SHAPE], [1, 2]]
    assert all(end.Type() == tflite.TensorType.INT8 for end in ends)
    assert {t.Type() for t in all_tensors} <= {tflite.TensorType.INT8, tflite.TensorType.INT32}
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([path.name, "out.tflite"])


@pytest.mark.slow
def test_float_leftover_is_named_with_a_replacement(keras, tmp_path):
    layers = keras.layers
    path = saved(
        keras, tmp_path / "m.keras", layers.Conv1D(4, 3, activation="sparsemax", name="bump"),
        layers.GlobalAveragePooling1D(), layers.Dense(2),
    )  # fmt: skip
    out = tmp_path / "out.tflite"
    with pytest.raises(
        ModelError, match=r"m\.keras: \d ops stayed float .*CUMSUM '.*bump.*"
    ) as error:
        convert(path, SAMPLES, out)
    assert "Softmax instead of Sparsemax" in error.value.do
    assert [p.name for p in tmp_path.iterdir()] == ["m.keras"]


def child_says(monkeypatch, script: str) -> None:
    """A stand-in for the child, whatever TensorFlow is installed."""
    run = child.subprocess.run
    monkeypatch.setattr(
        child.subprocess, "run", lambda cmd, **kw: run([cmd[0], "-c", script], **kw)
    )


def with_odd(keras, path: Path, odd) -> Path:
    window = keras.Input(SHAPE)
    y = keras.layers.GlobalAveragePooling1D()(odd(keras.layers.Conv1D(4, 3)(window)))
    keras.Model(window, keras.layers.Dense(2)(y)).save(path)
    return path


@pytest.mark.slow
def test_an_operation_that_the_converter_does_not_know_is_named(keras, tmp_path):
    path = with_odd(keras, tmp_path / "m.keras", keras.ops.erf)
    said = r"knows no TFLite operation for tf\.Erf in layer '\w+/Erf'"
    with pytest.raises(ModelError, match=said) as error:
        convert(path, SAMPLES, tmp_path / "out.tflite")
    assert "docs/ops.md" in error.value.do
    assert [p.name for p in tmp_path.iterdir()] == ["m.keras"]


@pytest.mark.slow
def test_code_that_only_its_author_has_is_named(keras, tmp_path, monkeypatch):
    class Twice(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    mine = keras.layers.Lambda(lambda x: 2 * x, output_shape=(30, 4), name="mine")
    for odd, said in (
        (mine, "Lambda layer mine is Python code"), (Twice(), "Twice is none of Keras' own"),
    ):  # fmt: skip
        path = with_odd(keras, tmp_path / "m.keras", odd)
        with pytest.raises(SystemExit) as ended:  # of the child, as its parent reads it:
            converter._load(keras, path)
        with monkeypatch.context() as patch:
            child_says(patch, f"import sys; sys.exit({str(ended.value)!r})")
            with pytest.raises(ModelError, match=said) as error:
                convert(path, SAMPLES, tmp_path / "out.tflite")
        assert 'save it by model.export("FOLDER")' in error.value.do


def test_a_full_disk_in_the_child_is_the_same_error(tmp_path, monkeypatch):
    (tmp_path / "m.keras").touch()
    child_says(monkeypatch, "raise OSError(28, 'No space left on device')")
    with pytest.raises(OSError, match="No space left") as error:
        convert(tmp_path / "m.keras", SAMPLES, tmp_path / "out.tflite")
    assert error.value.filename == str(tmp_path / "out.tflite")


@pytest.mark.slow
def test_a_float_leftover_that_becomes_a_table_is_no_error(keras, tmp_path):
    layers = keras.layers
    path = saved(
        keras, tmp_path / "m.keras", layers.Conv1D(4, 3, activation="elu"),
        layers.LayerNormalization(), layers.GlobalAveragePooling1D(), layers.Dense(2),
    )  # fmt: skip
    out = convert(path, SAMPLES, tmp_path / "out.tflite")
    assert "lookup" in {step.kernel for step in compile_model(out).program.steps}


@pytest.mark.slow
def test_a_crash_of_the_converter_is_reported(keras, tmp_path):
    # TensorFlow 2.21's converter really dies of a rolled LSTM, or refuses it: both name the file.
    path = saved(keras, tmp_path / "m.keras", keras.layers.LSTM(4, name="memory"))
    before = b"an older model"
    out = tmp_path / "out.tflite"
    out.write_bytes(before)
    with pytest.raises(
        ModelError, match=r"m\.keras: TensorFlow's converter (crashed \(SIG|failed)"
    ):
        convert(path, SAMPLES, out)
    assert out.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.keras", "out.tflite"]


def test_death_by_a_signal_names_signal_and_layers(monkeypatch, tmp_path):
    # A stand-in for the child that dies like the converter does, whatever TensorFlow is installed.
    script = (
        "import os, signal; print('its layers: memory (LSTM)', flush=True);"
        "os.kill(os.getpid(), signal.SIGSEGV)"
    )
    child_says(monkeypatch, script)
    (tmp_path / "m.keras").touch()
    with pytest.raises(ModelError, match=r"crashed \(SIGSEGV\); its layers: memory \(LSTM\)"):
        convert(tmp_path / "m.keras", SAMPLES, tmp_path / "out.tflite")


def test_a_hanging_converter_is_ended(monkeypatch, tmp_path):
    run = child.subprocess.run
    script = "import time; time.sleep(60)"
    monkeypatch.setattr(
        child.subprocess, "run", lambda cmd, **kw: run([cmd[0], "-c", script], **kw)
    )
    monkeypatch.setattr(quantize, "_TIMEOUT_S", 0.2)
    (tmp_path / "m.keras").touch()
    with pytest.raises(ModelError, match=r"did not finish in 0\.2 s"):
        convert(tmp_path / "m.keras", SAMPLES, tmp_path / "out.tflite")


@pytest.mark.slow
def test_not_a_model(keras, tmp_path):
    (tmp_path / "m.keras").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"m\.keras: TensorFlow's converter failed: .*m\.keras"):
        convert(tmp_path / "m.keras", SAMPLES, tmp_path / "out.tflite")


def test_no_such_model(tmp_path):
    with pytest.raises(ModelError, match=r"gone\.keras: no such file or folder"):
        convert(tmp_path / "gone.keras", SAMPLES, tmp_path / "out.tflite")


@pytest.mark.parametrize(
    ("samples", "message"),
    [(SAMPLES[:0], "found 0 with 0 NaN"), (SAMPLES * np.float32("nan"), "found 40 with 3840 NaN")],
)
def test_useless_samples(tmp_path, samples, message):
    (tmp_path / "m.keras").touch()
    with pytest.raises(ModelError, match=message):
        convert(tmp_path / "m.keras", samples, tmp_path / "out.tflite")


def test_what_is_no_keras_model(tmp_path):
    (tmp_path / "m.tflite").touch()
    with pytest.raises(ModelError, match=r"m\.tflite: neither \.keras nor \.h5"):
        convert(tmp_path / "m.tflite", SAMPLES, tmp_path / "out.tflite")
    with pytest.raises(ModelError, match=r"without saved_model\.pb"):
        convert(tmp_path, SAMPLES, tmp_path / "out.tflite")


def test_a_full_disk(tmp_path, full_disk):
    model, out = tmp_path / "m.keras", tmp_path / "m.tflite"
    model.touch()
    with full_disk(100), pytest.raises(OSError, match="File too large") as error:
        convert(model, SAMPLES, out)
    assert error.value.filename == str(out)
    assert [path.name for path in tmp_path.iterdir()] == ["m.keras"]


def test_out_is_a_folder(tmp_path):
    (tmp_path / "m.keras").touch()
    with pytest.raises(ModelError, match="a folder, needed: the .tflite"):
        convert(tmp_path / "m.keras", SAMPLES, tmp_path)


@pytest.mark.slow
def test_samples_of_another_shape(keras, tmp_path):
    model = keras.Sequential([keras.Input((7, 3)), keras.layers.GlobalMaxPooling1D()])
    model.save(tmp_path / "m.keras")
    model.export(tmp_path / "saved", verbose=False)
    samples = np.zeros((2, 3), np.float32)
    for name in ("m.keras", "saved"):
        with pytest.raises(ModelError, match=r"input has shape \(7, 3\), the samples have \(3,\)"):
            convert(tmp_path / name, samples, tmp_path / "out.tflite")
    two = keras.Model(inputs := [keras.Input((3,)), keras.Input((3,))], keras.layers.add(inputs))
    two.save(tmp_path / "two.keras")
    with pytest.raises(ModelError, match="a model of 2 inputs, needed: 1"):
        convert(tmp_path / "two.keras", samples, tmp_path / "out.tflite")


def test_without_tensorflow(monkeypatch, tmp_path):
    # An empty package of that name in front of the real one: importing its `lite` fails.
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text("raise ImportError('not installed')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "m.keras").touch()
    paths = [tmp_path / name for name in ("m.keras", "s.npy", "o.tflite")]
    with pytest.raises(MidgeError, match="conversion needs TensorFlow") as error:
        quantize._run_converter(*paths, "int8")
    assert error.value.do == "pip install 'midge[train]'"


def test_the_reference_models_hold_no_float(shared_models):
    for path in sorted(shared_models.glob("*.tflite")):
        find_leftovers(path.read_bytes(), path.name)


def test_import_is_cheap():
    """`import midge.train` must not pull TensorFlow in: `midge --help` answers at once."""
    import subprocess
    import sys

    code = (
        "import sys, midge.train; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
