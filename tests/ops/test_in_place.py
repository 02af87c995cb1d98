"""What lowering declares ``in_place`` may share memory: results stay the same when it does."""

from __future__ import annotations

import cases
import numpy as np
import oracle
import pytest
from case_maker import Maker, per_tensor

from midge import core, pack, plan
from midge.lower import lower
from midge.program import Program

WITH_PAIRS = ("add", "sub", "mul", "softmax", "logistic", "requantize", "quantize")


def place(program: Program, pair: tuple[int, int] | None) -> None:
    """All buffers apart, but for the pair's, which start at one offset."""
    offset = 0
    for i, buffer in enumerate(program.buffers):
        if pair is not None and i == pair[1]:
            continue
        buffer.offset = offset
        offset += -(-buffer.nbytes // plan.ALIGN) * plan.ALIGN
    if pair is not None:
        program.buffers[pair[1]].offset = program.buffers[pair[0]].offset
    program.arena_bytes = offset + 64


@pytest.mark.parametrize("name", WITH_PAIRS)
def test_sharing_changes_nothing(name: str) -> None:
    shared = 0
    for number, graph, samples in cases.cases(name, 150):
        compiled = oracle.Compiled(graph)
        place(compiled.program, None)
        compiled.words = pack.pack(compiled.program)[0]
        expected = compiled.run(samples[0])
        for pair in compiled.program.steps[0].in_place:
            place(compiled.program, pair)
            compiled.words = pack.pack(compiled.program)[0]
            arena = compiled.arena(samples[0])
            core.load().run(compiled.words, compiled.consts, arena)
            for want, have in zip(expected, compiled.outputs(arena), strict=True):
                assert np.array_equal(want, have), (name, number, pair)
            shared += 1
    assert shared > 20


def test_a_broadcast_operand_is_not_shared() -> None:
    m = Maker("ADD")
    m.add((1, 4, 5), quant=per_tensor(0.1))
    m.add((1, 1, 5), quant=per_tensor(0.1))
    m.add((1, 4, 5), quant=per_tensor(0.2), role="out")
    program = lower(m.graph(fused_activation_function="NONE"))
    assert program.steps[0].in_place == [(0, 2)]
