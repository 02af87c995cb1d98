"""MicroPython with models on emulated Cortex-M33 and RV32: booted, and the host's bits."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "emulator"))
import firmwares

from midge.choose import Goal
from midge.compile import CompiledModel, compile_model
from midge.firmware import qemu
from midge.links.mpremote import MpremoteLink
from midge.meta import Meta

pytestmark = [pytest.mark.slow, pytest.mark.firmware]

MODEL = """\
import midge
m = midge.load("{name}")
y = bytearray({size})
for x in {inputs}:
    m.predict(x, y)
    print(bytes(y).hex())
"""


def models(folder: Path, cpu: str) -> list[CompiledModel]:
    """A tiny one, and the anomaly model of ../shared where it is there."""
    firmwares.tiny_model(folder)
    files = {"tiny": folder / "tiny.tflite"}
    shared = Path(__file__).resolve().parents[3] / "shared" / "models"
    if shared.is_dir():
        files["ad"] = shared / firmwares.FILES["ad"]
    return [compile_model(path, Meta(name=name), Goal(cpu=cpu)) for name, path in files.items()]


@pytest.mark.parametrize("name", ["QEMU_M33", "QEMU_RV32"])
def test_predicts_what_the_host_does(name: str, tmp_path: Path) -> None:
    machine = qemu.load_machine(name)
    if machine.missing():
        pytest.skip(f"{machine.missing()} not installed (`make setup`)")
    compiled = models(tmp_path, machine.cpu)
    elf = qemu.build_qemu(compiled, machine, tmp_path / "out")
    rng = np.random.default_rng(12)
    with qemu.booted(machine, elf) as url:
        link = MpremoteLink(url, name)
        assert link.exec("import midge\nprint(midge.models())").count("'") >= 2
        for model in compiled:
            port = model.program.inputs[0]
            values = [rng.integers(-128, 128, port.shape).astype(np.int8) for _ in range(3)]
            expected = [model.runner().run([value])[0] for value in values]
            inputs = [value.tobytes() for value in values]
            source = MODEL.format(name=model.meta.name, size=expected[0].size, inputs=inputs)
            lines = link.exec(source).split()
            assert lines == [each.tobytes().hex() for each in expected]
            assert len(set(lines)) > 1
