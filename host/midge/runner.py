"""Runs a compiled model on the host, step by step, in an arena of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from midge import core
from midge.program import Port

if TYPE_CHECKING:
    from midge.compile import CompiledModel


class Runner:
    """The C core on one model's words, constants and arena.

    Raises:
        BuildError: there is no C compiler, or the core does not compile.
    """

    def __init__(self, compiled: CompiledModel):
        self._program = compiled.program
        self._core = core.load()
        self._consts = core.aligned_array(np.frombuffer(compiled.consts, np.uint8))
        self._arena = core.aligned_array(np.zeros(max(8, compiled.program.arena_bytes), np.uint8))
        self._state = core.fresh_state(compiled.program.states)
        self._words = compiled.words
        self._steps = _split(compiled.words)

    def reset(self) -> None:
        """Sets the state to where a sequence starts; so it is when the runner is made."""
        self._state[:] = core.fresh_state(self._program.states)

    def run(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """Inputs in, all steps, outputs out (new arrays in the ports' shapes)."""
        for number, values in enumerate(inputs):
            self.write(number, values)
        self.run_steps()
        return [self.output(number) for number in range(len(self._program.outputs))]

    def write(self, number: int, values: np.ndarray) -> None:
        """Puts input ``number``, of the port's type and size, into the arena."""
        self._view(self._program.inputs[number])[:] = np.ravel(values)

    def run_steps(self) -> None:
        """Runs all steps on what is in the arena."""
        self._core.run(self._words, self._consts, self._arena, self._state)

    def run_step(self, number: int) -> None:
        """Runs one step on what is in the arena."""
        self._core.run(self._steps[number], self._consts, self._arena, self._state)

    def output(self, number: int) -> np.ndarray:
        """A copy of output ``number`` in the port's shape."""
        port = self._program.outputs[number]
        return self._view(port).copy().reshape(port.shape)

    def buffer(self, number: int) -> np.ndarray:
        """The bytes of a buffer of the program, as they are now."""
        buffer = self._program.buffers[number]
        return self._arena[buffer.offset : buffer.offset + buffer.nbytes]

    def fill(self, byte: int) -> None:
        """Sets every byte of the arena."""
        self._arena[:] = byte

    def _view(self, port: Port) -> np.ndarray:
        return self.buffer(port.buffer).view(port.dtype)


def _split(words: np.ndarray) -> list[np.ndarray]:
    """The words of each step: opcode, number of parameters, parameters."""
    steps = []
    at = 0
    while at < len(words):
        end = at + 2 + int(words[at + 1])
        steps.append(np.ascontiguousarray(words[at:end]))
        at = end
    return steps
