"""Classical models in one firmware on the emulated Pico: the host's bits, no memory taken."""

from __future__ import annotations

from pathlib import Path

import classical_kit
import numpy as np
import pytest
from classical_kit import CASES, fitted

pytestmark = [pytest.mark.firmware, pytest.mark.slow]

NO_MEMORY = """
import array, gc, micropython, midge
for name in midge.models():
    m = midge.load(name)
    x = array.array({codes!r}[name], [1] * m.info()["inputs"][0]["shape"][1])
    y = array.array({outs!r}[name], [0] * m.info()["outputs"][0]["shape"][1])
    m.predict(x, y)
    micropython.heap_lock()
    m.predict(x, y)
    micropython.heap_unlock()
    print(name, list(y) == list(m.predict(x)))
"""


def test_all_kinds_on_the_board(tmp_path: Path) -> None:
    from midge.boards import load_board
    from midge.boot_test import boot_test
    from midge.emulator import infer
    from midge.firmware.build import build
    from midge.links.emulated import EmulatedLink

    models = [fitted(name).compiled for name in CASES]
    result = build(models, load_board("RPI_PICO"), tmp_path)
    windows = {
        name: [row[None] for row in [*one.inputs[:2], *classical_kit.ends(one.inputs)[-2:]]]
        for name, one in ((name, fitted(name)) for name in CASES)
    }
    report = boot_test(result.uf2, models, windows)  # raises where a bit differs
    assert report.windows == sum(map(len, windows.values())) == 4 * len(CASES)
    codes, outs = (
        {m.meta.name: infer.TYPECODES[getattr(m.program, ends)[0].dtype] for m in models}
        for ends in ("inputs", "outputs")
    )
    with EmulatedLink(result.uf2) as link:
        lines = infer.run_source(link, NO_MEMORY.format(codes=codes, outs=outs), 600)
    assert sorted(lines) == sorted(f"{name} True" for name in CASES)
    assert np.all([fitted(name).scores.size for name in CASES])
