"""Training that is interrupted, and a loss that is no number."""

from __future__ import annotations

import numpy as np
import pytest

from midge.errors import ModelError
from midge.train import resume
from midge.train.data import Windows
from midge.train.fit import Examples, fit, learn
from midge.train.hold_out import hold_out
from midge.train.recipes import spikes
from midge.train.spikes import make_windows

pytestmark = pytest.mark.slow

EPOCHS = 6


@pytest.fixture(scope="module")
def keras():
    pytest.importorskip("tensorflow", reason="training needs the extra: pip install .[train]")
    from midge.train.tf import import_tensorflow

    return import_tensorflow().keras


@pytest.fixture(scope="module")
def windows():
    made = make_windows(100, seed=1)
    return ((made.counts - 2048) / 450).astype(np.float32), made.classes


def run(windows, path, watch=None, epochs=EPOCHS):
    return fit(
        spikes, *windows, 2, epochs=epochs, batch_size=16, seed=1, copies=1, watch=watch,
        checkpoint=path, parts=hold_out(Windows(*windows), 0.2, seed=1),
    )  # fmt: skip


def stop_at(number):
    def watch(epoch, _accuracy):
        if epoch == number:
            raise KeyboardInterrupt

    return watch


def test_interrupted_training_goes_on(keras, windows, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(resume, "EVERY_S", 0.0)
    path = tmp_path / "build" / ".a.training.npz"
    with pytest.raises(KeyboardInterrupt):
        run(windows, path, stop_at(3))
    seen = []
    fitted = run(windows, path, lambda epoch, _: seen.append(epoch))
    assert seen == [4, 5, 6] and fitted.epochs == EPOCHS
    assert "goes on after epoch 3" in capfd.readouterr().err
    # Adam's moments and steps went on too, so the losses go on falling from where they were.
    whole = run(windows, tmp_path / "other.npz")
    assert fitted.loss == pytest.approx(whole.loss, rel=0.1)
    # Once done it is not trained again: the same weights at once.
    seen.clear()
    again = run(windows, path, lambda epoch, _: seen.append(epoch))
    assert seen == []
    for a, b in zip(again.model.get_weights(), fitted.model.get_weights(), strict=True):
        assert (a == b).all()
    # Without an interruption, a checkpoint changes nothing.
    for a, b in zip(
        whole.model.get_weights(), run(windows, None).model.get_weights(), strict=True
    ):
        assert (a == b).all()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a file"])
def test_a_broken_checkpoint_is_none(keras, tmp_path, content):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    assert resume.Checkpoint(path, "key").epoch == 0


def test_a_checkpoint_of_other_data_is_none(keras, windows, tmp_path, monkeypatch):
    monkeypatch.setattr(resume, "EVERY_S", 0.0)
    with pytest.raises(KeyboardInterrupt):
        run(windows, tmp_path / "a.npz", stop_at(1))
    seen = []
    run((windows[0][:-8], windows[1][:-8]), tmp_path / "a.npz", lambda e, _: seen.append(e), 2)
    assert seen == [1, 2]


def test_no_room_for_a_checkpoint_is_only_said(keras, windows, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(resume, "EVERY_S", 0.0)
    (tmp_path / "file").touch()
    assert run(windows, tmp_path / "file" / "a.npz", epochs=1).epochs == 1
    assert "warning: no checkpoint" in capfd.readouterr().err


def test_a_loss_that_is_no_number_is_tried_at_smaller_rates_and_then_said(keras, capfd):
    x = np.random.default_rng(0).normal(size=(32, 8, 1)).astype(np.float32)
    x[5, 2] = np.nan
    y = (np.arange(32) % 2).astype(np.int64)
    model = spikes(8, 1, 2)
    with pytest.raises(ModelError, match=r"training of spikes: the loss is NaN .* of 3e-05 too"):
        learn(model, Examples(x, y, x, y, x, y), epochs=3, batch_size=8)
    assert "once more at rate 0.0003" in capfd.readouterr().err


def test_a_loss_that_explodes_only_at_the_full_rate_is_mended(keras):
    """A rate so large that squares overflow; at a tenth and a hundredth of it they do not."""
    x = np.random.default_rng(0).normal(size=(64, 1)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64)
    layers = keras.layers
    start = keras.Input((1,))
    h = layers.Dense(4, name="h")(start)
    for number in range(5):
        h = layers.Multiply(name=f"square{number}")([h, h])
    model = keras.Model(start, layers.Dense(2, activation="softmax")(h))
    epochs, loss = learn(model, Examples(x, y, x, y, x, y), epochs=3, batch_size=32, rate=30.0)
    assert epochs == 3 and np.isfinite(loss)
