"""``midge_pipeline_t``: what firmware runs, here through ctypes, against the chain itself."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from midge import abi, core
from midge.dsp import blocks, speech
from midge.dsp.chain import Chain, CompiledChain, Signal

ROWS = 5


class Op(ctypes.Structure):  # midge_op_t
    _fields_ = [
        ("kernel", ctypes.c_void_p), ("params", ctypes.c_void_p), ("layer", ctypes.c_char_p),
    ]  # fmt: skip


class Pipeline(ctypes.Structure):  # midge_pipeline_t
    _fields_ = [
        *((name, ctypes.c_uint32) for name in (
            "arena_bytes", "state_bytes", "in_offset", "in_bytes", "row_offset", "row_bytes",
            "ring_offset", "counters_offset",
        )),
        *((name, ctypes.c_uint16) for name in ("rows", "warmup", "stride", "n_ops")),
        ("ops", ctypes.POINTER(Op)),
        ("consts", ctypes.c_void_p),
    ]  # fmt: skip


class Board:
    """A pipeline of ``compiled`` with a ring of rows, in the library that firmware shares."""

    def __init__(self, compiled: CompiledChain, ring: Signal, counters: Signal, warmup: int):
        self.lib = ctypes.CDLL(str(core.build()))
        self.arena = compiled.arena()
        self.consts = core.aligned_bytes(compiled.consts)
        self.params, ops = [], []
        names = {kernel.opcode: kernel.name for kernel in abi.load().kernels.values()}
        at = 0
        while at < compiled.words.size:
            opcode, n = compiled.words[at : at + 2].tolist()
            self.params.append(compiled.words[at + 2 : at + 2 + n].copy())
            kernel = getattr(self.lib, f"midge_{names[opcode]}")
            address = ctypes.cast(kernel, ctypes.c_void_p)
            ops.append(Op(address, self.params[-1].ctypes.data, b""))
            at += 2 + n

        def place(signal: Signal) -> int:
            return compiled.program.buffers[signal.buffer].offset + signal.start

        self.ops = (Op * len(ops))(*ops)
        self.pipeline = Pipeline(
            compiled.arena_bytes, compiled.state_bytes, place(compiled.input),
            compiled.input.nbytes, place(compiled.output), compiled.output.nbytes, place(ring),
            place(counters), ROWS, warmup, 1, len(ops), self.ops, self.consts.ctypes.data,
        )  # fmt: skip

    def call(self, name: str, *more: object) -> int:
        function = getattr(self.lib, f"midge_pipeline_{name}")
        arena = ctypes.c_void_p(self.arena.ctypes.data)
        return function(ctypes.byref(self.pipeline), arena, *more)

    def run(self, hop: np.ndarray) -> int:
        return self.call("run", ctypes.c_void_p(hop.ctypes.data), ctypes.c_size_t(hop.nbytes))

    def window(self) -> np.ndarray:
        out = np.empty((ROWS, self.pipeline.row_bytes), np.int8)
        arguments = (ctypes.c_void_p(out.ctypes.data), ctypes.c_size_t(out.nbytes))
        assert self.call("window", *arguments) == 0
        return out


@pytest.fixture
def made() -> tuple[CompiledChain, Board]:
    spec = speech.LogMel(rate_hz=2000, window_ms=30, hop_ms=20, bands=8)
    chain = Chain("front end", (spec.hop, 1))
    ring = blocks.push(chain, blocks.split(chain, chain.input), spec.length)
    row = chain.scratch("row", (8,), "int8")
    blocks.quantize(chain, spec.add(chain, ring), 20 * 256, 1 / 32, 0, row)
    rows = chain.state("rows", (ROWS, 8), "int8")
    counters = chain.state("counters", (4,), "uint32")
    compiled = chain.compile(row)
    return compiled, Board(compiled, rows, counters, warmup=1)


def test_rows_are_those_of_the_chain(made: tuple[CompiledChain, Board]) -> None:
    compiled, board = made
    rng = np.random.default_rng(1)
    arena = compiled.arena()
    rows = []
    for number in range(14):
        hop = rng.integers(-30000, 30000, compiled.input.shape).astype(np.int16)
        rows.append(compiled.run(arena, hop))
        assert board.run(hop) == int(number >= ROWS)  # the first row is not of a whole frame
        if number >= ROWS:
            assert np.array_equal(board.window(), np.array(rows[-ROWS:]))
    assert len(np.unique(rows)) > 10
    board.call("reset")
    assert board.run(np.zeros(compiled.input.shape, np.int16)) == 0


def test_wrong_sizes_are_refused(made: tuple[CompiledChain, Board]) -> None:
    _, board = made
    before = board.arena.copy()
    assert board.run(np.zeros(7, np.int16)) == -1
    assert np.array_equal(board.arena, before)
    out = np.zeros(3, np.int8)
    assert board.call("window", ctypes.c_void_p(out.ctypes.data), ctypes.c_size_t(3)) == -1
