"""16x8 models from Keras: the oracle's bits on the PC and on the emulated Pico."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras_16
import numpy as np
import pytest
from firmwares import Firmware
from test_models import oracle

import midge
from midge.compile import CompiledModel, compile_model
from midge.emulator import infer
from midge.links.emulated import EmulatedLink
from midge.meta import Meta

pytestmark = pytest.mark.slow
NAMES = tuple(keras_16.SHAPES)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    pytest.importorskip("tensorflow", reason="conversion needs the extra: pip install .[train]")
    folder = tmp_path_factory.mktemp("keras16")
    return {name: keras_16.make(name, folder) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_host_equals_the_oracle(name: str, files: dict[str, Path]) -> None:
    model = midge.load(files[name])
    port = model.info()["inputs"][0]
    assert (port["dtype"], port["zero_point"]) == ("int16", 0)
    seen = set()
    for window in keras_16.windows(name, 60):
        expected = oracle(files[name], window).reshape(-1)
        found = model.predict(window)
        assert found.dtype == expected.dtype == np.int16
        np.testing.assert_array_equal(found, expected)
        seen.add(expected.tobytes())
    assert len(seen) > 50  # the input does something
    assert model.check()


def test_all_kernels_of_16x8_take_part(files: dict[str, Path]) -> None:
    kernels = {
        step.kernel for path in files.values() for step in compile_model(path).program.steps
    }
    wanted = "conv_2d depthwise_conv_2d fully_connected add mul mean max_pool_2d average_pool_2d"
    assert {f"{name}_16" for name in wanted.split()} <= kernels
    assert {"sigmoid_16", "softmax_16", "rescale_16"} <= kernels


@pytest.mark.firmware
def test_the_board_equals_the_oracle(
    files: dict[str, Path], build_firmware: Callable[..., Firmware]
) -> None:
    models: list[CompiledModel] = [compile_model(files[n], Meta(name=n)) for n in NAMES]
    firmware = build_firmware(*models)
    for model in models:
        name = model.meta.name
        given = keras_16.windows(name, 4)
        with EmulatedLink(firmware.uf2) as link:
            found = infer.predict(link, model, given)
        for window, board in zip(given, found, strict=True):
            np.testing.assert_array_equal(
                board.reshape(-1), oracle(files[name], window).reshape(-1)
            )
