"""Ops that give the bytes of their input another order: one move each (:mod:`midge.lower.move`).

Input and output have to be quantized alike.
"""

from __future__ import annotations

import numpy as np

from midge import ops
from midge.graph import Op, Tensor
from midge.lower.context import Lowering, product
from midge.lower.move import Axis, axes_of, move, steps, table
from midge.program import Param


def ends(low: Lowering, op: Op, slot: int = 0, output: int = 0) -> tuple[Tensor, Tensor]:
    """Input and output, of one type and quantized alike."""
    x = low.typed(op, op.inputs[slot], *ops.dtypes(op.kind))
    out = low.typed(op, op.outputs[output], x.dtype)
    low.alike(op, x, out)
    low.need(op, x.size > 0, f"input shape {x.shape} has no element")
    return x, out


def shaped(low: Lowering, op: Op, out: Tensor, shape: list[int]) -> None:
    """The output must have ``shape``."""
    low.need(
        op,
        list(out.shape) == shape and out.size > 0,
        f"output shape {out.shape}, needed: {tuple(shape)}",
        "convert the model again",
    )


def numbers(low: Lowering, op: Op, slot: int, role: str) -> list[int]:
    """A constant operand of whole numbers."""
    low.need(op, slot < len(op.inputs), f"{role} missing", "convert the model again")
    data = low.constant(op, op.inputs[slot], role)
    low.need(op, data.dtype.kind in "iu", f"{role} of {data.dtype}, needed: int32")
    return [int(n) for n in data.reshape(-1)]


def axis_of(low: Lowering, op: Op, axis: int, rank: int) -> int:
    """The axis counted from the front."""
    low.need(op, -rank <= axis < rank, f"axis {axis} of a tensor with {rank} dimensions")
    return axis % rank


def transpose(low: Lowering, op: Op) -> None:
    x, out = ends(low, op)
    rank = len(x.shape)
    order = [axis_of(low, op, n, rank) for n in numbers(low, op, 1, "the permutation")]
    low.need(
        op,
        sorted(order) == list(range(rank)),
        f"permutation {order} of {rank} dimensions",
    )
    shaped(low, op, out, [x.shape[i] for i in order])
    axes = axes_of(x)
    move(low, op, [axes[i] for i in order])


def slice_(low: Lowering, op: Op) -> None:
    """SLICE: begin and size of each axis; size -1 is all that is left."""
    x, out = ends(low, op)
    begin, size = numbers(low, op, 1, "begin"), numbers(low, op, 2, "size")
    low.need(
        op,
        len(begin) == len(size) == len(x.shape),
        f"begin {begin} and size {size} for shape {x.shape}",
    )
    full = [n - b if s == -1 else s for n, b, s in zip(x.shape, begin, size, strict=True)]
    good = all(
        b >= 0 and s > 0 and b + s <= n for n, b, s in zip(x.shape, begin, full, strict=True)
    )
    low.need(op, good, f"begin {begin} and size {size} leave shape {x.shape}")
    shaped(low, op, out, full)
    step = steps(x)
    axes = [Axis(n, s) for n, s in zip(full, step, strict=True)]
    move(low, op, axes, sum(b * s for b, s in zip(begin, step, strict=True)))


def split(low: Lowering, op: Op) -> None:
    """SPLIT: the axis is the first operand; parts of one size."""
    x = low.typed(op, op.inputs[1], *ops.dtypes(op.kind))
    axis = axis_of(low, op, numbers(low, op, 0, "the axis")[0], len(x.shape))
    count = len(op.outputs)
    low.need(
        op,
        x.shape[axis] % count == 0 and op.attrs.get("num_splits", count) == count,
        f"{x.shape[axis]} elements of axis {axis} in {count} parts",
    )
    _parts(low, op, axis, [x.shape[axis] // count] * count, slot=1)


def split_v(low: Lowering, op: Op) -> None:
    """SPLIT_V: sizes are the second operand, one may be -1; the axis the third."""
    x = low.typed(op, op.inputs[0], *ops.dtypes(op.kind))
    axis = axis_of(low, op, numbers(low, op, 2, "the axis")[0], len(x.shape))
    sizes = numbers(low, op, 1, "the sizes")
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = x.shape[axis] - sum(sizes) - 1
    low.need(
        op,
        len(sizes) == len(op.outputs) and min(sizes) > 0 and sum(sizes) == x.shape[axis],
        f"sizes {sizes} of {x.shape[axis]} elements in {len(op.outputs)} outputs",
    )
    _parts(low, op, axis, sizes)


def _parts(low: Lowering, op: Op, axis: int, sizes: list[int], slot: int = 0) -> None:
    start = 0
    for number, size in enumerate(sizes):
        x, out = ends(low, op, slot, number)
        shaped(low, op, out, [*x.shape[:axis], size, *x.shape[axis + 1 :]])
        axes = axes_of(x)
        step = axes[axis].step
        axes[axis] = Axis(size, step)
        move(low, op, axes, start * step, number, slot)
        start += size


def unpack(low: Lowering, op: Op) -> None:
    """UNPACK: one output for each element of the axis, which goes."""
    x = low.typed(op, op.inputs[0], *ops.dtypes(op.kind))
    axis = axis_of(low, op, int(op.attrs["axis"]), len(x.shape))
    low.need(
        op,
        x.shape[axis] == len(op.outputs),
        f"{x.shape[axis]} elements of axis {axis}, {len(op.outputs)} outputs",
    )
    for number in range(len(op.outputs)):
        x, out = ends(low, op, output=number)
        shaped(low, op, out, [*x.shape[:axis], *x.shape[axis + 1 :]])
        axes = axes_of(x)
        step = axes.pop(axis).step
        move(low, op, axes, number * step, number)


def pack(low: Lowering, op: Op) -> None:
    """PACK: one copy for each input, along a new axis."""
    x, out = ends(low, op)
    axis = axis_of(low, op, int(op.attrs["axis"]), len(out.shape))
    count = len(op.inputs)
    shaped(low, op, out, [*x.shape[:axis], count, *x.shape[axis:]])
    if count == 1:
        low.alias(op.outputs[0], op.inputs[0])
        return
    for slot in range(count):
        other, _ = ends(low, op, slot)
        low.need(
            op, other.shape == x.shape, f"inputs of shapes {x.shape} and {other.shape}: not alike"
        )
    places = [low.operand(t) for t in op.inputs]
    target = low.result(op.outputs[0])
    row = product(x.shape[axis:]) * np.dtype(x.dtype).itemsize
    for number, place in enumerate(places):
        params: dict[str, Param] = {
            "in": place,
            "out": target,
            "rows": product(x.shape[:axis]),
            "row_bytes": row,
            "out_start_bytes": number * row,
            "out_stride_bytes": count * row,
        }
        low.step(op, "copy", params)


def reverse_v2(low: Lowering, op: Op) -> None:
    x, out = ends(low, op)
    shaped(low, op, out, list(x.shape))
    axes, start = axes_of(x), 0
    for number in numbers(low, op, 1, "the axes"):
        axis = axis_of(low, op, number, len(x.shape))
        size, step = axes[axis].size, axes[axis].step
        low.need(op, step > 0, f"axis {number} is listed twice")
        axes[axis] = Axis(size, -step)
        start += (size - 1) * step
    move(low, op, axes, start)


def tile(low: Lowering, op: Op) -> None:
    """The whole input again and again; or, with ``repeats`` from passes, each element."""
    x, out = ends(low, op)
    repeats = op.attrs.get("repeats")
    multiples = list(repeats) if repeats else numbers(low, op, 1, "the multiples")
    low.need(
        op,
        len(multiples) == len(x.shape) and min(multiples, default=1) > 0,
        f"multiples {multiples} for shape {x.shape}",
    )
    shaped(low, op, out, [n * m for n, m in zip(x.shape, multiples, strict=True)])
    axes: list[Axis] = []
    for axis, count in zip(axes_of(x), multiples, strict=True):
        axes += [axis, Axis(count)] if repeats else [Axis(count), axis]
    move(low, op, axes)


def broadcast_to(low: Lowering, op: Op) -> None:
    x, out = ends(low, op)
    shape = numbers(low, op, 1, "the shape")
    shaped(low, op, out, shape)
    missing = len(shape) - len(x.shape)
    low.need(
        op,
        missing >= 0 and all(n in (1, m) for n, m in zip(x.shape, shape[missing:], strict=False)),
        f"shape {x.shape} does not broadcast to {tuple(shape)}",
    )
    axes = [Axis(n) for n in shape[:missing]]
    for size, axis in zip(shape[missing:], axes_of(x), strict=True):
        axes.append(axis if axis.size == size else Axis(size))
    move(low, op, axes)


def gather(low: Lowering, op: Op) -> None:
    """GATHER with constant indices along one axis."""
    x, out = ends(low, op)
    axis = axis_of(low, op, int(op.attrs.get("axis", 0)), len(x.shape))
    batch_dims = int(op.attrs.get("batch_dims", 0))
    low.need(op, batch_dims == 0, f"batch_dims {batch_dims}, needed: 0")
    index = np.array(numbers(low, op, 1, "the list of indices"), np.int64)
    low.need(
        op,
        index.size > 0 and bool(((index >= 0) & (index < x.shape[axis])).all()),
        f"indices from {index.min(initial=0)} to {index.max(initial=0)} of {x.shape[axis]} "
        f"elements of axis {axis}",
    )
    places = low.tensor(op.inputs[1]).shape
    shaped(low, op, out, [*x.shape[:axis], *places, *x.shape[axis + 1 :]])
    axes = axes_of(x)
    axes[axis] = table(index * axes[axis].step)
    move(low, op, axes)


def mirror_pad(low: Lowering, op: Op) -> None:
    """REFLECT leaves the edge out of the mirror image, SYMMETRIC has it twice."""
    x, out = ends(low, op)
    mode = str(op.attrs["mode"])
    amounts = numbers(low, op, 1, "the paddings")
    pairs = [(amounts[i], amounts[i + 1]) for i in range(0, len(amounts) - 1, 2)]
    edge = int(mode == "REFLECT")
    good = len(amounts) == 2 * len(x.shape) and all(
        0 <= a <= n - edge for n, pair in zip(x.shape, pairs, strict=True) for a in pair
    )
    low.need(op, good, f"paddings {pairs} mirror more than {x.shape} has")
    grown = [n + a + b for n, (a, b) in zip(x.shape, pairs, strict=True)]
    shaped(low, op, out, grown)
    axes = []
    for axis, (before, _), size in zip(axes_of(x), pairs, grown, strict=True):
        place = np.arange(size) - before
        place = np.where(place < 0, -place - 1 + edge, place)
        last = axis.size - 1
        place = np.where(place > last, 2 * last - place + 1 - edge, place)
        axes.append(table(place * axis.step))
    move(low, op, axes)
