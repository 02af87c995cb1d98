"""The C type Model with int16 inputs and outputs, on the unix port, beside the host's Model."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from midge.compile import CompiledModel
from midge.model import Model

pytestmark = [pytest.mark.slow, pytest.mark.firmware]

Run = Callable[[str], str]
START = """
import json, micropython, midge
from array import array
m, c = midge.load("wide"), midge.load("counts")
w = array("h", [-5, 150, 10, 32767, -32768, 16])
"""


@pytest.fixture
def wide(models: list[CompiledModel]) -> dict[str, Model]:
    return {model.meta.name: Model(model) for model in models[3:]}


def test_predict_classify_check(board_python: Run) -> None:
    code = f"{START}\nprint(m.predict(w), c.predict(w), round(m.classify(w)[1], 4), m.check())"
    assert board_python(code) == (
        "array('h', [0, 100, 1, 32767, 0, 2]) array('h', [0, 150, 10, 32767, 0, 16]) 32.767 True"
    )
    info = json.loads(board_python(f"{START}\nprint(json.dumps(m.info()['outputs'][0]))"))
    assert info["dtype"] == "int16"


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        ("m.predict(bytes(12))", "TypeError", "6 elements of type 'h' or 'f' (real values)"),
        ("m.predict(array('h', [1] * 5))", "ValueError", "'h' (12 bytes), found 10 bytes"),
        ("m.predict(array('i', [1] * 6))", "TypeError", "found type 'i'"),
        ("m.predict(w, array('b', [1] * 6))", "TypeError", "'h' or 'f' (real values)"),
        ("m.predict(w, array('h', [1] * 7))", "ValueError", "'h' (12 bytes), found 14 bytes"),
    ],
)
def test_wrong_buffers(board_python: Run, call: str, error: str, says: str) -> None:
    code = f"{START}\ntry:\n    {call}\nexcept Exception as e:\n    print(type(e).__name__, e)"
    kind, _, text = board_python(code).partition(" ")
    assert kind == error
    assert says in text


def test_nothing_is_allocated(board_python: Run) -> None:
    code = f"""{START}
q, r = array('h', [0] * 6), array('f', [0] * 6)
micropython.heap_lock()
m.predict(w, q); m.predict(r, q); c.predict(w, r); c.predict(q, q)
micropython.heap_unlock()
print(list(q))"""
    assert board_python(code) == "[0, 0, 0, 0, 0, 0]"


def test_board_and_host_agree(board_python: Run, wide: dict[str, Model]) -> None:
    rng = np.random.default_rng(8)
    rows = {
        "h": rng.integers(-32768, 32768, (20, 6)).astype(np.int16),
        "f": np.concatenate([rng.normal(0, 20, (19, 6)), [[np.nan, 1e9, -1e9, 0, 32.7675, 1]]]),
    }
    for name, variable in (("wide", "m"), ("counts", "c")):
        for code, values in rows.items():
            given = values.astype(np.float32) if code == "f" else values
            text = ", ".join(f"bytes({list(row.tobytes())})" for row in given)
            found = board_python(
                f"{START}\nfor x in ({text},):\n"
                f"    print(list({variable}.predict(array('{code}', x))))"
            )
            wanted = [list(map(int, wide[name].predict(row))) for row in given]
            assert [json.loads(line) for line in found.splitlines()] == wanted
