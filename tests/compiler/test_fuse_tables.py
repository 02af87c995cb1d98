"""Tables of several ops: every byte equals the ops one by one, and only what must stays."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import oracle
import pytest
import tflite_writer
from graph_kit import Kit, kinds, prove, quant, reread

from midge import elementwise, passes, tables
from midge.errors import ModelError
from midge.graph import Graph
from midge.passes import fuse_tables
from midge.tflite_reader import parse

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))
import expressions
from case_maker import every_byte

COUNT = 2000
NONE = {"fused_activation_function": "NONE"}


def test_2000_random_functions_equal_the_ops_one_by_one() -> None:
    used: Counter[str] = Counter()
    lookups = 0
    for seed in range(COUNT):
        graph, ops = expressions.expression(seed)
        used.update(ops)
        after = passes.run(graph)
        lookups += kinds(after) == ["LOOKUP"]
        assert len(after.ops) == 1, (seed, kinds(graph), kinds(after))
        expected = oracle.op_by_op(graph, [every_byte()])[0]
        found = oracle.Compiled(after).run([every_byte()])[0]
        assert np.array_equal(found, expected), (seed, kinds(graph))
    assert lookups > COUNT * 0.8
    known = {*elementwise.ONLY_IN_TABLES, *expressions.FLOAT_UNARY, *expressions.FLOAT_BINARY}
    assert min(used[kind] for kind in known) > 50, used


def softplus(kit: Kit, x: int) -> int:
    y = kit.op("EXP", [x], kit.shape(x), quant(0.05, -128))
    one = kit.const(np.array(100, np.int8), quant(0.01))
    y = kit.op("ADD", [y, one], kit.shape(x), quant(0.06, -128), **NONE)
    return kit.op("LOG", [y], kit.shape(x), quant(0.02, -128))


def test_several_ops_become_one() -> None:
    kit = Kit(1)
    after = prove(kit.done(softplus(kit, kit.conv(kit.input((1, 5, 5, 2), quant(0.05, 3)), 4))))
    assert kinds(after) == ["CONV_2D", "LOOKUP"]


def test_one_table_stays_what_it_is() -> None:
    kit = Kit(2)
    x = kit.input((1, 8), quant(0.05, 3))
    after = prove(kit.done(kit.op("TANH", [x], (1, 8), quant(1 / 128))))
    assert kinds(after) == ["TANH"]


def test_what_is_there_anyway_is_the_source() -> None:
    kit = Kit(3)
    x = kit.input((1, 8), quant(0.05, 3))
    first = softplus(kit, x)
    second = softplus(kit, first)
    after = prove(kit.done(first, second))
    assert [(op.kind, op.inputs) for op in after.ops] == [("LOOKUP", [x]), ("LOOKUP", [first])]


def test_two_sources_that_come_from_one() -> None:
    """x * f(x) with f(x) an output too: a table of x, as no other single byte decides it."""
    kit = Kit(4)
    x = kit.input((1, 8), quant(0.05, 3))
    gate = kit.op("LOGISTIC", [x], (1, 8), quant(1 / 256, -128))
    product = kit.op("MUL", [x, gate], (1, 8), quant(0.05, 3), **NONE)
    after = prove(kit.done(gate, product))
    assert [(op.kind, op.inputs) for op in after.ops] == [("LOGISTIC", [x]), ("LOOKUP", [x])]


def test_two_activations_stay_apart() -> None:
    kit = Kit(5)
    a, b = (kit.input((1, 8), quant(0.05, n)) for n in (3, -4))
    y = kit.op("MUL", [softplus(kit, a), softplus(kit, b)], (1, 8), quant(0.01), **NONE)
    assert kinds(prove(kit.done(y))) == ["LOOKUP", "LOOKUP", "MUL"]


@pytest.mark.parametrize("shape", [(1, 4), (4,), (1, 1, 4)])
def test_constants_of_several_elements_stay(shape: tuple[int, ...]) -> None:
    kit = Kit(6)
    x = kit.input((1, 2, 4), quant(0.05, 3))
    c = kit.const(np.arange(4, dtype=np.int8).reshape(shape), quant(0.05))
    assert kinds(prove(kit.done(kit.op("ADD", [x, c], (1, 2, 4), quant(0.1), **NONE)))) == ["ADD"]


def test_an_activation_that_is_broadcast_stays() -> None:
    kit = Kit(7)
    x = kit.input((1, 1), quant(0.05, 3))
    c = kit.const(np.array([[7]], np.int8), quant(0.05))
    y = kit.op("ADD", [x, c], (1, 1), quant(0.1), **NONE)
    z = kit.op("MUL", [y, kit.input((1, 6), quant(0.05))], (1, 6), quant(0.1), **NONE)
    assert kinds(prove(kit.done(z))) == ["LOOKUP", "MUL"]


def float_tail(kit: Kit) -> Graph:
    x = kit.conv(kit.input((1, 5, 5, 2), quant(0.05, 3)), 4)
    y = kit.op("DEQUANTIZE", [x], kit.shape(x), None, "float32")
    return kit.done(kit.op("NEG", [y], kit.shape(x), None, "float32"))


def test_a_float_that_is_read_as_float_is_no_part_of_a_table() -> None:
    graph = float_tail(Kit(8))
    assert fuse_tables.absorbed(graph) == set()
    with pytest.raises(ModelError, match=r"layer 2 NEG .* left in float .*\(1 of 2 layers"):
        parse(tflite_writer.write(graph), "kit.tflite", "kit")


def test_a_float_op_whose_values_are_undefined_is_no_part_of_a_table() -> None:
    for kind, said in (("LOG", "LOG"), ("SQRT", "SQRT")):
        kit = Kit(9)
        x = kit.conv(kit.input((1, 5, 5, 2), quant(0.05, 3)), 4, q=quant(0.1, 0))
        y = kit.op("DEQUANTIZE", [x], kit.shape(x), None, "float32")
        y = kit.op(kind, [y], kit.shape(x), None, "float32")
        y = kit.op("QUANTIZE", [y], kit.shape(x), quant(0.1))
        with pytest.raises(ModelError, match=rf"{said} .* left in float"):
            reread(kit.done(y))


def test_a_comparison_that_is_no_part_of_a_table_says_so() -> None:
    kit = Kit(10)
    a, b = (kit.input((1, 8), quant(0.05, n)) for n in (3, -4))
    above = kit.op("GREATER", [a, b], (1, 8), None, "bool")
    graph = kit.done(kit.op("SELECT_V2", [above, a, b], (1, 8), quant(0.05, 3)))
    with pytest.raises(ModelError, match="op GREATER is not supported") as error:
        oracle.Compiled(passes.run(graph))
    assert "one int8 activation" in error.value.do


def test_every_table_op_is_evaluated_as_it_is_lowered() -> None:
    """What is evaluated here and what lowering makes are one table."""
    assert set(tables.MAKERS) >= {"ABS", "ELU", "GELU", "EXP", "LOG", "RSQRT", "SQRT", "NEG"}
    kit = Kit(11)
    x = kit.input((1, 256), quant(0.02, -128))
    for kind in ("SQRT", "RSQRT", "NEG"):
        y = kit.op(kind, [x], (1, 256), quant(0.05, -100))
        single = Graph("one", "", kit.graph.tensors, [kit.graph.ops[-1]], [x], [y])
        tensors = [kit.graph.tensors[x]]
        found = elementwise.evaluate(single.ops[0], tensors, [every_byte()], kit.graph.tensors[y])
        assert found is not None
        assert np.array_equal(found, oracle.Compiled(single).run([every_byte()])[0])
