"""The memory planner: no two live buffers share bytes, and the arena is small."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_checker import play

from midge.plan import plan
from midge.program import ANYWHERE, Buffer, Lead, Overlap, Port, Program, Step


def program_of(
    sizes: list[int],
    steps: list[tuple[list[int], list[int], list[tuple[int, ...]]]],
    inputs: list[int],
    outputs: list[int],
) -> Program:
    """A program of steps (reads, writes, overlaps) over buffers of these sizes.

    An overlap is (read, write), at the same place or before it, or (read, write, *lead).
    """

    def overlap(read: int, write: int, last: int = 0, step: int = 0) -> Overlap:
        return Overlap(read, write, Lead(last, step))

    return Program(
        name="m",
        path="m.tflite",
        sha256="",
        steps=[
            Step("copy", {}, str(i), "X", r, w, 0, [overlap(*each) for each in p])
            for i, (r, w, p) in enumerate(steps)
        ],
        buffers=[Buffer(str(i), n) for i, n in enumerate(sizes)],
        consts=[],
        inputs=[Port(str(b), b, (sizes[b],), "int8", None) for b in inputs],
        outputs=[Port(str(b), b, (sizes[b],), "int8", None) for b in outputs],
    )


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Random graphs: branches, scratch, several inputs and outputs, in-place pairs."""
    sizes = [draw(st.integers(1, 60)) for _ in range(draw(st.integers(1, 3)))]
    inputs = list(range(len(sizes)))
    known = list(inputs)
    steps = []
    for _ in range(draw(st.integers(1, 12))):
        reads = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3))
        sizes.append(draw(st.integers(1, 60)))
        out = len(sizes) - 1
        writes = [out]
        if draw(st.booleans()):
            sizes.append(draw(st.integers(1, 30)))
            writes.append(len(sizes) - 1)
        pairs = [
            (
                read,
                out,
                *draw(st.sampled_from([(0, 0), (-8, 0), (-3, 0), (5, 0), (-ANYWHERE, 12)])),
            )
            for read in dict.fromkeys(reads)
            if draw(st.booleans())
        ]
        steps.append((reads, writes, pairs))
        known.append(out)
    outputs = sorted(set(draw(st.lists(st.sampled_from(known), min_size=1, max_size=3))))
    return program_of(sizes, steps, inputs, outputs)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(programs())
def test_random_programs_are_safe_and_bounded(program: Program) -> None:
    found = plan(program)
    play(program)
    assert program.arena_bytes == found.arena_bytes
    assert found.lower_bound <= found.arena_bytes
    assert found.arena_bytes <= sum((b.nbytes + 3) & ~3 for b in program.buffers)


def test_the_checker_finds_an_overlap() -> None:
    program = program_of([8, 8, 8], [([0], [1], []), ([0, 1], [2], [])], [0], [2])
    plan(program)
    play(program)
    program.buffers[1].offset = program.buffers[0].offset
    with pytest.raises(AssertionError):
        play(program)


def test_a_chain_needs_its_two_largest_neighbours() -> None:
    program = program_of(
        [100, 40, 80, 12], [([0], [1], []), ([1], [2], []), ([2], [3], [])], [0], [3]
    )
    found = plan(program)
    assert found.arena_bytes == found.lower_bound == 140
    assert found.peak_buffers == (0, 1)


def test_in_place_saves_the_second_buffer() -> None:
    steps = [([0], [1], [(0, 1)]), ([1], [2], [(1, 2)])]
    program = program_of([64, 64, 64], steps, [0], [2])
    found = plan(program)
    assert found.arena_bytes == 64
    assert found.shared == ((0, 1), (1, 2))
    play(program)


def test_in_place_not_while_the_input_is_needed_later() -> None:
    steps = [([0], [1], [(0, 1)]), ([0, 1], [2], [])]
    program = program_of([64, 64, 4], steps, [0], [2])
    assert plan(program).arena_bytes == 132
    play(program)


def test_in_place_not_over_a_model_output() -> None:
    steps = [([0], [1], []), ([1], [2], [(1, 2)])]
    program = program_of([4, 64, 64], steps, [0], [1, 2])
    assert plan(program).arena_bytes == 128
    play(program)


def test_in_place_with_two_dying_inputs_takes_one() -> None:
    steps = [([0], [1], []), ([1], [2], []), ([1, 2], [3], [(1, 3), (2, 3)])]
    program = program_of([4, 64, 64, 64], steps, [0], [3])
    assert plan(program).arena_bytes == 128
    play(program)


def test_an_output_that_grows_begins_before_its_input() -> None:
    program = program_of([40, 80], [([0], [1], [(0, 1, -40)])], [0], [1])
    found = plan(program)
    assert found.arena_bytes == found.lower_bound == 80
    assert [b.offset for b in program.buffers] == [40, 0]
    play(program)


def test_a_lead_costs_its_bytes_and_no_more() -> None:
    program = program_of([64, 64], [([0], [1], [(0, 1, -10)])], [0], [1])
    assert plan(program).arena_bytes == plan(program).lower_bound == 64 + 12  # aligned to 4
    play(program)
    program.buffers[0].offset -= 4
    with pytest.raises(AssertionError, match="1 lies -8 bytes behind 0"):
        play(program)


def test_leads_add_up_along_a_chain() -> None:
    chain = [([i], [i + 1], [(i, i + 1, -8)]) for i in range(4)]
    program = program_of([64] * 5, chain, [0], [4])
    assert plan(program).arena_bytes <= 64 + 4 * 8  # 64 + 8 at each step
    play(program)


def test_planes_lie_over_each_other_in_whole_channels() -> None:
    program = program_of([48, 24], [([0], [1], [(0, 1, -ANYWHERE, 12)])], [0], [1])
    assert plan(program).arena_bytes == 48
    assert (program.buffers[1].offset - program.buffers[0].offset) % 12 == 0
    play(program)


def test_an_output_goes_over_both_inputs_where_both_allow_it() -> None:
    steps = [([0], [1], []), ([0, 1], [2], [(0, 2, ANYWHERE), (1, 2, ANYWHERE)])]
    program = program_of([32, 32, 64], steps, [0], [2])
    assert plan(program).arena_bytes == 64
    play(program)


def test_a_small_buffer_uses_the_tail_of_a_shrinking_group() -> None:
    # 0 (100 bytes) becomes 1 (20 bytes) in place; 2 (80 bytes) fits behind it
    steps = [([0], [1], [(0, 1)]), ([1], [2], []), ([1, 2], [3], [])]
    program = program_of([100, 20, 80, 4], steps, [0], [3])
    assert plan(program).arena_bytes == 104
    play(program)


def test_unused_buffers_take_nothing() -> None:
    program = program_of([8, 8, 1000], [([0], [1], [])], [0], [1])
    assert plan(program).arena_bytes == 16
    assert program.buffers[2].offset == 0


def test_an_unused_input_still_has_its_place() -> None:
    program = program_of([8, 16, 8], [([0], [2], [])], [0, 1], [2])
    plan(program)
    play(program)
    assert program.buffers[1].offset >= 0


def test_plans_are_reproducible() -> None:
    def offsets() -> list[int]:
        sizes = [50, 20, 70, 30, 90, 10]
        steps = [([a], [b], []) for a, b in itertools.pairwise(range(6))]
        steps[4][0].append(0)
        program = program_of(sizes, steps, [0], [5])
        plan(program)
        return [buffer.offset for buffer in program.buffers]

    assert offsets() == offsets()
