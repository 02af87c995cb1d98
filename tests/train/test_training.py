"""The examples, trained for real: accuracy in int8, equality with LiteRT, repeatability."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import midge
from midge.errors import MidgeError, ModelError
from midge.meta import load_meta, sidecar
from midge.project import load_project
from midge.train import load_dataset, train
from midge.train.evaluate import decide, predict_windows

pytestmark = pytest.mark.slow


def oracle_scores(model: Path, inputs: np.ndarray) -> np.ndarray:
    """LiteRT's reference kernels on int8 ``[n, length, channels]``."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        str(model), experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )  # fmt: skip
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scores = []
    for window in inputs:
        interpreter.set_tensor(source["index"], window[np.newaxis])
        interpreter.invoke()
        scores.append(interpreter.get_tensor(target["index"])[0])
    return np.array(scores)


def quantized(model: Path, counts: np.ndarray, dtype: type = np.int8) -> np.ndarray:
    """The integer input of each window, by the engine's integer scaling of raw counts."""
    from midge.raw import quantize_raw, raw_constants

    compiled = midge.load(str(model)).compiled
    constants = raw_constants(compiled)
    port = compiled.program.inputs[0]
    return np.stack([
        np.asarray(quantize_raw(constants, port, one.reshape(-1)), dtype).reshape(one.shape)
        for one in counts
    ])  # fmt: skip


def test_gesture_is_95_percent_right_in_int8(gesture_model, gesture_data):
    scores = predict_windows(gesture_model, gesture_data.test.counts)
    right = decide(scores) == gesture_data.test.classes
    assert len(right) == 40
    assert right.mean() >= 0.95
    meta = load_meta(gesture_model)
    assert meta.extra["accuracy"]["int8"] == right.mean()  # what training said of itself
    assert meta.extra["equal_to_reference"] == {"equal": 40, "windows": 40}


def test_gesture_equals_the_oracle_in_every_bit(gesture_model, gesture_data):
    counts = gesture_data.test.counts
    # Also windows that begin in the middle of one recording and end in the next.
    between = counts.reshape(-1, 6)[50:-50].reshape(-1, 100, 6)
    for windows in (counts, between):
        expected = oracle_scores(gesture_model, quantized(gesture_model, windows))
        assert (predict_windows(gesture_model, windows) == expected).all()


def test_gesture_is_small(gesture_model):
    program = midge.load(str(gesture_model)).compiled.program
    assert program.weights_bytes < 20 * 1024
    assert program.macs < 1_000_000


def test_raw_counts_and_real_values_agree(gesture_model, gesture_data):
    """The integer scaling on the board is the float scaling of training, within one step."""
    from midge.train.data import to_real

    port = midge.load(str(gesture_model)).compiled.program.inputs[0]
    real = to_real(gesture_data.test.counts, load_meta(gesture_model).raw)
    in_float = np.clip(np.rint(real / port.quant.scale[0]) + port.quant.zero_point[0], -128, 127)
    steps = np.abs(quantized(gesture_model, gesture_data.test.counts) - in_float)
    # Halves may fall to either side: float32 rounds (count - offset) * gain, the integers do not.
    assert steps.max() <= 1
    assert (steps != 0).mean() < 1e-3


def test_sidecar(gesture_model, gesture_data):
    meta = load_meta(gesture_model)
    assert meta.name == "gesture"
    assert meta.labels == gesture_data.labels
    assert meta.data_fingerprint == gesture_data.fingerprint
    assert len(meta.raw.offset) == len(meta.raw.gain) == 6
    assert len(meta.golden) == 600
    assert -128 <= min(meta.golden) < max(meta.golden) <= 127
    assert midge.load(str(gesture_model)).check() is True
    # Only the two files, and no rest of the work.
    assert {p.name for p in gesture_model.parent.iterdir()} == {"gesture.tflite", "gesture.json"}


def test_spikes_accuracy_and_oracle(spikes_model, root):
    data = load_dataset(load_project(root / "examples/spikes"))
    scores = predict_windows(spikes_model, data.test.counts)
    assert scores.shape == (400, 1)
    assert (decide(scores) == data.test.classes).mean() >= 0.97
    expected = oracle_scores(spikes_model, quantized(spikes_model, data.test.counts))
    assert (scores == expected).all()
    assert load_meta(spikes_model).labels == ["spikes"]


def test_same_seed_same_bytes(spikes_model, train_example, tmp_path):
    again = train_example("spikes", tmp_path / "again")
    assert again.read_bytes() == spikes_model.read_bytes()
    assert sidecar(again).read_bytes() == sidecar(spikes_model).read_bytes()


def test_other_seed_other_bytes(spikes_model, root, tmp_path):
    text = (root / "examples/spikes/midge.toml").read_text()
    assert "seed = 1" in text
    (tmp_path / "midge.toml").write_text(
        text.replace("seed = 1", "seed = 2").replace("epochs = 40", "epochs = 1")
    )
    assert train(load_project(tmp_path)).read_bytes() != spikes_model.read_bytes()


def test_int16x8_from_recordings_to_the_oracle(root, tmp_path):
    """`quantization` reaches the model, its golden sample, its accuracy and raw scaling."""
    text = (root / "examples/spikes/midge.toml").read_text()
    text = text.replace("[model]", '[model]\nquantization = "int16x8"')
    (tmp_path / "midge.toml").write_text(text.replace("epochs = 40", "epochs = 3"))
    path = train(load_project(tmp_path))
    model, meta = midge.load(str(path)), load_meta(path)
    assert [model.info()[k][0]["dtype"] for k in ("inputs", "outputs")] == ["int16"] * 2
    assert model.check() and max(meta.golden) > 127
    data = load_dataset(load_project(tmp_path)).test
    scores = predict_windows(path, data.counts)
    right = (decide(scores, 1 << 14) == data.classes).mean()
    assert meta.extra["accuracy"]["int16x8"] == right
    # After 3 epochs scores lie near 0.5: int8 weights decide up to one in fifty otherwise.
    assert abs(right - meta.extra["accuracy"]["float"]) <= 1 / 50
    inputs = quantized(path, data.counts[:100], np.int16)
    assert (scores[:100] == oracle_scores(path, inputs)).all()


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (
            'recipe = "spikes"',
            'recipe = "spike"',
            r"\[model\] recipe: needs one of conv1d",
        ),
        ('source = "spikes"', 'source = "gone"', r"\[data\] source: needs a folder"),
    ],
)
def test_mistakes_in_midge_toml(root, tmp_path, old, new, error):
    text = (root / "examples/spikes/midge.toml").read_text()
    assert old in text
    (tmp_path / "midge.toml").write_text(text.replace(old, new))
    with pytest.raises(MidgeError, match=error):
        train(load_project(tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == ["midge.toml"]


def test_recipe_that_does_not_suit_the_data(gesture_data):
    from midge.train.data import Windows
    from midge.train.fit import fit
    from midge.train.hold_out import hold_out
    from midge.train.recipes import spikes

    real, kinds = np.zeros((8, 64, 1), np.float32), np.arange(8) % 4
    parts = hold_out(Windows(real, kinds), 0.2, seed=1)
    with pytest.raises(ModelError, match=r"recipe spikes: .*needs 2 classes, found 4"):
        fit(spikes, real, kinds, 4, parts=parts, epochs=1, batch_size=4, seed=1)


def test_a_model_is_replaced_whole_or_not_at_all(root, tmp_path, monkeypatch):
    """Training that dies while measuring accuracy leaves the model of before as it was."""
    from midge.train import pipeline

    text = (root / "examples/spikes/midge.toml").read_text()
    (tmp_path / "midge.toml").write_text(text.replace("epochs = 40", "epochs = 1"))
    (tmp_path / "build").mkdir()
    before = {"spikes.tflite": b"old model", "spikes.json": b"{}"}
    for name, content in before.items():
        (tmp_path / "build" / name).write_bytes(content)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "accuracy", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(load_project(tmp_path))
    left = {p.name: p.read_bytes() for p in (tmp_path / "build").iterdir()}
    assert left.pop(".spikes-1.training.npz")  # what training goes on from
    assert left == before
