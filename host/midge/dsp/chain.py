"""A list of signal blocks with its tables and buffers, placed: what runs once a hop.

:class:`Chain` collects steps, :meth:`Chain.compile` settles every address. State comes first in
the arena and lives from one hop to the next; everything else is scratch and shares memory.
:mod:`midge.dsp.blocks` has a function for each block.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from midge import abi, core, plan
from midge.errors import FeatureError
from midge.pack import pack
from midge.program import Buffer, BufferRef, Const, ConstRef, Param, Port, Program, Step

_ALIGN = 8


@dataclasses.dataclass(frozen=True)
class Signal:
    """Values in a buffer, ``start`` bytes into it, and the exponent beside them if there is one.

    Real value = stored value * 2^exp.
    """

    buffer: int
    shape: tuple[int, ...]
    dtype: str
    exp: int | None = None  # the buffer of the exponent
    start: int = 0

    @property
    def ref(self) -> BufferRef:
        return BufferRef(self.buffer, self.start)

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize

    def row(self, i: int) -> Signal:
        """Element ``i`` of the first axis."""
        step = self.nbytes // self.shape[0]
        return dataclasses.replace(self, shape=self.shape[1:], start=self.start + i * step)

    def part(self, first: int, shape: tuple[int, ...]) -> Signal:
        """``shape`` elements from element ``first`` on, as a signal of their own."""
        start = self.start + first * np.dtype(self.dtype).itemsize
        return dataclasses.replace(self, shape=shape, start=start)


class Chain:
    """Blocks in the order in which they run.

    Args:
        name: for errors and tables.
        shape: of what a hop brings, e.g. (hop, channels).
        dtype: of it: "int16", or "uint8" for pictures.
    """

    def __init__(self, name: str, shape: tuple[int, ...], dtype: str = "int16"):
        self.program = Program(name, name, "", [], [], [], [], [])
        self._state: list[int] = []
        self._known: dict[tuple[str, bytes], int] = {}
        self.input = self.scratch("input", shape, dtype)

    def scratch(self, name: str, shape: tuple[int, ...], dtype: str) -> Signal:
        """A new buffer that need not outlive the hop."""
        signal = Signal(len(self.program.buffers), shape, dtype)
        nbytes = (signal.nbytes + _ALIGN - 1) // _ALIGN * _ALIGN
        self.program.buffers.append(Buffer(name, nbytes, scratch=True))
        return signal

    def state(self, name: str, shape: tuple[int, ...], dtype: str) -> Signal:
        """A new buffer that is kept; zeros at first."""
        signal = self.scratch(name, shape, dtype)
        self._state.append(signal.buffer)
        return signal

    def exponent(self) -> int:
        """A new exponent's buffer."""
        return self.scratch("exponent", (1,), "int32").buffer

    def const(self, name: str, data: np.ndarray) -> ConstRef:
        """A table in flash; equal tables are kept once."""
        data = np.ascontiguousarray(data)
        key = (data.dtype.str, data.tobytes())
        if key not in self._known:
            self._known[key] = len(self.program.consts)
            self.program.consts.append(Const(name, data, "table"))
        return ConstRef(self._known[key])

    def step(
        self, block: str, source: Signal, out: Signal, **params: Param | Signal | None
    ) -> None:
        """Adds ``midge_<block>``; ``None`` is an absent operand, a :class:`Signal` its address.

        ``source`` is the C struct's ``in``.

        What is written is what the C struct names ``out``, ``exp``, ``state`` or ``counts``, and
        ``pos`` of ``dsp_push``.
        """
        resolved: dict[str, Param] = {}
        reads: list[int] = []
        writes: list[int] = []
        for name, value in {"in": source, "out": out, **params}.items():
            if isinstance(value, Signal):
                value = value.ref
            resolved[name] = abi.NONE if value is None else value
            if isinstance(value, BufferRef):
                written = name in ("out", "exp", "state", "counts")
                written |= name == "pos" and block == "dsp_push"
                (writes if written else reads).append(value.buffer)
        number = len(self.program.steps)
        label = f"{number} {block.removeprefix('dsp_')}"
        self.program.steps.append(Step(block, resolved, label, block, reads, writes))

    def keep_input(self) -> None:
        """Makes the hop's buffer state, so that a hop may come in parts."""
        self._state.append(self.input.buffer)

    def compile(self, output: Signal, also: Sequence[Signal] = ()) -> CompiledChain:
        """Places all buffers and packs the list.

        Args:
            output: what a hop gives.
            also: more that is to be read after a hop.
        """
        program = self.program
        state_bytes = sum(program.buffers[i].nbytes for i in self._state)
        self._place_scratch(state_bytes, [output, *also])
        offset = 0
        for i in self._state:
            program.buffers[i].offset = offset
            offset += program.buffers[i].nbytes
        words, consts = pack(program)
        return CompiledChain(
            program, words, consts, program.arena_bytes, state_bytes, self.input, output
        )

    def _place_scratch(self, base: int, outputs: Sequence[Signal]) -> None:
        """Plans what is not state, as if it were a model, behind ``base`` bytes."""
        program = self.program
        state = set(self._state)

        def only(buffers: list[int]) -> list[int]:
            return [i for i in buffers if i not in state]

        steps = [
            dataclasses.replace(step, reads=only(step.reads), writes=only(step.writes))
            for step in program.steps
        ]
        ports = [
            [Port("", i, (), "", None) for i in only(sorted({s.buffer for s in signals}))]
            for signals in ([self.input], outputs)
        ]
        view = dataclasses.replace(program, steps=steps, inputs=ports[0], outputs=ports[1])
        plan.plan(view)
        for i, buffer in enumerate(program.buffers):
            if i not in state:
                buffer.offset += base
        program.arena_bytes = base + (view.arena_bytes + _ALIGN - 1) // _ALIGN * _ALIGN


@dataclasses.dataclass(frozen=True)
class CompiledChain:
    """A chain with every address settled.

    ``words`` and ``consts`` are what :meth:`midge.core.Core.run` takes; ``state_bytes`` of the
    ``arena_bytes``, from the start, are kept between hops and start as zeros.
    """

    program: Program
    words: np.ndarray
    consts: bytes
    arena_bytes: int
    state_bytes: int
    input: Signal
    output: Signal

    def arena(self) -> np.ndarray:
        """Memory as after power-up."""
        return core.aligned_array(np.zeros(self.arena_bytes, np.uint8))

    def view(self, arena: np.ndarray, signal: Signal) -> np.ndarray:
        """A signal's values in the arena, not copied."""
        at = self.program.buffers[signal.buffer].offset + signal.start
        return arena[at : at + signal.nbytes].view(signal.dtype).reshape(signal.shape)

    def exponent(self, arena: np.ndarray, signal: Signal) -> int:
        """The exponent of a signal, 0 where it has none."""
        if signal.exp is None:
            return 0
        at = self.program.buffers[signal.exp].offset
        return int(arena[at : at + 4].view(np.int32)[0])

    def run(
        self, arena: np.ndarray, hop: np.ndarray, engine: core.Core | None = None
    ) -> np.ndarray:
        """Runs one hop in place and returns a copy of what came out.

        Raises:
            FeatureError: ``hop`` is not what the chain takes.
        """
        if hop.shape != self.input.shape or hop.dtype != self.input.dtype:
            raise FeatureError(
                f"a hop is {hop.dtype} {hop.shape}, needed {self.input.dtype} {self.input.shape}",
                where=self.program.name,
            )
        self.view(arena, self.input)[...] = hop
        (engine or core.load()).run(self.words, self.consts, arena)
        return self.view(arena, self.output).copy()
