"""The C type Model, on the unix port: what it takes, what it gives, what it refuses."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from midge.compile import CompiledModel
from midge.golden import golden

pytestmark = [pytest.mark.slow, pytest.mark.firmware]

Run = Callable[[str], str]

START = """
import json, gc, micropython, midge
from array import array
m = midge.load("relu")
w = array("b", [-128, 2, 3, 4, 100, 127])
"""


def test_models_are_listed_in_their_order(board_python: Run) -> None:
    found = board_python("import midge; print(midge.models())")
    assert found == "('relu', 'floats', 'pair', 'wide', 'counts', 'heard', 'seen', 'both')"


def test_load_of_an_unknown_model_lists_the_known(board_python: Run) -> None:
    code = "import midge\ntry:\n    midge.load('rely')\nexcept ValueError as e:\n    print(e)"
    found = board_python(code)
    names = "relu, floats, pair, wide, counts, heard, seen, both"
    assert found == f"no model 'rely' in this firmware; there are: {names}"


def test_info_carries_what_the_model_was_made_from(
    board_python: Run, models: list[object]
) -> None:
    info = json.loads(board_python(f"{START}\nprint(json.dumps(m.info()))"))
    model = models[0]
    port = {"shape": [1, 2, 3], "dtype": "int8", "scale": 0.5, "zero_point": 3}
    assert {**info, "inputs": 0, "outputs": 0} == {
        "name": "relu", "version": "1.2", "labels": list("abcdef"), "data_fingerprint": "feed",
        "sha256": model.program.sha256, "tool": info["tool"], "macs": model.program.macs,
        "arena_bytes": model.program.arena_bytes, "state_bytes": 0,
        "weights_bytes": model.program.weights_bytes,
        "inputs": 0, "outputs": 0,
    }  # fmt: skip
    assert [{**p, "name": 0} for p in info["inputs"]] == [{**port, "name": 0}]
    assert [{**p, "name": 0} for p in info["outputs"]] == [{**port, "name": 0}]


def test_prints_shapes(board_python: Run) -> None:
    found = board_python(f"{START}\nprint(m)")
    assert found == "<Model relu 1.2: int8(1, 2, 3) -> int8(1, 2, 3)>"


@pytest.mark.parametrize(
    "window",
    [
        "w", "bytes(w)", "bytearray(w)", "memoryview(w)", "memoryview(bytes(w))",
        "memoryview(bytearray(b'xx' + bytes(w) + b'y'))[2:8]", "array('B', bytes(w))",
    ],
)  # fmt: skip
def test_predict_takes_quantized_bytes_of_any_kind(board_python: Run, window: str) -> None:
    found = board_python(f"{START}\nprint(list(m.predict({window})))")
    assert found == "[3, 3, 3, 4, 100, 127]"


def test_predict_quantizes_raw_counts_by_channel(board_python: Run) -> None:
    # q = 3 + count, 3 + count - 100, 3 + count / 10; relu keeps what is above 3
    code = f"{START}\nprint(list(m.predict(array('h', [7, 105, 52, 32767, -32768, -9]))))"
    assert board_python(code) == "[10, 8, 8, 127, 3, 3]"


def test_predict_quantizes_reals_with_halves_away_from_zero(board_python: Run) -> None:
    # x / 0.5 = 1.5, 2.5, 0.5, huge, infinite, not a number
    code = f"""{START}
print(list(m.predict(array('f', [0.75, 1.25, 0.25, 1e30, float('inf'), float('nan')]))))
print(list(m.predict(array('f', [-0.75, 0.2, -1e30, 0, 0.74999, 60]))))"""
    assert board_python(code).splitlines() == ["[5, 6, 4, 127, 127, 3]", "[3, 3, 3, 3, 4, 123]"]


def test_predict_fills_scores_of_either_type(board_python: Run) -> None:
    code = f"""{START}
q, r, b = array('b', [0] * 6), array('f', [0] * 6), bytearray(8)
print(m.predict(w, q), m.predict(w, r), m.predict(window=w, scores=memoryview(b)[1:7]))
print(list(q), list(r), list(b))"""
    lines = board_python(code).splitlines()
    assert lines[0] == "None None None"
    assert lines[1] == (
        "[3, 3, 3, 4, 100, 127] [0.0, 0.0, 0.0, 0.5, 48.5, 62.0] [0, 3, 3, 3, 4, 100, 127, 0]"
    )


def test_float_models_take_and_give_floats(board_python: Run) -> None:
    code = """
import midge
from array import array
m = midge.load("floats")
print(m.predict(array('f', [-1, 0.5, 1.5, 99])), m.classify(array('f', [0, 7, 3, -1])))"""
    assert board_python(code) == "array('f', [0.0, 0.5, 1.5, 62.0]) (1, 7.0)"


def test_models_of_several_inputs_take_a_tuple(board_python: Run) -> None:
    code = """
import midge
m = midge.load("pair")
print(list(m.predict((bytes([3, 5, 7, 9]), bytes([3, 4, 5, 6])))))
for bad in (bytes(4), (bytes(4),), (bytes(4), bytes(3))):
    try:
        m.predict(bad)
    except Exception as e:
        print(repr(e))"""
    assert board_python(code).splitlines() == [
        "[3, 6, 9, 12]",
        "TypeError('window: needs a tuple of 2 buffers',)",
        "ValueError('window: needs 2 buffers, found 1',)",
        "ValueError(\"window: needs 4 elements of type 'b' (4 bytes), found 3 bytes\",)",
    ]


def test_classify_names_the_largest_output(board_python: Run) -> None:
    assert board_python(f"{START}\nprint(m.classify(w))") == "('f', 62.0)"
    # of equal outputs the first
    assert board_python(f"{START}\nprint(m.classify(bytes(6)))") == "('a', 0.0)"


def test_layers_and_profile_go_together(board_python: Run, models: list[object]) -> None:
    code = f"""{START}
n = len(m.layers())
c = array('I', [0xffffffff] * n)
print(m.profile(w, c), max(c) < 1000000, n, m.layers()[0])"""
    steps = models[0].program.steps
    assert board_python(code) == f"None True {len(steps)} {steps[0].layer}"


def test_check_runs_the_golden_sample(board_python: Run) -> None:
    code = "import midge; print(*(midge.load(m).check() for m in ('relu', 'floats', 'pair')))"
    assert board_python(code) == "True True True"


def test_check_finds_one_wrong_byte(
    micropython: Path, models: list[CompiledModel], tmp_path: Path
) -> None:
    wanted = golden(models[0])[1]
    code = micropython.read_bytes()
    assert code.count(wanted) == 1
    broken = tmp_path / "micropython"
    broken.write_bytes(code.replace(wanted, wanted[:5] + bytes([wanted[5] ^ 1]) + wanted[6:]))
    broken.chmod(0o755)
    command = [broken, "-c", "import midge; midge.load('relu').check()"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found, needs = np.frombuffer(bytes([wanted[5], wanted[5] ^ 1]), np.int8)
    assert f"relu: golden inference: output byte 5 needs {needs}, found {found}" in done.stderr


def test_each_call_leaves_the_arena_to_the_next(board_python: Run) -> None:
    code = f"""{START}
for i in range(2):
    m.classify(w), m.profile(w, array("I", [0])), m.check()
print(list(m.predict(w)))"""
    assert board_python(code) == "[3, 3, 3, 4, 100, 127]"


def test_ctrl_c_in_the_middle_leaves_the_arena_to_the_next(micropython: Path) -> None:
    # The unix port raises KeyboardInterrupt wherever the program is: often in predict().
    code = f"""{START}
r = array("f", [0] * 6)
for i in range(60):
    try:
        print(i)
        while True:
            m.predict(r, r)
    except KeyboardInterrupt:
        pass"""
    command = [micropython, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as board:
        assert board.stdout is not None and board.stderr is not None
        for i in range(60):
            assert board.stdout.readline() == b"%d\n" % i, board.stderr.read()
            time.sleep(0.002)  # lets it get from print() to predict()
            board.send_signal(signal.SIGINT)
    assert board.returncode == 0


NEEDS_W = "window: needs 6 elements of type 'b', 'h' (raw counts) or 'f' (real values), found type"


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        ("m.predict(bytes(5))", "ValueError", "needs 6 elements of type 'b' (6 bytes), found 5"),
        ("m.predict(b'')", "ValueError", "needs 6 elements of type 'b' (6 bytes), found 0 bytes"),
        ("m.predict(array('h', [1] * 7))", "ValueError", "type 'h' (12 bytes), found 14 bytes"),
        ("m.predict(array('f', []))", "ValueError", "type 'f' (24 bytes), found 0 bytes"),
        ("m.predict(array('i', [0] * 6))", "TypeError", f"{NEEDS_W} 'i'"),
        ("m.predict(array('H', [0] * 6))", "TypeError", f"{NEEDS_W} 'H'"),
        ("m.predict(array('d', [0] * 6))", "TypeError", f"{NEEDS_W} 'd'"),
        ("m.predict([0] * 6)", "TypeError", "object with buffer protocol required"),
        ("m.predict(6)", "TypeError", "object with buffer protocol required"),
        ("m.predict()", "TypeError", ""),
        ("m.predict(w, w, w)", "TypeError", ""),
        ("m.predict(w, score=w)", "TypeError", ""),
        ("m.predict(w, bytes(6))", "TypeError", "object with buffer protocol required"),
        ("m.predict(w, bytearray(5))", "ValueError", "scores: needs 6 elements of type 'b'"),
        ("m.predict(w, array('h', [0] * 6))", "TypeError", "scores: needs 6 elements of type 'b'"),
        ("m.classify(bytes(7))", "ValueError", "found 7 bytes"),
        ("m.profile(w, array('I', []))", "ValueError", "cycles: needs 1 elements, found 0"),
        ("m.profile(w, array('h', [0]))", "TypeError", "cycles: needs type 'I', found type 'h'"),
        ("m.profile(w, bytearray(4))", "TypeError", "cycles: needs type 'I', found type 'B'"),
        ("m.profile(w, bytes(4))", "TypeError", "object with buffer protocol required"),
        ("midge.load(3)", "TypeError", ""),
        (
            "midge.load('')",
            "ValueError",
            "relu, floats, pair, wide, counts, heard, seen, both",
        ),
        ("midge.Model()", "TypeError", ""),
        ("floats.predict(bytes(16))", "TypeError", "needs 4 elements of type 'f', found type 'B'"),
        ("floats.predict(array('h', [0] * 4))", "TypeError", "found type 'h'"),
        ("floats.predict(bytearray(16))", "TypeError", "found type 'B'"),
    ],
)
def test_bad_arguments_say_what_is_needed_and_found(
    board_python: Run, call: str, error: str, says: str
) -> None:
    code = f"""{START}
floats = midge.load("floats")
try:
    {call}
    print("no error")
except Exception as e:
    print(type(e).__name__, e)
print(list(m.predict(w)))"""
    found, after = board_python(code).splitlines()
    kind, _, text = found.partition(" ")
    assert kind == error
    assert says in text
    assert after == "[3, 3, 3, 4, 100, 127]"  # and the model still works


def test_predict_works_while_the_heap_is_locked(board_python: Run) -> None:
    code = f"""{START}
q, r, h, c = array('b', [0] * 6), array('f', [0] * 6), array('h', [9] * 6), array('I', [0])
micropython.heap_lock()
m.predict(w, q); m.predict(w, r); m.predict(h, q); m.predict(r, q); m.predict(scores=q, window=w)
m.profile(w, c)
try:
    m.predict(w)
    locked = False
except MemoryError:
    locked = True
micropython.heap_unlock()
print(locked, list(q))"""
    assert board_python(code) == "True [3, 3, 3, 4, 100, 127]"


def test_ten_thousand_inferences_leave_the_heap_as_it_was(board_python: Run) -> None:
    code = f"""{START}
q, r = array('b', [0] * 6), array('f', [0] * 6)
def go(n):
    gc.collect()
    before = gc.mem_free()
    for i in range(n):
        m.predict(w, q)
        m.predict(r, r)
    return gc.mem_free() - before
print(go(5000))"""
    assert board_python(code) == "0"


def test_board_and_host_agree_on_every_kind_of_buffer(
    board_python: Run, models: list[object]
) -> None:
    from midge.model import Model

    rng = np.random.default_rng(7)
    windows = {
        "b": rng.integers(-128, 128, (20, 6)).astype(np.int8),
        "h": rng.integers(-32768, 32768, (20, 6)).astype(np.int16),
        "f": rng.normal(0, 40, (20, 6)).astype(np.float32),
    }
    for code, rows in windows.items():
        text = ", ".join(f"bytes({list(row.tobytes())})" for row in rows)
        found = board_python(
            f"{START}\nfor x in ({text}):\n    print(list(m.predict(array('{code}', x))))"
        )
        wanted = [list(map(int, Model(models[0]).predict(row))) for row in rows]
        assert [json.loads(line) for line in found.splitlines()] == wanted
