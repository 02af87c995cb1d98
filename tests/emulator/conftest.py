"""What the emulator's tests share: firmware, built once a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from firmwares import Firmware, reference_model, tiny_model

if TYPE_CHECKING:
    from midge.compile import CompiledModel
    from midge.links.emulated import EmulatedLink


@pytest.fixture(scope="session")
def build_firmware(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Firmware]:
    """Builds firmware with the models given."""
    from midge.boards import load_board
    from midge.firmware.build import build

    def do(*models: CompiledModel) -> Firmware:
        out = tmp_path_factory.mktemp("firmware")
        result = build(models, load_board("RPI_PICO"), out)
        return Firmware(result, {model.meta.name: model for model in models})

    return do


@pytest.fixture(scope="session")
def firmware(
    build_firmware: Callable[..., Firmware], tmp_path_factory: pytest.TempPathFactory
) -> Firmware:
    """Firmware with a tiny model: what most tests boot."""
    return build_firmware(tiny_model(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="session")
def ad_firmware(build_firmware: Callable[..., Firmware], shared_models: Path) -> Firmware:
    """Firmware with the anomaly model of ../shared, the fastest of the four."""
    return build_firmware(reference_model(shared_models, "ad"))


@pytest.fixture
def link(firmware: Firmware) -> Iterator[EmulatedLink]:
    """A freshly booted emulated Pico without sensors."""
    from midge.links.emulated import EmulatedLink

    with EmulatedLink(firmware.uf2) as link:
        yield link
