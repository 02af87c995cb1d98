"""An LSTM of tf_keras on the emulated Pico: state is kept, is its own, and can be reset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import oracle
import pytest
from firmwares import Firmware, tiny_model
from recurrent_kit import make

from midge.boot_test import boot_test
from midge.compile import compile_model
from midge.emulator import infer
from midge.links.emulated import EmulatedLink
from midge.meta import Meta

pytestmark = [pytest.mark.slow, pytest.mark.firmware]

LENGTH = 5
# Prints a sequence's outputs, with the other model's inferences in between, three times: anew
# after reset(), after load() and, last, without either.
SEQUENCES = """\
other = midge.load("tiny")
window = bytes(other.info()["inputs"][0]["shape"][2] * 3)
def sequence():
    for i in range({length}):
        load(i)
        m.predict(x, y)
        other.predict(window)
        other.check()
        print(str(binascii.hexlify(y), "ascii"))
sequence()
m.reset()
sequence()
midge.load({name!r})
sequence()
sequence()
assert m.check() is True
print(m.info()["state_bytes"], other.info()["state_bytes"])
"""


@pytest.fixture(scope="module")
def lstm(
    build_firmware: Callable[..., Firmware], tmp_path_factory: pytest.TempPathFactory
) -> Firmware:
    folder = tmp_path_factory.mktemp("lstm")
    path = make(folder, True, "lstm") / "lstm.tflite"
    return build_firmware(compile_model(path, Meta(name="lstm")), tiny_model(folder))


def inputs(firmware: Firmware) -> list[np.ndarray]:
    rng = np.random.default_rng(11)
    shape = firmware.models["lstm"].program.inputs[0].shape
    return [rng.integers(-128, 128, shape).astype(np.int8) for _ in range(LENGTH)]


def test_keeps_state_and_resets_it(lstm: Firmware) -> None:
    model = lstm.models["lstm"]
    values = inputs(lstm)
    content = Path(model.program.path).read_bytes()
    wanted = oracle.reference(content, [[x] for x in [*values, *values]])
    first = [out[0].tobytes().hex() for out in wanted[:LENGTH]]
    again = [out[0].tobytes().hex() for out in wanted[LENGTH:]]
    assert first != again  # the state matters
    with EmulatedLink(lstm.uf2) as link:
        for i, value in enumerate(values):
            link.pico.fill(i, value.tobytes())
        script = SEQUENCES.format(length=LENGTH, name="lstm")
        *found, last = infer.run_source(link, infer.prelude(model) + script, 300)
    assert found == [*first, *first, *first, *again]
    assert last == f"{model.program.state_bytes} 0"
    assert model.program.state_bytes == 20


def test_boot_test_compares_a_sequence(lstm: Firmware) -> None:
    report = boot_test(lstm.uf2, list(lstm.models.values()), {"lstm": inputs(lstm)})
    assert report.windows == LENGTH


def test_state_is_in_the_memory_map(lstm: Firmware) -> None:
    memory = lstm.result.memory
    assert memory.ram["model lstm"] >= 20 and memory.ram.get("model tiny", 0) == 0
