"""Models on the emulated Pico: the oracle's bits, no memory taken, a steady heap."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from firmwares import FILES, Firmware, reference_model

from midge.emulator import infer
from midge.golden import golden_inputs
from midge.links.emulated import EmulatedLink

pytestmark = pytest.mark.firmware

HEAP = """\
import micropython
load(0)
m.predict(x, y)
gc.collect()
before = gc.mem_free()
micropython.heap_lock()
for _ in range({n}):
    m.predict(x, y)
micropython.heap_unlock()
gc.collect()
print("heap", before, gc.mem_free())
"""


def oracle(model: Path, value: np.ndarray) -> np.ndarray:
    """What LiteRT's reference kernels give."""
    pytest.importorskip("ai_edge_litert", reason="the oracle: pip install midge[dev]")
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_path=str(model), experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value)
    interpreter.invoke()
    return np.array(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))


@pytest.mark.slow  # a minute for the larger ones
@pytest.mark.parametrize("name", list(FILES))
def test_reference_model_is_bit_exact_on_the_board(
    name: str, build_firmware: Callable[..., Firmware], shared_models: Path
) -> None:
    firmware = build_firmware(reference_model(shared_models, name))
    model = firmware.models[name]
    shape = model.program.inputs[0].shape
    value = np.random.default_rng(22).integers(-128, 128, shape).astype(np.int8)
    with EmulatedLink(firmware.uf2) as link:
        (board,) = infer.predict(link, model, [value])
    expected = oracle(shared_models / FILES[name], value)
    assert board.dtype == expected.dtype
    assert np.count_nonzero(board.reshape(-1) != expected.reshape(-1)) == 0
    assert len(np.unique(expected)) > 1  # the input does something


def test_one_predict_with_the_heap_locked(firmware: Firmware) -> None:
    assert _heap(firmware, 1) == 0


def test_200_inferences_leave_the_heap_as_it_was(firmware: Firmware) -> None:
    assert _heap(firmware, 200) == 0


def _heap(firmware: Firmware, n: int) -> int:
    """Bytes by which the heap's free memory has changed after ``n`` inferences."""
    (model,) = firmware.models.values()
    with EmulatedLink(firmware.uf2) as link:
        infer.fill(link, model, 0, golden_inputs(model))
        source = infer.prelude(model) + HEAP.format(n=n)
        (line,) = infer.run_source(link, source, 600)
    before, after = (int(word) for word in line.split()[1:])
    return before - after
