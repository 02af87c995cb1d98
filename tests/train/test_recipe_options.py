"""[model] net: the options of the recipes."""

from __future__ import annotations

import pytest

from midge.errors import ModelError
from midge.project import load_project
from midge.train import pipeline
from midge.train.recipes import RECIPES, configured, widened


def layers_of(model):
    return [(layer.name, layer.output.shape[1:]) for layer in model.layers]


def test_options_change_the_network():
    net = {"filters": [8, 12], "widths": [5, 3], "strides": [2, 1], "separable": True}
    found = dict(layers_of(configured("conv1d", net, "here")(50, 6, 4)))
    assert found["conv1"] == (25, 8) and found["conv2"] == (25, 12)
    assert "depthwise2" in found and "depthwise1" not in found and "conv3" not in found
    found = dict(layers_of(configured("dense", {"units": [10]}, "here")(1, 20, 3)))
    assert found["dense1"] == (10,) and "dense2" not in found
    without = configured("vibration", {"units": 0}, "here")(8, 34, 4)
    assert "dense" not in dict(layers_of(without))


def test_no_options_is_the_recipe_itself():
    for name, recipe in RECIPES.items():
        assert configured(name, {}, "here") is recipe


@pytest.mark.parametrize(
    ("net", "said"),
    [
        ({"kernels": 3}, "conv1d has no option 'kernels'.*\n.*filters, widths, strides"),
        ({"filters": 8}, "filters needs a list of whole numbers, found 8"),
        ({"filters": [8, -1]}, r"filters needs a list of whole numbers, found \[8, -1\]"),
        ({"separable": 1}, "separable needs true or false, found 1"),
    ],
)
def test_wrong_options_are_refused(net, said):
    with pytest.raises(ModelError, match=said):
        configured("conv1d", net, "here")


def test_options_come_from_the_project(tmp_path):
    (tmp_path / "midge.toml").write_text(
        '[project]\nname = "a"\n[model]\nrecipe = "dense"\nnet = {units = [4]}\n'
    )
    model = pipeline.recipe_of(load_project(tmp_path))(2, 3, 2)
    assert dict(layers_of(model))["dense1"] == (4,)


def test_a_wider_network_of_a_recipe():
    assert widened("dense", {}, 2) == {"units": [64, 32]}
    assert widened("mobilenet", {"filters": [4, 6, 8], "picture": True}, 1.5) == {
        "filters": [6, 9, 12], "picture": True,
    }  # fmt: skip
    assert widened("vibration", {"units": 0}, 2) == {"filters": 32, "units": 0}
