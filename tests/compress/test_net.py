"""Networks as data: rebuilt, cut and factorized, against what Keras computes."""

from __future__ import annotations

import numpy as np
import pytest

from midge.compress import net as nets
from midge.compress.channels import Channels
from midge.compress.low_rank import factorize
from midge.compress.net import Layer
from midge.compress.resize import importance, keep
from midge.errors import ModelError

RNG = np.random.default_rng(7)


def chain(keras):
    """Convolutions with all that lies between them, a Flatten and dense layers."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 6)), layers.Reshape((8, 6, 1)),
            layers.Conv2D(8, 3, padding="same", use_bias=False), layers.BatchNormalization(),
            layers.ReLU(), layers.DepthwiseConv2D(3, padding="same"), layers.Conv2D(12, 1),
            layers.MaxPooling2D(2), layers.Dropout(0.1), layers.Flatten(),
            layers.Dense(16, activation="relu"), layers.Dense(3, activation="softmax"),
        ]
    )  # fmt: skip


def branches(keras):
    """Two branches that are added, and one that is put beside them."""
    layers = keras.layers
    start = keras.Input((10, 4))
    a = layers.Conv1D(8, 3, padding="same", activation="relu", name="a")(start)
    b = layers.Conv1D(8, 3, padding="same", name="b")(a)
    both = layers.Concatenate(name="beside")(
        [layers.Add()([a, b]), layers.Conv1D(4, 1, name="c")(start)]
    )
    end = layers.GlobalAveragePooling1D()(both)
    return keras.Model(start, layers.Dense(2, activation="softmax")(end))


def randomized(model):
    """Weights that no layer may get by chance."""
    model.set_weights([RNG.uniform(0.2, 1.0, w.shape) * RNG.choice([-1, 1], w.shape)
                       if w.ndim > 1 else RNG.uniform(0.2, 1.0, w.shape)
                       for w in model.get_weights()])  # fmt: skip
    return model


def outputs(model, shape):
    x = np.random.default_rng(3).normal(size=(5, *shape)).astype(np.float32)
    return np.asarray(model(x))


@pytest.mark.parametrize(("make", "shape"), [(chain, (8, 6)), (branches, (10, 4))])
def test_rebuilt_and_saved_it_computes_the_same(keras, tmp_path, make, shape):
    model = randomized(make(keras))
    net = nets.from_keras(model)
    assert (outputs(nets.build(net), shape) == outputs(model, shape)).all()
    nets.save(net, tmp_path / "net.npz")
    again = nets.build(nets.load(tmp_path / "net.npz"))
    assert (outputs(again, shape) == outputs(model, shape)).all()


@pytest.mark.parametrize(("make", "shape"), [(chain, (8, 6)), (branches, (10, 4))])
def test_channels_that_are_0_can_go_without_a_change(keras, make, shape):
    """Filters of random channels are made 0 in every layer; then they are cut off."""
    net = nets.from_keras(randomized(make(keras)))
    channels = Channels(net)
    kept = {}
    for number in channels.free():
        size = channels.space(number).size
        kept[number] = np.sort(RNG.permutation(size)[: size // 2])
        gone = np.setdiff1d(np.arange(size), kept[number])
        for name in channels.space(number).makers:
            for value in net[name].weights:
                value[..., gone] = 0
    for layer in net.layers:  # nothing but 0 may come out of a norm or depthwise layer either
        if layer.kind in ("BatchNormalization", "DepthwiseConv2D"):
            gone = np.setdiff1d(np.arange(layer.shape[-1]), channels.columns(layer.name, kept))
            for value in layer.weights[1:3] if layer.kind[0] == "B" else layer.weights[1:]:
                value[gone] = 0
    cut = keep(net, channels, kept)
    assert cut.parameters < 0.55 * net.parameters
    np.testing.assert_allclose(
        outputs(nets.build(cut), shape), outputs(nets.build(net), shape), atol=1e-5
    )  # sums in another order


def test_spaces_that_are_added_are_one(keras):
    net = nets.from_keras(branches(keras))
    channels = Channels(net)
    assert sorted(sorted(channels.space(n).makers) for n in channels.free()) == [["a", "b"], ["c"]]
    assert len(channels.columns("beside", {channels.of("c")[0]: np.array([1])})) == 8 + 1


def test_importance_finds_the_filters_that_do_little(keras):
    net = nets.from_keras(randomized(chain(keras)))
    conv = next(layer for layer in net.layers if layer.kind == "Conv2D")
    conv.weights[0][..., [1, 5]] *= 0.01
    (number,) = Channels(net).of(conv.name)
    norms = importance(net, Channels(net))[number]
    assert set(np.argsort(norms)[:2]) == {1, 5}


def test_low_rank_of_a_product_computes_the_same(keras):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 5)), layers.Conv1D(40, 1, strides=2, activation="relu"),
            layers.Conv1D(40, 1, strides=2, activation="relu", name="point"),
            layers.Flatten(), layers.Dense(40, activation="relu", name="dense"),
            layers.Dense(3, activation="softmax", name="scores"),
        ]
    )  # fmt: skip
    for name in ("point", "dense"):
        layer = model.get_layer(name)
        into, out = layer.weights[0].shape[-2:]
        kernel = RNG.normal(size=(into, 4)) @ RNG.normal(size=(4, out))
        layer.set_weights([kernel.reshape(layer.weights[0].shape), RNG.normal(size=out)])
    net = nets.from_keras(model)
    # room for more, which would bring nothing; the first convolution, of rank 5, stays whole
    thin, count = factorize(net, 0.5)
    assert count == 2
    assert [thin[f"{n}_thin"].shape[-1] for n in ("point", "dense")] == [4, 4]
    assert thin.parameters < 0.45 * net.parameters
    np.testing.assert_allclose(
        outputs(nets.build(thin), (6, 5)), outputs(model, (6, 5)), atol=1e-5
    )


def test_low_rank_keeps_to_its_share_and_gives_it_where_it_brings_most():
    """A kernel of rank 8 before one whose components are all alike."""
    kernels = {"a": RNG.normal(size=(64, 8)) @ RNG.normal(size=(8, 128)),
               "b": np.linalg.qr(RNG.normal(size=(128, 128)))[0]}  # fmt: skip
    start = Layer("in", "InputLayer", {}, (), (64,))
    dense = [
        Layer(name, "Dense", {"name": name, "activation": "relu", "use_bias": False}, (into,),
              (128,), [kernels[name]])
        for name, into in (("a", "in"), ("b", "a"))
    ]  # fmt: skip
    net, before = nets.Net("two", [start, *dense]), 64 * 128 + 128 * 128
    for share, ranks in ((0.9, [8]), (0.6, [8, 28]), (0.4, [8, 8]), (0.01, [4, 4])):
        thin, count = factorize(net, share)
        found = [layer.shape[0] for layer in thin.layers if layer.name.endswith("_thin")]
        assert found == ranks and count == len(ranks)
        assert thin.parameters <= max(share, 0.1) * before


def test_what_cannot_be_cut_stays(keras):
    """A layer that mixes channels in an unknown way keeps those before it."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 2)), layers.Conv1D(6, 3, name="before"), layers.Permute((2, 1)),
            layers.Conv1D(8, 3, name="behind"), layers.Flatten(),
            layers.Dense(2, activation="softmax"),
        ]
    )  # fmt: skip
    channels = Channels(nets.from_keras(model))
    assert [channels.space(n).makers for n in channels.free()] == [["behind"]]


def test_a_layer_used_twice_is_refused(keras):
    start = keras.Input((8, 2))
    conv = keras.layers.Conv1D(2, 3, padding="same", name="twice")
    with pytest.raises(ModelError, match="layer twice is used more than once"):
        nets.from_keras(keras.Model(start, conv(conv(start))))
