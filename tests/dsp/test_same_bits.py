"""Every block gives the host's bits on emulated processors, and runs clean under sanitizers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import bare_kit
import dsp_cases
import numpy as np
import pytest

from midge import abi, core

REPLAY = Path(__file__).resolve().parents[1] / "core" / "replay.c"
SANITIZE = [
    "-std=c99", "-g", "-O1", "-ffp-contract=off", "-fno-omit-frame-pointer",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Werror",
]  # fmt: skip
BATCH_BYTES = 8 << 20  # an emulated microbit has 16 MB of flash


def test_every_block_has_cases() -> None:
    assert dsp_cases.known_blocks() == set(dsp_cases.names()) - {"whole", "pipeline"}
    for name in dsp_cases.names():
        ran = {
            step.kernel for case in dsp_cases.cases(name) for step in case.compiled.program.steps
        }
        assert name in ("whole", "pipeline") or name in ran


def records() -> list[tuple[str, bare_kit.Record]]:
    """All hops of all blocks; the whole arena must come out as on the host."""
    made = []
    for name in dsp_cases.names():
        for hop in dsp_cases.hops(name):
            compiled = hop.case.compiled
            outputs = [(0, hop.after.tobytes())]
            made.append(
                (name, bare_kit.Record(compiled.words, compiled.consts, hop.before, outputs))
            )
    return made


def batches() -> list[list[tuple[str, bare_kit.Record]]]:
    made: list[list[tuple[str, bare_kit.Record]]] = [[]]
    size = 0
    for name, one in records():
        size += one.arena.nbytes * 2 + len(one.consts) + 4 * one.words.size
        if size > BATCH_BYTES:
            made.append([])
            size = 0
        made[-1].append((name, one))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("cpu", bare_kit.PROCESSORS)
def test_220_signals_equal_the_host(cpu: str) -> None:
    if reason := bare_kit.PROCESSORS[cpu].missing():
        pytest.skip(reason)
    for batch in batches():
        run = bare_kit.execute(cpu, [one for _, one in batch])
        named = [f"{batch[int(line.split()[1])][0]}: {line}" for line in run.complaints]
        assert named == []
        assert run.records == len(batch)


def test_a_wrong_bit_is_seen() -> None:
    cpu = "cortex-m0plus"
    if reason := bare_kit.PROCESSORS[cpu].missing():
        pytest.skip(reason)
    hop = next(dsp_cases.hops("dsp_fft", 1))
    wrong = hop.after.copy()
    wrong[hop.case.compiled.input.nbytes] ^= 1
    compiled = hop.case.compiled
    one = bare_kit.Record(compiled.words, compiled.consts, hop.before, [(0, wrong.tobytes())])
    assert bare_kit.execute(cpu, [one]).complaints[0].startswith("differs 0")


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("replay") / "replay"
    files = [str(path) for path in (REPLAY, *core.sources())]
    command = [core.compiler(), *SANITIZE, f"-I{abi.core_dir()}", "-o", str(program), *files]
    subprocess.run(command, check=True)
    return program


@pytest.mark.parametrize("name", dsp_cases.names())
def test_runs_clean_under_sanitizers(name: str, replay: Path, tmp_path: Path) -> None:
    path = tmp_path / "records"
    count = 0
    with path.open("wb") as file:
        for hop in dsp_cases.hops(name):
            compiled = hop.case.compiled
            sizes = [compiled.words.size, len(compiled.consts), hop.before.size, 0]
            file.write(np.array(sizes, np.uint32).tobytes() + compiled.words.tobytes())
            file.write(compiled.consts + hop.before.tobytes() + hop.after.tobytes())
            count += 1
    done = subprocess.run([str(replay), str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert f"{count} records, 0 bad" in done.stdout
    assert count >= dsp_cases.RANDOM + 20
