"""The C type Stream, on the unix port and the emulated Pico: features as the host has them."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from small_models import pictures
from two_sensors import TWO

import midge
from midge.compile import CompiledModel
from midge.firmware.build import BuildResult
from midge.model import Model

pytestmark = [pytest.mark.slow, pytest.mark.firmware]

Run = Callable[[str], str]

START = """
import json, gc, micropython, midge
from array import array
m = midge.load("heard")
s = m.stream(rate_hz=1000, channels=2)
n = 7 * 12
out = array("b", [0] * n)
"""
# The same noise on both sides: a linear congruential generator.
NOISE = """
def noise(samples):
    x, values = 12345, array("h", bytes(4 * samples))
    for i in range(2 * samples):
        x = (x * 1103 + 12347) & 0xffff
        values[i] = (x - 32768) // (2 + i // 100)
    return values
"""
PUSHED = """
values = noise(700)
found, at, sizes = [], 0, (5, 32, 1, 200, 77)
turn = 0
while at < 700:
    size = min(sizes[turn % 5], 700 - at)
    part = memoryview(values)[2 * at : 2 * (at + size)]
    used = 0
    while used < size:
        used += s.push_from(part, used)
        if s.ready():
            m.predict(s, out)
            found.append([at + used, list(out)])
    at += size
    turn += 1
"""


@pytest.fixture(scope="session")
def heard(models: list[CompiledModel]) -> Model:
    return Model(next(model for model in models if model.meta.name == "heard"))


def host(heard: Model, code: str) -> dict[str, object]:
    """Runs the same lines on the PC."""
    from array import array

    stream = heard.stream(rate_hz=1000, channels=2)
    names = {"m": heard, "s": stream, "array": array, "midge": midge, "json": json}
    names["out"] = array("b", [0] * int(np.prod(heard.compiled.program.inputs[0].shape)))
    exec(code, names)
    return names


def test_windows_are_those_of_the_host(board_python: Run, heard: Model) -> None:
    board = json.loads(board_python(f"{START}{NOISE}{PUSHED}\nprint(json.dumps(found))"))
    found = host(heard, NOISE + PUSHED)["found"]
    assert [at for at, _ in board] == [256, 320, 384, 448, 512, 576, 640]
    assert board == found
    assert len({value for _, values in board for value in values}) > 50


def test_a_first_window_is_that_of_the_batch(heard: Model) -> None:
    """Filters apart, which a stream starts at 0: they are settled by the noise before."""
    from midge.features import Pipeline

    compiled = heard.compiled.features[0]
    described = {**compiled.pipeline.as_dict(), "blocks": [{"block": "logmel", "bands": 6}]}
    pipeline = Pipeline.from_dict(described, "test")
    names: dict[str, object] = {}
    exec("from array import array\n" + NOISE + "values = noise(700)", names)
    values = np.array(names["values"], np.int16).reshape(-1, 2)
    from midge.stream import Stream

    stream = Stream("x", pipeline.compile(), None, None)
    for start in range(0, 700 - 256 + 1, 64):
        stream.push_from(values[start + 192 if start else 0 : start + 256])
        assert stream.ready()
        batch = pipeline.quantized(values[None, start : start + 256])
        assert np.array_equal(stream.window(), batch.reshape(-1))


def test_a_picture(board_python: Run, models: list[CompiledModel]) -> None:
    seen = Model(next(model for model in models if model.meta.name == "seen"))
    stream, words = seen.stream(), pictures(2)
    for word in words:
        stream.push_from(word)
    assert stream.ready() and stream.count == 2
    pipeline = seen.compiled.features[0].pipeline
    assert np.array_equal(stream.window(), pipeline.quantized(words)[1].reshape(-1))
    expected = np.array(seen.predict(stream)).tolist()
    assert len(set(expected)) > 10
    code = f"""{START}
import binascii
seen = midge.load("seen")
s = seen.stream(channels=1)
frame = binascii.unhexlify({words[1].tobytes().hex()!r})
print(s.length, s.size, s.push_from(frame), s.ready(), list(seen.predict(s)))"""
    assert board_python(code) == f"192 48 192 True {expected}"


def test_samples_one_by_one(board_python: Run) -> None:
    code = f"""{START}{NOISE}
values = noise(400)
s.push_from(values)
first, at = bytes(n), []
m.predict(s, out)
s.clear()
for i in range(400):
    if s.push((values[2 * i], values[2 * i + 1])):
        at.append(i)
        if i == 255:
            again = array("b", [0] * n)
            m.predict(s, again)
print(at, again == out, s.count, s.push(None), s.ready())
try:
    m.predict(s)
except ValueError as e:
    print(e)"""
    assert board_python(code).splitlines() == [
        "[255, 319, 383] True 4 False False",
        "window: no window yet, 0 of 8 hops were pushed",
    ]


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        ("m.stream(rate_hz=16000)", "ValueError", "trained at 1000 samples a second, found 16000"),
        ("m.stream(rate_hz=float('nan'))", "ValueError", "samples a second, found nan"),
        (
            "midge.load('both').stream(0, rate_hz=62.5)",
            "ValueError",
            "trained at 50 samples a second, found 62.5",
        ),
        ("m.stream(channels=1)", "ValueError", "trained with 2 channels, found 1"),
        ("m.stream(1)", "ValueError", "input needs 0..0, found 1"),
        ("midge.load('relu').stream()", "ValueError", "relu: no features compiled in"),
        ("midge.load('relu').predict(s)", "ValueError", "a stream of heard, needed one of relu"),
        ("m.predict(s)", "ValueError", "no window yet, 0 of 8"),
        ("m.predict(array('h', [0] * n))", "TypeError", "push samples to its stream()"),
        ("s.push_from(array('h', [1]))", "ValueError", "a multiple of 2 values"),
        ("s.push_from(array('f', [1, 2]))", "TypeError", "needs type 'h'"),
        ("s.push_from(array('h', [1, 2]), 2)", "ValueError", "needs 0..1, found 2"),
        ("s.push((1,))", "ValueError", "needs 2 values, found 1"),
        ("s.push(7)", "ValueError", "needs 2 values, found 1"),
        ("s.push((1, 40000))", "ValueError", "16 bits, found 40000"),
        ("s.features(bytearray(3))", "ValueError", "needs 84 elements"),
    ],
)
def test_refusals(board_python: Run, code: str, kind: str, says: str) -> None:
    found = board_python(
        f"{START}\ntry:\n    {code}\nexcept Exception as e:\n    print(type(e).__name__, e)"
    )
    assert found.startswith(kind) and says in found, found


def test_nothing_is_allocated(board_python: Run) -> None:
    code = f"""{START}{NOISE}
values = memoryview(noise(320))
pair = (5, -7)
s.push_from(values)
gc.collect()
before = gc.mem_alloc()
micropython.heap_lock()
for _ in range(5):
    s.push_from(values, 256)
    s.push(pair)
    s.ready()
    m.predict(s, out)
    s.features(out)
micropython.heap_unlock()
print(gc.mem_alloc() - before)"""
    assert board_python(code) == "0"


@pytest.fixture(scope="session")
def two_on_host(models: list[CompiledModel]) -> dict[str, list[object]]:
    from array import array

    both = Model(next(model for model in models if model.meta.name == "both"))
    names: dict[str, object] = {"array": array, "load_both": lambda: both}
    exec(TWO, names)
    return {name: names[name] for name in ("scored", "woke")}  # type: ignore[misc]


def test_two_sensors_come_together(two_on_host: dict[str, list[object]]) -> None:
    assert [at for at, _ in two_on_host["scored"]] == [63, 95, 127]
    first, *windows = two_on_host["woke"]
    assert first == 63 and [at for at, _ in windows] == [126]
    assert len({value for _, sums in two_on_host["scored"] for value in sums}) > 20


def test_two_sensors_in_one_model(board_python: Run, two_on_host: dict[str, list[object]]) -> None:
    found = board_python(f"{START}{TWO}\nprint(json.dumps([scored, woke]))")
    assert json.loads(found) == [two_on_host["scored"], two_on_host["woke"]]


def test_streams_stand_for_their_own_input(board_python: Run) -> None:
    code = f"""{START}{TWO}
for wrong in ((mic, imu), (imu,), imu, (imu, s)):
    try:
        both.predict(wrong)
    except Exception as e:
        print(type(e).__name__, e)"""
    assert board_python(code).splitlines() == [
        "ValueError window: a stream of both, needed one of both for input 0",
        "ValueError window: needs 2 buffers, found 1",
        "TypeError window: needs a tuple of 2 buffers",
        "ValueError window: a stream of heard, needed one of both for input 1",
    ]


def test_on_the_emulated_pico(
    pico_firmware: BuildResult, heard: Model, two_on_host: dict[str, list[object]]
) -> None:
    from midge.emulator.infer import run_source
    from midge.links.emulated import EmulatedLink

    with EmulatedLink(pico_firmware.uf2) as link:
        last = "print(json.dumps(found)); print(json.dumps([scored, woke]))"
        lines = run_source(link, f"{START}{NOISE}{PUSHED}{TWO}\n{last}", timeout_s=300)
    assert json.loads(lines[-2]) == host(heard, NOISE + PUSHED)["found"]
    assert json.loads(lines[-1]) == [two_on_host["scored"], two_on_host["woke"]]
