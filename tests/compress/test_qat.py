"""Quantization-aware training: the form it takes a network in, and what comes out."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from midge.compress import net as nets
from midge.compress.fold import folded, in_two_dimensions
from midge.errors import ModelError

RNG = np.random.default_rng(5)


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


def windows(count, seed):
    """Two frequencies, class 0 or 1, in noise; a sensor's glitch in one window of a hundred."""
    rng = np.random.default_rng(seed)
    classes = rng.permutation(np.arange(count) % 2)
    time, phase = np.arange(32)[None, :], rng.uniform(0, 6.28, (count, 1))
    x = np.sin((0.5 + 0.25 * classes[:, None]) * time + phase) + rng.normal(0, 0.5, (count, 32))
    x[::100, 7] = 1000.0
    return x[..., None].astype(np.float32), classes.astype(np.int64)


@pytest.mark.slow
def test_it_recovers_what_a_glitch_takes_from_the_measured_range(keras, tmp_path):
    # not importorskip: that import would turn this process's Keras into Keras 2
    if importlib.util.find_spec("tensorflow_model_optimization") is None:
        pytest.skip("needs the extra: pip install .[train]")
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    import midge
    from midge.compress.judge import predict_real
    from midge.compress.qat import train_aware, usual_ends
    from midge.train.evaluate import accuracy_in_float
    from midge.train.fit import Examples, learn
    from midge.train.quantize import convert

    (x, y), (held_x, held_y), (test_x, test_y) = (windows(n, n) for n in (800, 100, 400))
    examples = Examples(x, y, held_x, held_y, held_x, held_y)
    keras.utils.set_random_seed(1)
    layers = keras.layers
    start = keras.Input((32, 1), name="window")
    level = layers.AveragePooling1D(32, name="level")(start)
    found = layers.Subtract(name="without_level")([start, level])  # rounded by ourselves
    for layer in (
        layers.Conv1D(8, 7, activation="relu", name="conv"),
        layers.DepthwiseConv1D(5, activation="relu", name="depthwise"),
        layers.Conv1D(8, 1, activation="relu", name="point"),
        layers.GlobalAveragePooling1D(name="mean"),
        layers.Dense(1, activation="sigmoid", name="score"),
    ):
        found = layer(found)
    model = keras.Model(start, found)
    learn(model, examples, epochs=12, batch_size=32)
    model.save(tmp_path / "m.keras")
    measured = convert(tmp_path / "m.keras", x, tmp_path / "ptq.tflite")
    net, aware = train_aware(
        nets.from_keras(model), examples, None, usual_ends(x), tmp_path / "qat.tflite",
        epochs=8, batch_size=32, seed=1,
    )  # fmt: skip
    right = {
        path.stem: ((predict_real(midge.load(path), test_x)[:, 0] >= 0.5) == test_y).mean()
        for path in (measured, aware)
    }
    in_float = accuracy_in_float(model, test_x, test_y)
    assert in_float > 0.9
    assert right["ptq"] < in_float - 0.05
    assert right["qat"] >= in_float - 0.01
    assert accuracy_in_float(nets.build(net), test_x, test_y) > 0.85  # its weights, in float

    oracle = Interpreter(str(aware), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    oracle.allocate_tensors()
    (into,), (out,) = oracle.get_input_details(), oracle.get_output_details()
    assert list(into["shape"]) == [1, 32, 1] and into["dtype"] == out["dtype"] == np.int8
    loaded = midge.load(aware)
    for window in np.random.default_rng(2).integers(-128, 128, (50, 32)).astype(np.int8):
        oracle.set_tensor(into["index"], window.reshape(into["shape"]))
        oracle.invoke()
        assert (oracle.get_tensor(out["index"]).reshape(-1) == loaded.predict(window)).all()
