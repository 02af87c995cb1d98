"""Damaged files give a ModelError or a valid program, never another exception or a hang."""

from __future__ import annotations

import random
import time
from pathlib import Path

import plan_checker
import pytest
import tflite

from midge import passes
from midge.errors import ModelError
from midge.lower import lower
from midge.pack import pack
from midge.plan import plan
from midge.program import BufferRef, ConstRef, Program
from midge.tflite_reader import parse

# Generous: reading and compiling a flipped file takes some hundredths of a second.
MAX_SECONDS = 10.0
FILES = ("kws_dscnn_int8", "ic_resnet8_int8", "ad01_int8", "vww_96_int8")


def compile_bytes(data: bytes) -> Program | None:
    """The program, or ``None`` where the file was refused."""
    start = time.monotonic()
    try:
        program = lower(passes.run(parse(data, "fuzz.tflite", "fuzz")))
        plan(program)
        pack(program)
    except ModelError as err:
        assert "fuzz.tflite" in str(err)
        return None
    finally:
        assert time.monotonic() - start < MAX_SECONDS
    return program


def structure(data: bytes) -> list[int]:
    """Offsets of all bytes that are not weights: where a flipped bit does most harm."""
    model = tflite.Model.GetRootAsModel(data, 0)
    weights = bytearray(len(data))
    for i in range(model.BuffersLength()):
        buffer = model.Buffers(i)
        if buffer.DataLength() > 64:
            start = buffer._tab.Vector(buffer._tab.Offset(4))
            weights[start : start + buffer.DataLength()] = b"\1" * buffer.DataLength()
    return [i for i, is_weight in enumerate(weights) if not is_weight]


@pytest.mark.parametrize("name", FILES)
def test_truncated_at_every_64th_byte(shared_models: Path, name: str) -> None:
    whole = (shared_models / f"{name}.tflite").read_bytes()
    for size in range(0, len(whole), 64):
        try:
            parse(whole[:size], "fuzz.tflite", "fuzz")
        except ModelError as err:
            assert "fuzz.tflite" in str(err)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "n"), list(zip(FILES, (1000, 700, 1000, 200), strict=True)))
def test_flipped_bytes(shared_models: Path, name: str, n: int) -> None:
    whole = (shared_models / f"{name}.tflite").read_bytes()
    places = structure(whole)
    rng = random.Random(name)
    survivors = 0
    for _ in range(n):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            data[rng.choice(places)] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
        program = compile_bytes(bytes(data))
        if program is not None:
            survivors += 1
            check_refs(program)
    assert 0 < survivors < n  # else the fuzzing hits nothing, or only what kills at once


def check_refs(program: Program) -> None:
    """Operands lie in the arena and in the constants, inputs and outputs as well."""
    for buffer in program.buffers:
        assert 0 <= buffer.offset <= program.arena_bytes - buffer.nbytes or buffer.offset == 0
    for step in program.steps:
        for value in step.params.values():
            if isinstance(value, BufferRef):
                assert 0 <= value.buffer < len(program.buffers)
            elif isinstance(value, ConstRef):
                assert 0 <= value.const < len(program.consts)


def test_the_untouched_files_compile(shared_models: Path) -> None:
    for name in FILES:
        program = compile_bytes((shared_models / f"{name}.tflite").read_bytes())
        assert program is not None
        plan_checker.play(program)
