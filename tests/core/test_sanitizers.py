"""The whole op suite under AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from midge import abi, core

HERE = Path(__file__).parent
COUNT = 500  # of the cases: the sanitizers look for other bugs than wrong bits, and are slow
sys.path.insert(0, str(HERE.parent / "ops"))
import cases  # noqa: E402
import oracle  # noqa: E402

FLAGS = [
    "-std=c99", "-g", "-O1", "-ffp-contract=off", "-fno-omit-frame-pointer",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Werror",
]  # fmt: skip


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The core and ``replay.c``, built with the sanitizers."""
    program = tmp_path_factory.mktemp("replay") / "replay"
    files = [str(path) for path in (HERE / "replay.c", *core.sources())]
    command = [core.compiler(), *FLAGS, f"-I{abi.core_dir()}", "-o", str(program), *files]
    subprocess.run(command, check=True)
    return program


def record(file: BinaryIO, compiled: oracle.Compiled, values: list[np.ndarray]) -> None:
    before = compiled.arena(values)
    after = core.aligned_array(before)
    n_state = compiled.program.state_bytes
    state = compiled.state[:n_state].tobytes()
    core.load().run(compiled.words, compiled.consts, after, compiled.state)
    sizes = [compiled.words.size, len(compiled.consts), before.size, n_state]
    file.write(np.array(sizes, np.uint32).tobytes() + compiled.words.tobytes())
    file.write(compiled.consts + before.tobytes() + after.tobytes())
    file.write(state + compiled.state[:n_state].tobytes())


def run(program: Path, records: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), str(records)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", cases.GENERATORS)
def test_all_cases_run_clean(name: str, replay: Path, tmp_path: Path) -> None:
    path = tmp_path / "records"
    count = 0
    with path.open("wb") as file:
        for number, graph, samples in cases.cases(name, COUNT):
            compiled = oracle.Compiled(graph, ("packed", "plain")[number % 2])
            for values in samples:
                record(file, compiled, values)
                count += 1
    done = run(replay, path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{count} records, 0 bad" in done.stdout


def test_classical_models_run_clean(replay: Path, tmp_path: Path) -> None:
    """On data, at the ends of the input's type, and on NaN and infinity."""
    import classical_kit

    made = [one for name in classical_kit.CASES for one in classical_kit.records(name, 6)]
    path = tmp_path / "records"
    with path.open("wb") as file:
        for one in made:
            sizes = [one.words.size, len(one.consts), one.arena.size, 0]
            file.write(np.array(sizes, np.uint32).tobytes() + one.words.tobytes() + one.consts)
            file.write(one.arena.tobytes() + one.outputs[0][1])
    done = run(replay, path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(made)} records, 0 bad" in done.stdout


def test_a_wrong_result_and_a_wrong_size_are_seen(replay: Path, tmp_path: Path) -> None:
    """The check itself: a flipped bit is reported, and a read past the end stops the run."""
    _, graph, samples = next(cases.cases("add"))
    compiled = oracle.Compiled(graph)
    path = tmp_path / "records"
    with path.open("wb") as file:
        record(file, compiled, samples[0])
    data = bytearray(path.read_bytes())
    path.write_bytes(bytes(data[:-1]) + bytes([data[-1] ^ 1]))
    assert "arena differs" in run(replay, path).stdout
    fields = [field.name for field in abi.load().kernels["add"].fields]
    compiled.words[2 + fields.index("dim_0")] += 100
    with path.open("wb") as file:
        sizes = np.array([compiled.words.size, len(compiled.consts), 4, 0], np.uint32)
        file.write(sizes.tobytes() + compiled.words.tobytes() + compiled.consts + bytes(8))
    assert "heap-buffer-overflow" in run(replay, path).stderr
