"""Quantization-aware training: the form it takes a network in, and what comes out."""

from __future__ import annotations

import numpy as np
import pytest

from midge.compress import net as nets
from midge.compress.fold import folded, in_two_dimensions
from midge.errors import ModelError

RNG = np.random.default_rng(5)


@pytest.fixture(scope="module")
def keras():
    pytest.importorskip("tensorflow", reason="needs the extra: pip install .[train]")
    from midge.train.tf import import_tensorflow

    return import_tensorflow().keras


def over_time(keras):
    layers = keras.layers
    start = keras.Input((16, 3), name="window")
    x = layers.Conv1D(6, 5, strides=2, padding="same", use_bias=False, name="conv")(start)
    x = layers.BatchNormalization(name="norm")(x)
    x = first = layers.ReLU(name="relu")(x)
    x = layers.DepthwiseConv1D(3, padding="same", name="depthwise")(x)
    x = layers.ReLU(6.0, name="relu6")(layers.BatchNormalization(name="norm2")(x))
    x = layers.Conv1D(6, 1, name="point")(layers.Dropout(0.1)(x))
    x = layers.ReLU(name="relu_sum")(layers.Add(name="sum")([x, first]))
    x = layers.Flatten()(layers.MaxPooling1D(2, name="pool")(x))
    return keras.Model(start, layers.Dense(2, activation="softmax", name="scores")(x))


def test_folded_and_in_two_dimensions_it_computes_the_same(keras):
    model = over_time(keras)
    weights = [RNG.uniform(0.3, 1.2, w.shape) * (w.ndim < 2 or RNG.choice([-1, 1], w.shape))
               for w in model.get_weights()]  # fmt: skip
    model.set_weights(weights)
    line = in_two_dimensions(folded(nets.from_keras(model)))
    kinds = [layer.kind for layer in line.layers]
    assert not [kind for kind in kinds if kind.endswith("1D") or kind == "BatchNormalization"]
    assert line["conv"].config["activation"] == "relu"
    assert line["depthwise"].config["activation"] == "relu6"
    assert kinds.count("ReLU") == 1  # the one behind the sum
    x = RNG.normal(size=(7, 16, 3)).astype(np.float32)
    np.testing.assert_allclose(
        np.asarray(nets.build(line)(x)), np.asarray(model(x)), atol=2e-6
    )  # sums in another order


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda layers: [layers.Conv1D(2, 3), layers.LayerNormalization(name="odd")],
         r"layer odd \(LayerNormalization\) has no quantization-aware form"),
        (lambda layers: [layers.BatchNormalization(name="first"), layers.Conv1D(2, 3)],
         r"layer first \(BatchNormalization\) is not behind"),
        (lambda layers: [layers.Conv1D(2, 3, padding="causal", name="past")],
         "layer past has causal padding"),
    ],
)  # fmt: skip
def test_what_has_no_such_form_is_named(keras, make, message):
    model = keras.Sequential([keras.Input((8, 2)), *make(keras.layers)])
    with pytest.raises(ModelError, match=message):
        in_two_dimensions(folded(nets.from_keras(model)))
