"""The op suite on emulated processors: 50 random cases of each op and kernel variant on each."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "ops"))

import bare_kit
import cases
import oracle
import pytest
import test_every_op

COUNT = 50


def runnable(cpu: str) -> str:
    if reason := bare_kit.PROCESSORS[cpu].missing():
        pytest.skip(reason)
    return cpu


@functools.cache
def records(name: str) -> list[bare_kit.Record]:
    """Each kernel's runs of the op's cases; what comes out must be what the oracle says."""
    variants = ["plain", *(["packed", "small"] if name in test_every_op.VARIANTS else [])]
    variants += ["jit"] if name in test_every_op.JIT else []
    variants += ["blocked"] if name in test_every_op.BLOCKED_VARIANTS else []
    made = []
    for number, graph, samples in cases.cases(name, COUNT):
        wanted = oracle.reference(graph, samples)
        for kernels in variants:
            compiled = oracle.Compiled(graph, kernels, ("fastest", "smallest")[number % 2])
            for values, want in zip(samples, wanted, strict=True):
                before = compiled.state.copy()
                compiled.run(values)
                states = (before, compiled.state.copy())
                made.append(
                    bare_kit.record(
                        compiled.program,
                        compiled.words,
                        compiled.consts,
                        compiled.arena(values),
                        want,
                        states,
                    )
                )
    return made


@pytest.mark.parametrize("name", cases.GENERATORS)
@pytest.mark.parametrize("cpu", bare_kit.PROCESSORS)
def test_50_random_cases_equal_the_oracle(cpu: str, name: str) -> None:
    run = bare_kit.execute(runnable(cpu), records(name))
    assert run.complaints == []
    assert run.records == len(records(name)) >= COUNT


@pytest.mark.parametrize("cpu", bare_kit.PROCESSORS)
def test_what_is_wrong_is_seen(cpu: str) -> None:
    """A wrong bit, a kernel that is not there, a write beyond the arena."""
    runnable(cpu)
    good = records("pad")[0]
    place, data = good.outputs[0]
    flipped = data[:-1] + bytes([data[-1] ^ 1])
    unknown = good.words.copy()
    unknown[0] = 9999
    small = good.arena[:place]  # the output lies behind it
    changed = [
        bare_kit.Record(good.words, good.consts, good.arena, [(place, flipped)]),
        bare_kit.Record(unknown, good.consts, good.arena, good.outputs),
        bare_kit.Record(good.words, good.consts, small, good.outputs),
    ]
    run = bare_kit.execute(cpu, [good, *changed])
    assert [line.split()[0] for line in run.complaints] == ["differs", "refused", "wrote"]
    assert run.complaints[0] == f"differs 1 1 {len(data) - 1}"


def test_instructions_are_counted_alike_each_time() -> None:
    for cpu in ("cortex-m33", "rv32imc"):
        runs = [bare_kit.execute(runnable(cpu), records("conv_2d")[:4], True) for _ in "ab"]
        assert runs[0].counts == runs[1].counts
        assert all(count > 100 for ops in runs[0].counts.values() for count in ops)
