"""The chooser: fast, small, and the front between the two; the order of branches."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import oracle
import plan_checker
import pytest
import tflite_writer
from graph_kit import Kit, quant, samples

from midge import passes
from midge.choose import SLACK, SMALL_FACTOR, Chooser, Goal, settle
from midge.compile import compile_model
from midge.graph import Graph
from midge.lower import draft
from midge.meta import Meta
from midge.order import reorder
from midge.plan import plan, step_bytes
from midge.program import Draft

CPU = "cortex-m0plus"
MODELS = ("ad01_int8", "ic_resnet8_int8", "kws_dscnn_int8", "vww_96_int8")


def small_net() -> Graph:
    k = Kit(3)
    x = k.input((1, 16, 16, 4), quant(0.05))
    x = k.conv(x, 12, padding="SAME", activation="RELU")
    x = k.conv(x, 12, padding="SAME", depthwise=True)
    return k.done(k.conv(x, 24, (1, 1)))


def chooser(graph: Graph) -> Chooser:
    return Chooser(draft(passes.run(graph)), CPU)


def test_front_goes_from_fast_to_small() -> None:
    found = chooser(small_net())
    points = found.front()
    assert len(points) > 3
    for one, next_one in itertools.pairwise(points):
        assert one.cycles < next_one.cycles and one.arena_bytes > next_one.arena_bytes
    fastest = sum(min(each) for each in found.cycles)
    assert points[0].cycles <= fastest * 1.02
    for point in points:
        program = found.build(point.picks)[0]
        assert program.arena_bytes == point.arena_bytes
        plan_checker.play(program)


def test_no_choice_needs_less_than_the_smallest() -> None:
    """All combinations of a small net's first candidates: none beats the front's steps."""
    found = chooser(small_net())
    floor = max(min(sizes) for sizes in found.bytes)
    assert found.front()[-1].arena_bytes >= floor
    every = itertools.product(*(range(0, len(c), 3) for c in found.cycles))
    for picks in every:
        program = settle(found.draft, picks)
        needs = step_bytes(program)[1:-1]
        assert needs == [sizes[i] for sizes, i in zip(found.bytes, picks, strict=True)]
        assert max(needs) >= floor


def test_every_point_computes_the_same() -> None:
    graph = small_net()
    inputs = samples(graph)
    expected = oracle.reference(tflite_writer.write(graph), inputs)
    found = chooser(graph)
    compiled = oracle.Compiled(graph)
    for point in found.front():
        compiled.settle(found.build(point.picks)[0])
        for sample, wanted in zip(inputs, expected, strict=True):
            np.testing.assert_array_equal(compiled.run(sample)[0], wanted[0])


def test_a_ram_budget_is_kept_by_the_fastest_that_fits() -> None:
    found = chooser(small_net())
    points = found.front()
    for point in points:
        picks = found.choose(Goal("speed", point.arena_bytes))
        assert found.point(picks).arena_bytes <= point.arena_bytes
        assert found.total(picks) <= SLACK * point.cycles
    # one that nothing fits: the smallest, for the budget's check to refuse
    assert found.point(found.choose(Goal("speed", 16))).arena_bytes <= points[-1].arena_bytes


def test_prefer_ram_keeps_the_latency() -> None:
    found = chooser(small_net())
    fastest = found.total(found.choose(Goal()))
    small = found.point(found.choose(Goal("ram")))
    assert small.cycles <= SMALL_FACTOR * fastest
    tight = found.point(found.choose(Goal("ram", cycles=1.1 * fastest)))
    assert tight.cycles <= 1.1 * fastest and tight.arena_bytes >= small.arena_bytes
    # one that nothing fits: the fastest, for the budget's check to refuse
    assert found.total(found.choose(Goal("ram", cycles=1000))) == found.total(found.ways()[-1])


def test_speed_gives_up_no_latency_for_ram() -> None:
    found = chooser(small_net())
    fastest = found.total(found.ways()[-1])
    assert found.total(found.choose(Goal("speed", cycles=fastest))) == fastest


def test_reasons_name_what_was_passed_over() -> None:
    found = chooser(small_net())
    fast, small = found.front()[0], found.front()[-1]
    assert all("faster" not in reason for reason in found.reasons(found.picks(1 << 40)))
    assert any(
        "% faster, but +" in reason and reason.endswith(" B")
        for reason in found.reasons(small.picks)
    )
    assert fast.picks != small.picks


def test_settling_keeps_only_what_is_used() -> None:
    found = chooser(small_net())
    for pick in range(4):
        program = settle(found.draft, [pick] * len(found.draft.layers))
        used = {id(program.consts[p.const]) for s in program.steps for p in consts_of(s)}
        assert used == {id(const) for const in program.consts}
        read = {b for step in program.steps for b in (*step.reads, *step.writes)}
        assert read == set(range(len(program.buffers)))


def consts_of(step):  # type: ignore[no-untyped-def]
    from midge.program import ConstRef

    return [p for p in step.params.values() if isinstance(p, ConstRef)]


# -- the order of branches ------------------------------------------------------------------------


def branches(order: tuple[int, ...]) -> Graph:
    """Three branches of a large input, each growing first and then small, summed up.

    ``order`` 0: all the wide layers first, the worst that can be.
    """
    k = Kit(5)
    x = k.input((1, 8, 8, 4), quant(0.05))
    wide = [k.conv(x, 24, (1, 1), q=quant(0.1)) for _ in range(3)]
    thin = [k.conv(w, 2, (1, 1), q=quant(0.1)) for w in wide]
    ab = k.op("ADD", thin[:2], k.shape(thin[0]), quant(0.2), fused_activation_function="NONE")
    y = k.op("ADD", [ab, thin[2]], k.shape(ab), quant(0.2), fused_activation_function="NONE")
    graph = k.done(y)
    graph.ops = [graph.ops[i] for i in order]
    return graph


def peak(found: Draft) -> int:
    least = [0] * len(found.layers)
    sizes = Chooser(found, CPU)
    for n, each in enumerate(sizes.bytes):
        least[n] = min(range(len(each)), key=lambda i: each[i])
    return plan(settle(found, least)).arena_bytes


def test_branches_run_one_after_the_other() -> None:
    worst = draft(branches((0, 1, 2, 3, 4, 5, 6, 7)))
    best = reorder(worst)
    names = [layer.layer for layer in best.layers]
    assert sorted(names) == sorted(layer.layer for layer in worst.layers)
    assert peak(best) < 0.6 * peak(worst)
    # a good order is left alone
    assert reorder(best) is best


def test_no_order_is_better() -> None:
    """A sample of all orders that the graph allows."""
    found = peak(reorder(draft(branches(tuple(range(8))))))
    needs = {3: [0], 4: [1], 5: [2], 6: [3, 4], 7: [6, 5]}
    allowed = []
    for order in itertools.permutations(range(8)):
        place = {op: i for i, op in enumerate(order)}
        if all(place[a] < place[b] for b, before in needs.items() for a in before):
            allowed.append(order)
    peaks = [peak(draft(branches(order))) for order in allowed[:: len(allowed) // 25]]
    assert min(peaks) >= found and max(peaks) > 1.5 * found


# -- concatenation without copies -----------------------------------------------------------------


def joined(channels: tuple[int, int], axis: int) -> Graph:
    k = Kit(7)
    x = k.input((1, 6, 6, 3), quant(0.05))
    a = k.conv(x, channels[0], (1, 1), q=quant(0.1))
    b = k.conv(x, channels[1], padding="SAME", q=quant(0.1))
    shape = list(k.shape(a))
    shape[axis] += k.shape(b)[axis]
    return k.done(k.op("CONCATENATION", [a, b], tuple(shape), quant(0.1), axis=axis))


@pytest.mark.parametrize(("axis", "copies"), [(1, 0), (3, 2)])
def test_parts_are_written_into_their_place(axis: int, copies: int) -> None:
    graph = joined((8, 8), axis)
    compiled = oracle.Compiled(graph)
    program = compiled.program
    assert [step.kernel for step in program.steps].count("copy") == copies
    plan_checker.play(program)
    inputs = samples(graph)
    for sample, wanted in zip(inputs, oracle.reference(graph, inputs), strict=True):
        np.testing.assert_array_equal(compiled.run(sample)[0], wanted[0])


def test_a_part_that_is_read_later_stays() -> None:
    k = Kit(9)
    x = k.input((1, 6, 6, 4), quant(0.05))
    a = k.conv(x, 4, (1, 1), q=quant(0.1))
    b = k.conv(a, 4, (1, 1), q=quant(0.1))
    c = k.op("CONCATENATION", [b, a, a], (1, 18, 6, 4), quant(0.1), axis=1)
    d = k.op("CONCATENATION", [c, x], (1, 24, 6, 4), quant(0.1), axis=1)
    k.graph.tensors[x].quant = quant(0.1)
    graph = k.done(k.conv(d, 3, (1, 1)), a)
    compiled = oracle.Compiled(graph)
    plan_checker.play(compiled.program)
    assert [step.kernel for step in compiled.program.steps].count("copy") == 1  # a, twice
    inputs = samples(graph)
    for sample, wanted in zip(inputs, oracle.reference(graph, inputs), strict=True):
        for found, want in zip(compiled.run(sample), wanted, strict=True):
            np.testing.assert_array_equal(found, want)


# -- the reference models -------------------------------------------------------------------------

# smallest arena at no more than twice the fastest build's cycles
SMALLEST = {
    "ad01_int8": 768,
    "ic_resnet8_int8": 36_000,
    "kws_dscnn_int8": 9_600,
    "vww_96_int8": 41_500,
}


@pytest.mark.parametrize("name", MODELS)
def test_both_ends_are_exact(shared_models: Path, name: str) -> None:
    path = shared_models / f"{name}.tflite"
    small = compile_model(path, Meta(name=name), Goal("ram"))
    assert small.program.arena_bytes <= SMALLEST[name]
    plan_checker.play(small.program)
    shape = small.program.inputs[0].shape
    rng = np.random.default_rng(4)
    inputs = [rng.integers(-128, 128, shape).astype(np.int8) for _ in range(12)]
    expected = oracle.reference(path.read_bytes(), [[x] for x in inputs])
    runner = small.runner()
    for x, wanted in zip(inputs, expected, strict=True):
        np.testing.assert_array_equal(runner.run([x])[0], wanted[0])
