"""Every kernel writes over its input as far as its lead says, and not one element further."""

from __future__ import annotations

import cases
import numpy as np
import oracle
import pytest
from case_maker import Maker, per_tensor

from midge import core, pack
from midge.lower import lower
from midge.program import ANYWHERE, Lead, Overlap, Program

COUNT = 150
# op, kernels, and how many of the cases must show that one element more fails
FAMILIES = (
    ("conv_2d", "plain", 60),
    ("conv_2d", "packed", 0),
    ("conv_2d_ordinary", "plain", 80),
    ("conv_2d_ordinary", "packed", 0),  # one tile, most of them: anywhere
    ("conv_2d_ordinary", "jit", 0),
    ("conv_2d_ordinary", "small", 60),
    ("conv_pool", "small", 25),
    ("fully_connected", "small", 60),
    ("depthwise_conv_2d", "plain", 60),
    ("depthwise_3x3", "packed", 75),
    ("depthwise_3x3", "blocked", 40),
    ("conv_2d_ordinary", "blocked", 60),
    ("fully_connected", "blocked", 20),
    ("fully_connected", "plain", 60),
    ("fully_connected", "packed", 20),
    ("max_pool_2d", "plain", 50),
    ("average_pool_2d", "plain", 50),
    ("mean", "plain", 15),
    ("sum", "plain", 10),
    ("reduce_max", "plain", 30),
    ("reduce_min", "plain", 10),
    ("reduce_prod", "plain", 10),
    ("arg_max", "plain", 10),
    ("l2_normalization", "plain", 10),
    ("log_softmax", "plain", 10),
    ("add", "plain", 70),
    ("add_large", "packed", 100),
    ("sub", "plain", 70),
    ("mul", "plain", 60),
    ("div", "plain", 60),
    ("maximum", "plain", 60),
    ("squared_difference", "plain", 60),
    ("prelu", "plain", 60),
    ("softmax", "plain", 10),
    ("logistic", "plain", 100),
    ("requantize", "plain", 80),
    ("quantize", "plain", 30),
    ("dequantize", "plain", 100),
    ("conv_2d_16", "plain", 60),
    ("depthwise_conv_2d_16", "plain", 60),
    ("fully_connected_16", "plain", 60),
    ("max_pool_2d_16", "plain", 50),
    ("average_pool_2d_16", "plain", 50),
    ("mean_16", "plain", 15),
    ("add_16", "plain", 60),
    ("mul_16", "plain", 60),
    ("softmax_16", "plain", 10),
    ("tanh_16", "plain", 100),
    ("requantize_16", "plain", 80),
    ("quantize_16", "plain", 30),
    ("dequantize_16", "plain", 100),
    ("transpose", "plain", 60),
    ("strided_slice", "plain", 25),
    ("slice", "plain", 25),
    ("tile", "plain", 100),
    ("gather", "plain", 60),
    ("reverse_v2", "plain", 90),
    ("resize_nearest_neighbor", "plain", 90),
    ("resize_bilinear", "plain", 100),
    ("transpose_conv", "plain", 60),
)


def place(program: Program, overlap: Overlap | None, shift: int = 0) -> None:
    """All buffers apart, but for the pair, whose output begins ``shift`` bytes behind."""
    room = sum(buffer.nbytes + 8 for buffer in program.buffers)
    offset = room
    for buffer in program.buffers:
        buffer.offset = (offset + 3) & ~3
        offset = buffer.offset + buffer.nbytes + 4
    if overlap is not None:  # both at an end, where nothing else lies
        program.buffers[overlap.read].offset = (offset + room + 3) & ~3
        program.buffers[overlap.write].offset = program.buffers[overlap.read].offset + shift
    program.arena_bytes = offset + 3 * room


def run(
    compiled: oracle.Compiled, sample: list[np.ndarray], overlap: Overlap | None, shift: int = 0
) -> list[np.ndarray]:
    place(compiled.program, overlap, shift)
    compiled.words = pack.pack(compiled.program)[0]
    arena = compiled.arena(sample)
    core.load().run(compiled.words, compiled.consts, arena)
    return compiled.outputs(arena)


def shifts(lead: Lead, read: int, write: int) -> tuple[set[int], set[int]]:
    """Places that the lead allows, and some that it does not, where the two do overlap."""
    inside = range(1 - write, read)
    wanted = {0, lead.last, read - write, 1 - write, -(write // 2), read // 2, read - 1}
    wanted |= {k * lead.step for k in range(-3, 4)}
    refused = {lead.last + 1, lead.last + 4} | {
        k * lead.step + d for k in range(-1, 2) for d in (-1, 1)
    }
    return (
        {s for s in wanted if s in inside and lead.allows(s)},
        {s for s in refused if s in inside and not lead.allows(s)},
    )


@pytest.mark.parametrize(("name", "kernels", "least"), FAMILIES)
def test_the_lead_is_safe_and_exact(name: str, kernels: str, least: int) -> None:
    tried = failed = 0
    for number, graph, samples in cases.cases(name, COUNT):
        compiled = oracle.Compiled(graph, kernels)
        program = compiled.program
        if len(program.steps) != 1:
            continue  # a constant input
        expected = run(compiled, samples[0], None)
        lost = False
        for overlap in program.steps[0].overlaps:
            sizes = (program.buffers[b].nbytes for b in (overlap.read, overlap.write))
            good, bad = shifts(overlap.lead, *sizes)
            for shift in good:
                found = run(compiled, samples[0], overlap, shift)
                same = all(map(np.array_equal, expected, found))
                assert same, (name, number, overlap, shift)
            tried += len(good)
            for shift in bad:
                found = run(compiled, samples[0], overlap, shift)
                lost |= not all(map(np.array_equal, expected, found))
        failed += lost
    assert tried > COUNT
    assert failed >= least, failed


def test_a_broadcast_operand_has_to_lie_behind() -> None:
    m = Maker("ADD")
    m.add((1, 4, 5), quant=per_tensor(0.1))
    m.add((1, 1, 5), quant=per_tensor(0.1))
    m.add((1, 4, 5), quant=per_tensor(0.2), role="out")
    program = lower(m.graph(fused_activation_function="NONE"))
    assert program.steps[0].overlaps == [Overlap(0, 2, Lead(0)), Overlap(1, 2, Lead(-15))]


def test_a_buffer_read_in_two_shapes_obeys_both() -> None:
    m = Maker("ADD")
    m.add((4, 1), quant=per_tensor(0.1))
    m.add((1, 4), quant=per_tensor(0.1))
    m.add((4, 4), quant=per_tensor(0.2), role="out")
    graph = m.graph(fused_activation_function="NONE")
    first, second = (o.lead for o in lower(graph).steps[0].overlaps)
    reshape = Maker("RESHAPE")
    graph.ops.insert(0, reshape.op)
    reshape.op.inputs, reshape.op.outputs = [0], [1]
    graph.inputs.remove(1)
    (both,) = lower(graph).steps[0].overlaps
    assert both.lead == Lead(min(first.last, second.last))


def test_everything_read_first_may_be_written_anywhere() -> None:
    for _, graph, _ in cases.cases("conv_2d_ordinary", 60):
        program = lower(graph, "packed")
        (step,) = program.steps
        height, width, tile = (step.params.get(k) for k in ("out_h", "out_w", "tile"))
        if step.kernel == "conv_2d_packed" and height * width <= tile:  # type: ignore[operator]
            assert step.overlaps[0].lead == Lead(ANYWHERE)
            return
    raise AssertionError("no such case")
