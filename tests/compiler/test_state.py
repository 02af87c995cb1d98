"""Models that keep state: LSTM and SVDF over several inferences, on every way from file to C."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import c_program
import cases
import numpy as np
import oracle
import pytest
import tflite_writer

import midge
from midge.boards import load_board
from midge.budget import check_fit, code_of
from midge.commands import check
from midge.compile import CompiledModel, compile_model
from midge.errors import BudgetError, ModelError
from midge.graph import Graph
from midge.meta import Meta
from midge.model import Model
from midge.passes import run as run_passes
from midge.tflite_reader import parse

LENGTH = 6


def lstm_graph(name: str = "lstm") -> Graph:
    """A case whose outputs move, and whose hidden state does not begin with bytes of zero."""
    for _, graph, _ in cases.cases(name):
        state = [t for t in graph.tensors.values() if t.variable and t.dtype != "int16"]
        if all(t.zero_point for t in state) and graph.tensors[0].size > 4:
            same = wanted(graph, [sequence(graph)[0]] * LENGTH)
            if len({y.tobytes() for y in same}) > 3:
                return graph
    raise AssertionError(name)


def save(folder: Path, graph: Graph, name: str = "net") -> CompiledModel:
    path = folder / f"{name}.tflite"
    path.write_bytes(tflite_writer.write(graph))
    return compile_model(path, Meta(name=name))


def sequence(graph: Graph, seed: int = 5) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    shape = graph.tensors[graph.inputs[0]].shape
    return [rng.integers(-128, 128, shape).astype(np.int8) for _ in range(LENGTH)]


def wanted(graph: Graph, inputs: list[np.ndarray]) -> list[np.ndarray]:
    return [out[0].reshape(-1) for out in oracle.reference(graph, [[x] for x in inputs])]


@pytest.mark.parametrize("name", ["lstm", "lstm_variants", "svdf"])
def test_predict_goes_on_and_reset_begins_anew(name: str, tmp_path: Path) -> None:
    graph = lstm_graph(name)
    model = Model(save(tmp_path, graph))
    inputs = sequence(graph)
    expected = wanted(graph, inputs)
    for _ in range(2):
        for x, y in zip(inputs, expected, strict=True):
            np.testing.assert_array_equal(model.predict(x), y)
        model.reset()
    # without a reset, an answer depends on what was before
    repeated = [model.predict(inputs[0]).tobytes() for _ in range(LENGTH)]
    assert len(set(repeated)) > 1


def test_litert_resets_to_the_same_state(tmp_path: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    graph = lstm_graph()
    interpreter = Interpreter(
        model_content=tflite_writer.write(graph),
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    model = Model(save(tmp_path, graph))
    for _ in range(2):
        for x in sequence(graph):
            interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
            interpreter.invoke()
            out = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
            np.testing.assert_array_equal(model.predict(x), out.reshape(-1))
        interpreter.reset_all_variables()
        model.reset()


def test_check_runs_from_reset_and_leaves_reset(tmp_path: Path) -> None:
    graph = lstm_graph()
    model = Model(save(tmp_path, graph))
    inputs = sequence(graph)
    model.predict(inputs[3])
    assert model.check() is True
    np.testing.assert_array_equal(model.predict(inputs[0]), wanted(graph, inputs)[0])


def test_profile_moves_the_state_as_predict_does(tmp_path: Path) -> None:
    import array

    graph = lstm_graph()
    model = Model(save(tmp_path, graph))
    inputs = sequence(graph)
    model.profile(inputs[0], array.array("I", [0] * len(model.layers())))
    np.testing.assert_array_equal(model.predict(inputs[1]), wanted(graph, inputs)[1])


def test_two_loaded_models_have_their_own_state(tmp_path: Path) -> None:
    graph = lstm_graph()
    save(tmp_path, graph)
    first, second = (midge.load(tmp_path / "net.tflite") for _ in "ab")
    for x, y in zip(sequence(graph), wanted(graph, sequence(graph)), strict=True):
        np.testing.assert_array_equal(first.predict(x), y)
        second.predict(-1 - x)


def test_generated_c_keeps_state(tmp_path: Path) -> None:
    graph = lstm_graph()
    compiled = save(tmp_path, graph)
    program = c_program.build(compiled, tmp_path)
    inputs = sequence(graph)
    found = c_program.run(program, compiled, np.array(inputs))
    for y, expected in zip(found, wanted(graph, inputs), strict=True):
        np.testing.assert_array_equal(y.reshape(-1), expected)


def test_state_counts_as_ram(tmp_path: Path) -> None:
    compiled = save(tmp_path, lstm_graph())
    program = compiled.program
    cells = [state.nbytes for state in program.states]
    assert program.state_bytes == sum((n + 3) & ~3 for n in cells) > 0
    assert Model(compiled).info()["state_bytes"] == program.state_bytes
    board = load_board("RPI_PICO")
    assert f"and state {program.state_bytes} B" in check.table(check.report_of(compiled, board))

    @dataclasses.dataclass(frozen=True)
    class Memory:
        name: str
        model_flash_bytes: int
        model_ram_bytes: int
        cpu: str = "cortex-m0plus"

    need = program.arena_bytes + 2 * program.state_bytes
    need += code_of([compiled], "cortex-m0plus")[1]
    check_fit([compiled, compiled], Memory("B", 10**6, need))
    with pytest.raises(BudgetError) as caught:
        check_fit([compiled, compiled], Memory("B", 10**6, need - 1))
    assert f"and all models {2 * program.state_bytes} bytes of state" in caught.value.what
    assert "1 too many" in caught.value.what


def test_state_lies_outside_the_arena(tmp_path: Path) -> None:
    """Whatever another model leaves in the shared arena, the state is as it was."""
    graph = lstm_graph()
    runner = save(tmp_path, graph).runner()
    inputs = sequence(graph)
    for x, y in zip(inputs, wanted(graph, inputs), strict=True):
        runner.fill(0x5A)
        np.testing.assert_array_equal(runner.run([x])[0].reshape(-1), y)


def test_passes_keep_what_an_lstm_needs() -> None:
    graph = lstm_graph()
    after = run_passes(graph)
    assert after.ops[0].intermediates == graph.ops[0].intermediates
    assert set(after.ops[0].intermediates) <= set(after.tensors)


def fails(graph: Graph) -> ModelError:
    with pytest.raises(ModelError) as caught:
        parse(tflite_writer.write(graph), "net.tflite", "net")
    return caught.value


def test_a_variable_elsewhere_is_refused() -> None:
    graph = next(cases.cases("add"))[1]
    graph.inputs = graph.inputs[:1]
    graph.tensors[graph.ops[0].inputs[1]].variable = True
    error = fails(graph)
    assert "input 1 is variable tensor" in error.what and "layer 0 ADD" in error.where
    assert "LSTM" in error.do


def test_state_of_two_layers_at_once_is_refused() -> None:
    graph = lstm_graph()
    op = dataclasses.replace(graph.ops[0], index=1)
    out = graph.tensors[op.outputs[0]]
    op.outputs = [graph.add_tensor(dataclasses.replace(out, name="second"))]
    graph.ops.append(op)
    assert "variable tensor" in fails(graph).what


def test_a_variable_with_a_value_is_damaged() -> None:
    graph = lstm_graph()
    number = next(i for i, t in graph.tensors.items() if t.variable)
    tensor = graph.tensors[number]
    tensor.data = np.zeros(tensor.shape, tensor.dtype)
    assert "a variable with a fixed value" in fails(graph).what
