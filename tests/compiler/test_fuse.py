"""Convolution and max pooling in one kernel: when, how much RAM it saves, and at what price."""

from __future__ import annotations

from pathlib import Path

import cost_layers
import m0_kit
import numpy as np
import oracle
import pytest
import tflite_writer
from graph_kit import Kit, prove, quant, samples

from midge import cost, passes
from midge.choose import Chooser, Goal, replaced
from midge.compile import CompiledModel, compile_model
from midge.cost.counts import counts
from midge.graph import Graph
from midge.lower import draft
from midge.meta import Meta
from midge.plan import step_bytes

CPU = "cortex-m0plus"


def keras_like() -> Graph:
    """32x32x3, twice convolution and pooling, then a dense layer."""
    k = Kit(7)
    x = k.input((1, 32, 32, 3), quant(1 / 255, -128))
    for channels in (16, 32):
        x = k.pool("MAX_POOL_2D", k.conv(x, channels, padding="SAME", activation="RELU"))
    return k.done(cost_layers.dense(k, k.reshape(x, (1, 2048)), 10))


def chooser(graph: Graph, fused: bool = True) -> Chooser:
    found = draft(passes.run(graph))
    if not fused:
        for layer in found.layers:
            layer.candidates = [c for c in layer.candidates if c.instead is None]
    return Chooser(found, CPU)


def compiled(folder: Path, goal: Goal) -> CompiledModel:
    path = folder / "net.tflite"
    path.write_bytes(tflite_writer.write(keras_like()))
    return compile_model(path, Meta("net"), goal)


def kernels(model: CompiledModel) -> list[str]:
    return [step.kernel for step in model.program.steps]


def test_small_builds_need_half_the_arena(tmp_path: Path) -> None:
    small = compiled(tmp_path, Goal("ram"))
    assert kernels(small) == ["conv_pool", "conv_pool", "fully_connected_packed"]
    apart = chooser(keras_like(), fused=False)
    before = apart.point(apart.choose(Goal("ram")))
    assert small.program.arena_bytes < before.arena_bytes / 2
    assert small.chooser.total(small.picks) < 1.1 * before.cycles
    assert small.program.macs == sum(layer.macs for layer in small.chooser.draft.layers)
    assert len(small.chooser.reasons(small.picks)) == len(small.program.steps)
    if not m0_kit.missing():
        run = m0_kit.run_model(tmp_path, small)
        assert run.exit_code == 0
        for step, cycles in zip(small.program.steps, run.op_cycles, strict=True):
            assert step.cycles == pytest.approx(cycles, rel=0.03)  # the cost model's worst: 5%


def test_fast_builds_are_as_fast_as_without(tmp_path: Path) -> None:
    fast = compiled(tmp_path, Goal("speed"))
    apart = chooser(keras_like(), fused=False)
    assert fast.chooser.total(fast.picks) <= apart.total(apart.choose(Goal("speed")))
    ends = fast.chooser.front()[0], apart.front()[0]
    assert ends[0].cycles <= ends[1].cycles


def test_every_point_of_the_front_computes_the_same() -> None:
    graph = keras_like()
    inputs = samples(graph, n=2)
    expected = oracle.reference(tflite_writer.write(graph), inputs)
    found = chooser(graph)
    ways, run = set(), oracle.Compiled(graph)
    for point in found.front():
        ways.add(len(replaced(found.draft, point.picks)))
        run.settle(found.build(point.picks)[0])
        for sample, wanted in zip(inputs, expected, strict=True):
            np.testing.assert_array_equal(run.run(sample)[0], wanted[0])
    assert ways == {0, 1, 2}  # none, one and both of them fused


def test_steps_need_what_the_chooser_says() -> None:
    found = chooser(keras_like())
    for picks in found.ways():
        program, _ = found.build(picks)
        done = replaced(found.draft, picks)
        wanted = [found.bytes[n][i] for n, i in enumerate(picks) if n not in done]
        assert step_bytes(program)[1:-1] == wanted
        assert found.total(picks) == pytest.approx(sum(s.cycles or 0 for s in program.steps))


def net(change: str) -> Graph:
    k = Kit(3)
    x = k.input((1, 12, 12, 4), quant(0.05))
    stride = (2, 2) if change == "stride" else (1, 1)
    y = k.conv(x, 24, padding="SAME", stride=stride, depthwise=change == "depthwise")
    if change == "reshape":
        y = k.reshape(y, (1, 6, 24, 24))
    kind = "AVERAGE_POOL_2D" if change == "average" else "MAX_POOL_2D"
    z = k.pool(kind, y, 3 if change == "left over" else 2)
    attrs = k.graph.ops[-1].attrs
    if change == "overlapping":
        attrs["stride_h"] = attrs["stride_w"] = 1
        k.graph.tensors[z].shape = (1, 11, 11, 24)
    if change == "second user":
        return k.done(z, k.pool("AVERAGE_POOL_2D", y))
    return k.done(z, y) if change == "output" else k.done(z)


@pytest.mark.parametrize("change", ["none", "stride", "left over"])
def test_fuses(change: str) -> None:
    after = prove(net(change))
    fused = oracle.Compiled(after, picks=-1)  # each layer's last candidate
    assert [step.kernel for step in fused.program.steps] == ["conv_pool"]
    for sample in samples(after):
        np.testing.assert_array_equal(
            fused.run(sample)[0], oracle.reference(after, [sample])[0][0]
        )


@pytest.mark.parametrize(
    "change", ["depthwise", "reshape", "average", "overlapping", "second user", "output"]
)
def test_leaves_apart_what_may_not_be_fused(change: str) -> None:
    layers = draft(prove(net(change))).layers
    assert all(each.instead is None for layer in layers for each in layer.candidates)


def test_each_of_its_coefficients_is_counted() -> None:
    found = draft(passes.run(net("none")))
    fused = found.layers[-1].candidates[-1]
    table, names = cost.coefficients(CPU), counts("conv_pool", fused.params, found.consts)
    assert set(table["conv_pool"]) <= set(names)
    assert {f"pool_{name}" for name in table["max_pool_2d"]} <= set(names)
