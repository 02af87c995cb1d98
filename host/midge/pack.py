"""Packs a planned program for ``midge_run_words``: a list of int32 words and the constants."""

from __future__ import annotations

import numpy as np

from midge import abi
from midge.errors import ModelError
from midge.program import BufferRef, ConstRef, Param, Program, StateRef, Step

CONST_ALIGN = 4


def pack(program: Program) -> tuple[np.ndarray, bytes]:
    """Settles the constants' offsets and writes the op list.

    Args:
        program: lowered and planned.

    Returns:
        int32 words, for each step ``[opcode, number of parameters, parameters...]`` in the
        order of the kernel's C struct; and the constants, each aligned to 4 bytes,
        little-endian.

    Raises:
        ModelError: a parameter does not fit int32 (a damaged file's stride, say).
    """
    consts = pack_consts(program)
    kernels = abi.load().kernels
    words: list[int] = []
    for step in program.steps:
        params = [word_of(program, value) for _, value in ordered(step)]
        for word, (field, _) in zip(params, ordered(step), strict=True):
            if not -(1 << 31) <= word < 1 << 31:
                raise ModelError(
                    f"{field} is {word}, outside the range of int32",
                    where=f"{program.path}: layer {step.layer}",
                    do="convert the model again, or use smaller layers",
                )
        words += [kernels[step.kernel].opcode, len(params), *params]
    return np.array(words, np.int32), consts


def pack_consts(program: Program) -> bytes:
    """Sets every constant's ``offset`` and returns them all in one piece."""
    out = bytearray()
    for const in program.consts:
        const.offset = len(out)
        data = np.ascontiguousarray(const.data)
        out += data.astype(data.dtype.newbyteorder("<")).tobytes()
        out += bytes(-len(out) % CONST_ALIGN)
    return bytes(out)


def ordered(step: Step) -> list[tuple[str, Param]]:
    """The step's parameters, named, in the order of its C struct.

    Raises:
        AssertionError: lowering and ``midge_params.h`` disagree; a bug in Midge.
    """
    fields = [field.name for field in abi.load().kernels[step.kernel].fields]
    odd = set(fields) ^ set(step.params)
    assert not odd, f"{step.layer}: {step.kernel} and midge_params.h differ in {odd}"
    return [(field, step.params[field]) for field in fields]


def word_of(program: Program, value: Param) -> int:
    """A parameter as the C core reads it: an integer, an offset, or ``~`` a constant's offset."""
    if isinstance(value, BufferRef):
        offset = program.buffers[value.buffer].offset
        assert offset >= 0, f"buffer {value.buffer} is not planned"
        return offset + value.start
    if isinstance(value, ConstRef):
        offset = program.consts[value.const].offset
        assert offset >= 0, f"constant {value.const} is not packed"
        return ~offset
    if isinstance(value, StateRef):
        return program.states[value.state].offset
    return int(value)
