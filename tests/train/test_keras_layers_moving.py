"""Keras layers that move data: each converts to int8 and gives the reference kernels' bits."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import oracle
import pytest

from midge import compile as compiling
from midge.tflite_reader import read

# What each model comes down to: one kernel a layer wherever that can be. Which variant of a
# convolution is quickest is the chooser's matter.
KERNELS = {
    "transposed_same": "transpose_conv",
    "transposed_valid": "transpose_conv",
    "transposed_relu": "transpose_conv",
    "transposed_2x2": "transpose_conv",
    "transposed_stride_1": "conv_2d",
    "transposed_1d": "transpose_conv lookup",
    "autoencoder": "conv_2d transpose_conv lookup conv_2d",
    "upsampling_nearest": "move",
    "upsampling_bilinear": "resize_bilinear",
    "upsampling_1d": "move",
    "resizing": "resize_bilinear",
    "cropping_2d": "move",
    "cropping_1d": "move",
    "zero_padding_2d": "pad",
    "permute": "move",
    "permute_window": "move",
    "repeat_vector": "move",
    "dilated_separable": "depthwise_conv_2d conv_2d",
    "dilated_depthwise_valid": "depthwise_conv_2d",
    "dilated_conv_1d": "conv_2d",
    "causal_conv_1d": "conv_2d",
    "split": "move move lookup lookup copy copy",
    "split_sizes": "move move lookup lookup copy copy",
    "unstack": "move " * 6 + "lookup " * 6 + "copy " * 5 + "copy",
    "stack": "copy copy copy",
    "stack_last": "copy copy",
    "strided": "move",
    "backwards": "move",
    "last_step": "move",
    "last_channel": "move",
    "new_axis": "move",
    "slice": "move",
    "depth_to_space": "move",
    "space_to_depth": "move",
    "tile": "move",
    "reverse": "move",
    "gather": "move",
    "reflect": "move",
    "symmetric": "move",
    "broadcast": "move",
    "roll": "move move",
}


@pytest.fixture(scope="module")
def converted(convert_layers: Callable[[str], Path]) -> Path:
    """A folder with every model."""
    folder = convert_layers("moving_layers.py")
    assert {path.stem for path in folder.iterdir()} == set(KERNELS)
    return folder


def expected(path: Path, samples: list[list[np.ndarray]]) -> list[list[np.ndarray]]:
    """The oracle's outputs. Some ops it takes only in the version before the converter's, with
    the same meaning: then of the same graph, written anew."""
    try:
        return oracle.reference(path.read_bytes(), samples)
    except ValueError as err:
        assert "Didn't find op for builtin opcode" in str(err)
        return oracle.reference(read(path), samples)


@pytest.mark.slow
@pytest.mark.parametrize("name", KERNELS)
def test_equals_the_oracle(name: str, converted: Path) -> None:
    path = converted / f"{name}.tflite"
    compiled = compiling.compile_model(path)
    kernels = [re.sub("_(packed|jit)$", "", step.kernel) for step in compiled.program.steps]
    assert ["conv_2d" if k == "pointwise" else k for k in kernels] == KERNELS[name].split()
    rng = np.random.default_rng(3)
    (port,) = compiled.program.inputs
    samples = [[rng.integers(-128, 128, port.shape).astype(np.int8)] for _ in range(20)]
    runner = compiled.runner()
    for values, wanted in zip(samples, expected(path, samples), strict=True):
        assert np.array_equal(runner.run(values)[0], wanted[0])
