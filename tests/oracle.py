"""LiteRT's reference kernels as the oracle, and the compiled C core beside them."""

from __future__ import annotations

import numpy as np
import tflite_writer
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from midge import core, pack, plan
from midge.graph import Graph
from midge.lower import lower
from midge.program import Program


def reference(graph: Graph | bytes, inputs: list[list[np.ndarray]]) -> list[list[np.ndarray]]:
    """Runs the graph, or a ``.tflite`` file's bytes, in LiteRT's BUILTIN_REF kernels.

    Args:
        inputs: for each sample, one array for each model input.

    Returns:
        For each sample, the model's outputs.
    """
    content = graph if isinstance(graph, bytes) else tflite_writer.write(graph)
    interpreter = Interpreter(
        model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
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


class Compiled:
    """A graph lowered, planned, packed, and run by the C core."""

    def __init__(self, graph: Graph, kernels: str = "auto"):
        self.program: Program = lower(graph, kernels)
        plan.plan(self.program)
        self.words, self.consts = pack.pack(self.program)
        self._aligned = core.aligned_bytes(self.consts)

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
        """The whole arena after a run."""
        arena = self.arena(sample)
        core.load().run(self.words, self._aligned, arena)
        return arena

    def run(self, sample: list[np.ndarray]) -> list[np.ndarray]:
        return self.outputs(self.after(sample))
