"""Damaged files give a ModelError or a valid program, never another exception or a hang."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import plan_checker
import pytest
import tflite

from midge import abi, core, passes
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


def flipped(whole: bytes, n: int, rng: random.Random) -> Iterator[bytes]:
    """``n`` copies with one to three bytes of structure changed."""
    places = structure(whole)
    for _ in range(n):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            data[rng.choice(places)] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
        yield bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "n"), list(zip(FILES, (300, 200, 600, 50), strict=True)))
def test_flipped_bytes(shared_models: Path, name: str, n: int) -> None:
    whole = (shared_models / f"{name}.tflite").read_bytes()
    programs = [compile_bytes(data) for data in flipped(whole, n, random.Random(name))]
    survivors = [program for program in programs if program is not None]
    assert 0 < len(survivors) < n  # else it hits nothing, or only what kills at once
    for program in survivors:
        check_refs(program)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES[:3])
def test_what_survives_runs_clean_under_sanitizers(
    shared_models: Path, tmp_path: Path, name: str
) -> None:
    """A damaged file that still compiles reads and writes nothing beyond its buffers."""
    replay = build_replay(tmp_path)
    whole = (shared_models / f"{name}.tflite").read_bytes()
    count = 0
    with (tmp_path / "records").open("wb") as file:
        for data in flipped(whole, 100, random.Random(name + "sanitizers")):
            program = compile_bytes(data)
            if program is not None and program.arena_bytes < 10**6 and program.macs < 10**8:
                file.write(record(program))
                count += 1
    assert count > 20
    done = subprocess.run(
        [str(replay), str(tmp_path / "records")], capture_output=True, text=True, check=False
    )
    # exit code 1 as well: the outputs are not the recorded ones, which nobody knows
    assert done.stderr == ""
    assert f"{count} records" in done.stdout


def build_replay(folder: Path) -> Path:
    """The core with ``tests/core/replay.c``, which gives every buffer a block of its own."""
    target = folder / "replay"
    main = Path(__file__).parents[1] / "core" / "replay.c"
    flags = ["-std=c99", "-g", "-O1", "-ffp-contract=off", "-fsanitize=address,undefined",
             "-fno-sanitize-recover=all", f"-I{abi.core_dir()}"]  # fmt: skip
    files = [str(path) for path in (main, *core.sources())]
    subprocess.run([core.compiler(), *flags, "-o", str(target), *files], check=True)
    return target


def record(program: Program) -> bytes:
    """What ``replay.c`` reads, with a random arena; the arena after the run is not known."""
    words, consts = pack(program)
    arena = np.random.default_rng(1).integers(0, 256, program.arena_bytes).astype(np.uint8)
    state = bytes(program.state_bytes)
    sizes = np.array([words.size, len(consts), arena.size, len(state)], np.uint32)
    return sizes.tobytes() + words.tobytes() + consts + arena.tobytes() * 2 + state * 2


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
