"""Recurrent layers of tf_keras and attention of Keras 3: int8, the reference kernels' bits, and
state that goes on from one inference to the next."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import oracle
import pytest
from recurrent_kit import make

from midge.compile import compile_model
from midge.errors import ModelError
from midge.train.quantize import convert

SAMPLES = 20
# The kernels that must be among those that each model comes down to, and its bytes of state:
# an int8 and an int16 for each unit, rounded up to words.
RECURRENT = {
    "lstm": ("lstm", 20),
    "lstm_sequence": ("lstm", 20),
    "lstm_time_major": ("lstm", 20),
    "lstm_backwards": ("lstm", 20),
    "lstm_two": ("lstm", 24 + 20),
    "bidirectional": ("lstm", 2 * 20),
    "rnn_unrolled": ("fully_connected", 0),
}
ATTENTION = ("multi_head", "attention_block", "attention", "dot")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recurrent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("recurrent"), legacy=True)


@pytest.fixture(scope="module")
def attention(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("attention"), legacy=False)


def equals_the_oracle(path: Path, kernel: str, state_bytes: int) -> None:
    compiled = compile_model(path)
    assert kernel in [step.kernel for step in compiled.program.steps]
    assert compiled.program.state_bytes == state_bytes
    rng = np.random.default_rng(3)
    shape = compiled.program.inputs[0].shape
    samples = [[rng.integers(-128, 128, shape).astype(np.int8)] for _ in range(SAMPLES)]
    runner = compiled.runner()
    wanted = oracle.reference(path.read_bytes(), samples)
    for _ in range(2):
        for values, outputs in zip(samples, wanted, strict=True):
            assert np.array_equal(runner.run(values)[0], outputs[0])
        runner.reset()
    assert len({outputs[0].tobytes() for outputs in wanted}) == SAMPLES


@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_layers_equal_the_oracle(name: str, recurrent: Path) -> None:
    equals_the_oracle(recurrent / f"{name}.tflite", *RECURRENT[name])


@pytest.mark.parametrize("name", ATTENTION)
def test_attention_equals_the_oracle(name: str, attention: Path) -> None:
    equals_the_oracle(attention / f"{name}.tflite", "batch_matmul", 0)


def test_a_keras_3_lstm_names_the_way_out(tmp_path: Path) -> None:
    """Rolled, it crashes TensorFlow's converter."""
    pytest.importorskip("tensorflow", reason="needs the extra: pip install .[train]")
    from midge.train.tf import import_tensorflow

    keras = import_tensorflow().keras
    path = tmp_path / "lstm.keras"
    keras.Sequential([keras.Input((8, 3)), keras.layers.LSTM(4)]).save(path)
    with pytest.raises(ModelError) as caught:
        convert(path, np.zeros((4, 8, 3), np.float32), tmp_path / "lstm.tflite")
    assert "TF_USE_LEGACY_KERAS=1" in caught.value.do
