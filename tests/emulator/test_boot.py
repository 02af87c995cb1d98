"""The boot test itself: passes what is right, names the step that is wrong."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from firmwares import Firmware

from midge.boot_test import boot_test
from midge.errors import BuildError
from midge.meta import Meta

pytestmark = pytest.mark.firmware


def test_a_good_firmware(firmware: Firmware) -> None:
    (model,) = firmware.models.values()
    shape = model.program.inputs[0].shape
    windows = np.random.default_rng(23).integers(-128, 128, (5, *shape)).astype(np.int8)
    report = boot_test(firmware.uf2, [model], {model.meta.name: list(windows)})
    assert report.models == (model.meta.name,)
    assert report.windows == 5
    assert report.fs_free_bytes > 1_000_000 and report.heap_free_bytes > 50_000


def test_another_version_of_the_model(firmware: Firmware) -> None:
    (model,) = firmware.models.values()
    program = dataclasses.replace(model.program, sha256="0" * 64)
    with pytest.raises(BuildError, match=r"boot test: models: .*another version"):
        boot_test(firmware.uf2, [dataclasses.replace(model, program=program)])


def test_a_model_that_is_not_there(firmware: Firmware) -> None:
    (model,) = firmware.models.values()
    other = dataclasses.replace(model, meta=Meta(name="other"))
    with pytest.raises(BuildError, match=r"boot test: models: .*no model 'other'"):
        boot_test(firmware.uf2, [other])


def test_wrong_bits_in_flash(firmware: Firmware, tmp_path: Path) -> None:
    (model,) = firmware.models.values()
    weights = max(model.program.consts, key=lambda c: c.data.nbytes).data.tobytes()
    start = firmware.result.bin.read_bytes().index(weights)
    image = bytearray(firmware.uf2.read_bytes())
    for i in range(start, start + len(weights)):
        # a UF2 block carries 256 bytes, at offset 32 of its 512
        image[i // 256 * 512 + 32 + i % 256] ^= 0x40
    bad = tmp_path / "bad.uf2"
    bad.write_bytes(image)
    with pytest.raises(BuildError, match="golden inference"):
        boot_test(bad, [model])


@pytest.mark.slow  # 20 s: as long as a boot may take
def test_a_firmware_that_does_not_boot(tmp_path: Path, firmware: Firmware) -> None:
    image = bytearray(firmware.uf2.read_bytes())
    for base in range(0, len(image), 512):  # keep the blocks, lose what is in them
        image[base + 32 : base + 288] = bytes(256)
    dead = tmp_path / "dead.uf2"
    dead.write_bytes(image)
    with pytest.raises(BuildError, match="boot test: boot: the firmware does not come up"):
        boot_test(dead, [])
