"""The modelled flash cache: by hand, and on firmware that the emulator has booted."""

from __future__ import annotations

import pytest
from firmwares import Firmware

from midge.boards import load_board
from midge.emulator import xip
from midge.errors import LinkError
from midge.links.emulated import EmulatedLink


def test_a_line_is_fetched_once() -> None:
    cache = xip.Cache(64, 2, 8)
    assert cache.touch(0, 4) == 1
    assert cache.touch(4, 4) == 0
    assert cache.touch(6, 4) == 1  # reaches into the next line
    assert cache.touch(8, 8) == 0


def test_the_least_recently_used_line_of_a_set_goes() -> None:
    cache = xip.Cache(64, 2, 8)  # four sets: 0, 32 and 64 fall into one
    assert [cache.touch(at, 1) for at in (0, 32, 0, 64, 0, 32)] == [1, 1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("a", "b", "signed", "quotient", "remainder"),
    [
        (7, 2, False, 3, 1),
        (0xFFFFFFFF, 2, False, 0x7FFFFFFF, 1),
        (-7, 2, True, -3, -1),
        (7, -2, True, -3, 1),
        (-7, -2, True, 3, -1),
        (5, 0, False, -1, 5),  # datasheet, 2.3.1.5: all ones, and the dividend
        (-5, 0, True, 1, -5),
    ],
)
def test_the_divider(a: int, b: int, signed: bool, quotient: int, remainder: int) -> None:
    divider = xip.Divider()
    which = divider.SIGNED if signed else 0
    divider.write(divider.DIVIDEND | which, a & 0xFFFFFFFF)
    divider.write(divider.DIVISOR | which, b & 0xFFFFFFFF)
    assert divider.read(divider.QUOTIENT) == quotient & 0xFFFFFFFF
    assert divider.read(divider.REMAINDER) == remainder & 0xFFFFFFFF
    assert divider.read(divider.CSR) & 1  # ready
    divider.write(divider.REMAINDER, 9)  # an interrupt puts back what it found
    assert divider.read(divider.REMAINDER) == 9


@pytest.mark.firmware
def test_what_a_dense_model_reads(ad_firmware: Firmware) -> None:
    """Each weight is used once: every line of them is fetched, and hardly more than once."""
    model, built = ad_firmware.models["ad"], ad_firmware.result
    with EmulatedLink(built.uf2) as link:
        layers = xip.trace(link, model, load_board("RPI_PICO"), built.bin, built.elf)
    assert len(layers) == len(model.program.steps)
    lines = sum(layer.misses for layer in layers)
    weights = sum(c.data.nbytes for c in model.program.consts if c.kind == "weights")
    assert weights // 8 <= lines < 1.1 * model.program.weights_bytes / 8
    assert sum(layer.data_bytes for layer in layers) >= weights


@pytest.mark.firmware
def test_a_wrong_output_is_seen(firmware: Firmware) -> None:
    model, built = firmware.models["tiny"], firmware.result
    model.golden_cache = None
    with EmulatedLink(built.uf2) as link:
        expected = xip.golden(model)
        assert expected is not None
        model.golden_cache = (expected[0], bytes(len(expected[1])))
        try:
            with pytest.raises(LinkError, match="another output"):
                xip.trace(link, model, load_board("RPI_PICO"), built.bin, built.elf)
        finally:
            model.golden_cache = None
