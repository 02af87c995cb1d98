"""LiteRT's reference kernels as the oracle, and the compiled C core beside them."""

from __future__ import annotations

import dataclasses

import numpy as np
import tflite
import tflite_writer
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from midge import core, pack, plan
from midge.choose import settle
from midge.graph import Graph
from midge.lower import draft, lower
from midge.program import Program

# Ops that LiteRT registers no reference kernel for: its own optimized one is the oracle then.
WITHOUT_REFERENCE = {"CEIL", "ELU", "ROUND"}


def reference(graph: Graph | bytes, inputs: list[list[np.ndarray]]) -> list[list[np.ndarray]]:
    """Runs the graph, or a ``.tflite`` file's bytes, in LiteRT's BUILTIN_REF kernels.

    Args:
        graph: with an op of ``WITHOUT_REFERENCE``, it runs in the built-in optimized kernels.
        inputs: for each sample, one array for each model input.

    Returns:
        For each sample, the model's outputs.
    """
    if isinstance(graph, Graph) and [op.kind for op in graph.ops] == ["SUM"]:
        # LiteRT 2.3.0's reference SUM takes int8 for uint8; with uint8 it is right.
        twin = tflite_writer.write(_sum_of_uint8(graph))
        found = reference(twin, [[_turn(value) for value in sample] for sample in inputs])
        return [[_turn(value) for value in outputs] for outputs in found]
    content = graph if isinstance(graph, bytes) else tflite_writer.write(graph)
    resolver = OpResolverType.BUILTIN_REF
    if WITHOUT_REFERENCE & kinds(content):
        resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    results = []
    for sample in inputs:
        for detail, value in zip(interpreter.get_input_details(), sample, strict=True):
            interpreter.set_tensor(detail["index"], value)
        interpreter.invoke()
        results.append(
            [interpreter.get_tensor(d["index"]).copy() for d in interpreter.get_output_details()]
        )
    return results


def _sum_of_uint8(graph: Graph) -> Graph:
    """The same SUM on uint8, all values and zero points 128 higher."""
    tensors = dict(graph.tensors)
    for t in (graph.ops[0].inputs[0], graph.ops[0].outputs[0]):
        tensor = tensors[t]
        assert tensor.quant is not None
        assert tensor.data is None
        quant = dataclasses.replace(tensor.quant, zero_point=tensor.quant.zero_point + 128)
        tensors[t] = dataclasses.replace(tensor, dtype="uint8", quant=quant)
    return dataclasses.replace(graph, tensors=tensors)


def _turn(values: np.ndarray) -> np.ndarray:
    """int8 to uint8 or back, 128 higher or lower."""
    return (values.view(np.uint8) ^ np.uint8(0x80)).view("u1" if values.dtype == "i1" else "i1")


def op_by_op(graph: Graph, sample: list[np.ndarray]) -> list[np.ndarray]:
    """A whole model's outputs, each op run by itself in :func:`reference`."""
    known = dict(zip(graph.inputs, sample, strict=True))
    for op in graph.ops:
        used = list(dict.fromkeys(t for t in op.inputs if t != -1))
        number = {t: i for i, t in enumerate([*used, *op.outputs])}
        single = Graph(
            "op",
            "op.tflite",
            {i: graph.tensors[t] for t, i in number.items()},
            [
                dataclasses.replace(
                    op,
                    inputs=[number.get(t, -1) for t in op.inputs],
                    outputs=[number[t] for t in op.outputs],
                )
            ],
            [number[t] for t in used if graph.tensors[t].data is None],
            [number[t] for t in op.outputs],
        )
        values = [known[t] for t in used if graph.tensors[t].data is None]
        known |= dict(zip(op.outputs, reference(single, [values])[0], strict=True))
    return [known[t] for t in graph.outputs]


def kinds(content: bytes) -> set[str]:
    """The ops of a ``.tflite`` file."""
    model = tflite.Model.GetRootAs(content, 0)
    codes = (model.OperatorCodes(i) for i in range(model.OperatorCodesLength()))
    return {
        str(tflite.opcode2name(max(c.BuiltinCode(), c.DeprecatedBuiltinCode()))) for c in codes
    }


class Compiled:
    """A graph lowered, planned, packed, and run by the C core.

    ``picks``: as of :func:`midge.lower.lower`, or a number: each layer has the candidate of that
    number, counted round. ``kernels`` "small" is the smallest of "packed".
    """

    def __init__(self, graph: Graph, kernels: str = "auto", picks: str | int = "fastest"):
        if kernels == "small":
            kernels, picks = "packed", "smallest"
        if isinstance(picks, str):
            self.settle(lower(graph, kernels, picks))
        else:
            found = draft(graph, kernels)
            self.settle(settle(found, [picks % len(layer.candidates) for layer in found.layers]))

    def settle(self, program: Program) -> None:
        """Takes a lowered program, places and packs it."""
        self.program = program
        plan.plan(program)
        self.words, self.consts = pack.pack(program)
        self._aligned = core.aligned_bytes(self.consts)
        self.state = core.fresh_state(program.states)

    def arena(self, sample: list[np.ndarray]) -> np.ndarray:
        """The arena with the inputs in it; the rest has a pattern that is no right answer."""
        arena = core.aligned_array(np.full(self.program.arena_bytes, 0xA5, np.uint8))
        for port, value in zip(self.program.inputs, sample, strict=True):
            start = self.program.buffers[port.buffer].offset
            raw = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
            arena[start : start + raw.size] = raw
        return arena

    def outputs(self, arena: np.ndarray) -> list[np.ndarray]:
        results = []
        for port in self.program.outputs:
            buffer = self.program.buffers[port.buffer]
            raw = arena[buffer.offset : buffer.offset + buffer.nbytes]
            results.append(raw.copy().view(port.dtype).reshape(port.shape))
        return results

    def after(self, sample: list[np.ndarray]) -> np.ndarray:
        """The whole arena after a run, which goes on from the state that the run before left."""
        arena = self.arena(sample)
        core.load().run(self.words, self._aligned, arena, self.state)
        return arena

    def run(self, sample: list[np.ndarray]) -> list[np.ndarray]:
        return self.outputs(self.after(sample))
