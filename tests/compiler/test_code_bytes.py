"""A model's code, known before it is built: the closure over objects, and the recorded sizes."""

from __future__ import annotations

import pytest

from midge import abi
from midge.boards import load_board
from midge.cost import code


def test_all_that_an_object_needs_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "midge_a": code.Object(100, 0, ("midge_shared", "midge_b")),
        "midge_b": code.Object(10, 0, ("midge_shared", "midge_a")),
        "midge_shared": code.Object(1, 1, ()),
        "midge_other": code.Object(1000, 500, ()),
        "midge_run": code.Object(5, 0, ()),
    }
    monkeypatch.setattr(code, "objects", lambda _cpu: known)
    assert code.code_bytes(["a"], "any") == (116, 1)
    assert code.code_bytes([], "any") == (5, 0)
    assert code.all_ram_bytes("any") == 501


def test_every_kernel_has_a_recorded_size() -> None:
    known = code.objects("cortex-m0plus")
    missing = {
        name
        for name in abi.load().kernels
        if f"midge_{name}" not in known and code.code_bytes([name], "cortex-m0plus") == (0, 0)
    }
    assert not missing, "run: python -m midge.firmware.measure RPI_PICO --code"
    for name, each in known.items():
        assert set(each.needs) <= known.keys(), name


@pytest.mark.firmware
def test_the_recorded_sizes_are_what_the_compiler_makes() -> None:
    from midge.firmware.measure import measure_code

    found = measure_code(load_board("RPI_PICO"))
    known = code.objects("cortex-m0plus")
    assert found.keys() == known.keys(), "run: python -m midge.firmware.measure RPI_PICO --code"
    for name, each in found.items():
        # 5% and 64 bytes: another version of the compiler, or a constant changed
        slack = each.flash // 20 + 64
        assert abs(each.flash - known[name].flash) <= slack, name
        assert abs(each.ram - known[name].ram) <= slack, name
