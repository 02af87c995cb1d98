"""Moving bytes: the one kernel behind TRANSPOSE, SLICE, SPLIT, TILE, GATHER and their kin.

An op says for each axis of its output where the elements lie in its input; here neighbouring
axes become one where they can, and what is left unmoved costs no step at all.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from midge.graph import Op, Tensor
from midge.lower import leads
from midge.lower.context import Lowering, product
from midge.program import BufferRef, Param

MAX_AXES = 12  # MIDGE_MOVE_AXES


@dataclasses.dataclass(frozen=True)
class Axis:
    """One axis of the output: ``size`` elements, ``step`` bytes apart in the input, or each at
    its offset of ``table`` (bytes)."""

    size: int
    step: int = 0
    table: tuple[int, ...] | None = None


def table(offsets: np.ndarray) -> Axis:
    """An axis whose elements lie at these offsets in bytes."""
    return Axis(len(offsets), 0, tuple(int(n) for n in offsets))


def steps(tensor: Tensor) -> list[int]:
    """Bytes from one element to the next along each axis."""
    itemsize = np.dtype(tensor.dtype).itemsize
    return [product(tensor.shape[i + 1 :]) * itemsize for i in range(len(tensor.shape))]


def axes_of(tensor: Tensor) -> list[Axis]:
    """The walk over the whole tensor as it lies."""
    return [Axis(n, step) for n, step in zip(tensor.shape, steps(tensor), strict=True)]


def move(
    low: Lowering,
    op: Op,
    axes: list[Axis],
    start: int = 0,
    output: int = 0,
    slot: int = 0,
    source: BufferRef | None = None,
) -> None:
    """Lowers ``op`` to one move, or to none where the output has the input's bytes as they are.

    Args:
        axes: of the output, outermost first; their sizes multiply to the output's.
        start: byte of the input that all offsets count from.
        output: which of the op's outputs.
        slot: which of its inputs is moved.
        source: what to move in place of the input.
    """
    x, out = low.tensor(op.inputs[slot]), low.tensor(op.outputs[output])
    low.need(
        op,
        product(tuple(axis.size for axis in axes)) == out.size,
        f"output shape {out.shape} does not follow from the input's {x.shape}",
    )
    merged, start, run = merge(axes, start, np.dtype(x.dtype).itemsize)
    if not merged and start == 0 and run == x.nbytes and source is None:
        low.alias(op.outputs[output], op.inputs[slot])
        return
    walk = merged or [Axis(1)]
    low.need(op, len(walk) <= MAX_AXES, f"moves along {len(walk)} axes, at most {MAX_AXES}")
    words = low.const(f"{out.name}/walk", words_of(walk), "table")
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[slot]) if source is None else source,
        "walk": words,
        "axes": len(walk),
        "in_start": start,
        "run_bytes": run,
        "out": low.result(op.outputs[output]),
    }
    low.step(op, "move", params, leads={"in": leads.runs(_places(walk, start), run)})


def _places(axes: list[Axis], start: int) -> np.ndarray:
    """The byte of the input where each run begins, in the order of the output."""
    places = np.full(1, start, np.int64)
    for axis in axes:
        offsets = axis.table if axis.table is not None else np.arange(axis.size) * axis.step
        places = (places[:, None] + np.array(offsets, np.int64)).reshape(-1)
    return places


def words_of(axes: list[Axis]) -> np.ndarray:
    """The walk as ``midge_move_t`` has it."""
    walk: list[int] = []
    tables: list[int] = []
    for axis in axes:
        at = 3 * len(axes) + len(tables) if axis.table is not None else 0
        walk += [axis.size, axis.step, at]
        tables += axis.table or ()
    return np.array(walk + tables, np.int32)


def merge(axes: list[Axis], start: int, run: int) -> tuple[list[Axis], int, int]:
    """(axes, start, bytes that stay together): the same walk in as few axes as possible."""
    walk: list[Axis] = []  # innermost first
    for axis in reversed(axes):
        if axis.table is not None:
            start += axis.table[0]
            axis = _even(axis)
        if axis.size == 1:
            continue
        inner = walk[-1] if walk else None
        if not walk and axis.table is None and axis.step == run:
            run *= axis.size
        elif inner and inner.table is None and axis == Axis(axis.size, inner.step * inner.size):
            walk[-1] = Axis(axis.size * inner.size, inner.step)
        else:
            walk.append(axis)
    return walk[::-1], start, run


def _even(axis: Axis) -> Axis:
    """The axis with its table counted from the first element; without one where it has steps."""
    assert axis.table is not None
    offsets = np.array(axis.table, np.int64) - axis.table[0]
    step = int(offsets[1]) if axis.size > 1 else 0
    if np.array_equal(offsets, step * np.arange(axis.size)):
        return Axis(axis.size, step)
    return table(offsets)
