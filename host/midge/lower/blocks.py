"""STRIDED_SLICE, and ops that trade height and width for channels, for batch, or for size."""

from __future__ import annotations

import dataclasses

import numpy as np

from midge import slices
from midge.graph import Op, Tensor
from midge.lower.context import Lowering, product
from midge.lower.move import Axis, axes_of, move, steps, table
from midge.lower.moving import ends, numbers, shaped
from midge.lower.shape import pad_geometry
from midge.program import BufferRef, Param


def strided_slice(low: Lowering, op: Op) -> None:
    """All masks; negative strides too."""
    x, out = ends(low, op)
    begin, end = numbers(low, op, 1, "begin"), numbers(low, op, 2, "end")
    strides = numbers(low, op, 3, "strides")
    try:
        cuts, shape = slices.strided(x.shape, begin, end, strides, op.attrs)
    except ValueError as err:
        raise low.error(op, str(err), "convert the model again") from err
    shaped(low, op, out, shape)
    step = steps(x)
    axes = [Axis(count, by * s) for (_, by, count), s in zip(cuts, step, strict=True)]
    move(low, op, axes, sum(first * s for (first, _, _), s in zip(cuts, step, strict=True)))


def _block(low: Lowering, op: Op) -> tuple[Tensor, Tensor, int]:
    x, out = ends(low, op)
    block = int(op.attrs["block_size"])
    low.need(op, len(x.shape) == 4, f"input shape {x.shape}, needed: 4 dimensions")
    low.need(op, block > 0, f"block size {block}, needed: above 0")
    return x, out, block


def space_to_depth(low: Lowering, op: Op) -> None:
    x, out, block = _block(low, op)
    n, h, w, c = x.shape
    low.need(op, h % block == w % block == 0, f"blocks of {block} in shape {x.shape}")
    shaped(low, op, out, [n, h // block, w // block, c * block * block])
    batch, rows, columns, depth = axes_of(x)
    axes = [
        batch,
        Axis(h // block, block * rows.step),
        Axis(w // block, block * columns.step),
        Axis(block, rows.step),
        Axis(block, columns.step),
        depth,
    ]
    move(low, op, axes)


def depth_to_space(low: Lowering, op: Op) -> None:
    x, out, block = _block(low, op)
    n, h, w, c = x.shape
    low.need(op, c % (block * block) == 0, f"blocks of {block} in shape {x.shape}")
    c //= block * block
    shaped(low, op, out, [n, h * block, w * block, c])
    batch, rows, columns, depth = axes_of(x)
    axes = [
        batch,
        rows,
        Axis(block, block * c * depth.step),
        columns,
        Axis(block, c * depth.step),
        Axis(c, depth.step),
    ]
    move(low, op, axes)


def _blocks(low: Lowering, op: Op, role: str) -> tuple[list[int], list[tuple[int, int]]]:
    """Block sizes of the axes after the batch, and (before, after) of each."""
    blocks, amounts = numbers(low, op, 1, "the block shape"), numbers(low, op, 2, role)
    rank = len(low.tensor(op.inputs[0]).shape)
    good = 0 < len(blocks) < rank and len(amounts) == 2 * len(blocks)
    good = good and min(blocks) > 0 and min(amounts) >= 0
    low.need(op, good, f"block shape {blocks} and {role} {amounts} for {rank} dimensions")
    return blocks, list(zip(amounts[::2], amounts[1::2], strict=True))


def space_to_batch_nd(low: Lowering, op: Op) -> None:
    """Pads with the zero point, then deals the elements of each block out to batches."""
    x, out = ends(low, op)
    blocks, pads = _blocks(low, op, "the paddings")
    last = len(blocks) + 1
    grown = [n + a + b for n, (a, b) in zip(x.shape[1:last], pads, strict=True)]
    low.need(
        op,
        all(n % b == 0 for n, b in zip(grown, blocks, strict=True)),
        f"blocks of {blocks} in {grown}",
    )
    rest = [n // b for n, b in zip(grown, blocks, strict=True)]
    shaped(low, op, out, [x.shape[0] * product(tuple(blocks)), *rest, *x.shape[last:]])
    source = None
    if any(map(any, pads)):
        x, source = _padded(low, op, x, pads)
    batch, *axes = axes_of(x)
    walk = [Axis(b, axis.step) for b, axis in zip(blocks, axes, strict=False)]
    walk.append(batch)
    walk += [Axis(n, b * axis.step) for n, b, axis in zip(rest, blocks, axes, strict=False)]
    move(low, op, walk + axes[len(blocks) :], source=source)


def _padded(
    low: Lowering, op: Op, x: Tensor, pads: list[tuple[int, int]]
) -> tuple[Tensor, BufferRef]:
    """The input with its zero point around it, in a buffer of its own."""
    low.rank(op, x)
    every = [(0, 0), *pads] + [(0, 0)] * (len(x.shape) - len(pads) - 1)
    shape = tuple(n + a + b for n, (a, b) in zip(x.shape, every, strict=True))
    grown = dataclasses.replace(x, name=f"{x.name}/padded", shape=shape)
    place = low.temporary(grown.name, grown.nbytes)
    params: dict[str, Param] = {"in": low.operand(op.inputs[0]), "out": place}
    before = tuple(a for a, _ in every)
    low.step(op, "pad", params | pad_geometry(x.shape, shape, before) | {"value": x.zero_point})
    return grown, place


def batch_to_space_nd(low: Lowering, op: Op) -> None:
    x, out = ends(low, op)
    blocks, crops = _blocks(low, op, "the crops")
    last = len(blocks) + 1
    count = product(tuple(blocks))
    low.need(op, x.shape[0] % count == 0, f"{x.shape[0]} batches in blocks of {blocks}")
    batch, *axes = axes_of(x)
    sizes = [
        n * b - before - after
        for n, b, (before, after) in zip(x.shape[1:last], blocks, crops, strict=True)
    ]
    shaped(low, op, out, [x.shape[0] // count, *sizes, *x.shape[last:]])
    walk = [Axis(x.shape[0] // count, batch.step)]
    for i, (size, block) in enumerate(zip(sizes, blocks, strict=True)):
        place = np.arange(size) + crops[i][0]
        inner = product(tuple(blocks[i + 1 :])) * walk[0].size * batch.step
        walk.append(table(place // block * axes[i].step + place % block * inner))
    move(low, op, walk + axes[len(blocks) :])
