"""Random cases of the ops that move data, and of TRANSPOSE_CONV and the resizes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from case_maker import (
    ACTIVATIONS,
    Maker,
    Rng,
    extreme,
    int8_data,
    per_tensor,
    quant,
    scale,
    zero_point,
)
from cases_window import filter_quant, out_scale

from midge import ops, slices
from midge.graph import Graph, Quant

Shape = tuple[int, ...]


def sizes(rng: Rng, rank: int, most: int = 6) -> Shape:
    return tuple(int(n) for n in rng.integers(1, most, rank))


def typed(rng: Rng, kind: str) -> tuple[str, Quant | None]:
    """A type that the table has, int8 mostly; and a scale where it has one."""
    dtype = "int8" if rng.random() < 0.4 else str(rng.choice(ops.dtypes(kind)))
    if dtype == "int16":
        return dtype, per_tensor(scale(rng))
    return dtype, quant(rng, dtype) if dtype in ("int8", "uint8") else None


def ints(m: Maker, values: Any, shape: Shape | None = None) -> None:
    """A constant operand."""
    data = np.array(values, np.int32)
    m.add(data.shape if shape is None else shape, "int32", data=data, role="numbers")


def negative(rng: Rng, axis: int, rank: int) -> int:
    """The axis, counted from the back now and then."""
    return axis - rank if rng.random() < 0.3 else axis


def transpose(rng: Rng) -> Graph:
    rank = int(rng.integers(1, 7))
    shape, order = sizes(rng, rank, 5), rng.permutation(rank)
    dtype, both = typed(rng, "TRANSPOSE")
    m = Maker("TRANSPOSE")
    m.add(shape, dtype, both)
    ints(m, order)
    m.add(tuple(shape[i] for i in order), dtype, both, role="out")
    return m.graph()


def slice_(rng: Rng) -> Graph:
    rank = int(rng.integers(1, 6))
    shape = sizes(rng, rank, 7)
    begin = [int(rng.integers(0, n)) for n in shape]
    size = [int(rng.integers(1, n - b + 1)) for n, b in zip(shape, begin, strict=True)]
    dtype, both = typed(rng, "SLICE")
    m = Maker("SLICE")
    m.add(shape, dtype, both)
    ints(m, begin)
    ints(m, [-1 if b + s == n else s for n, b, s in zip(shape, begin, size, strict=True)])
    m.add(tuple(size), dtype, both, role="out")
    return m.graph()


def strided_slice(rng: Rng) -> Graph:
    """Any masks; drawn again until something is left, and the axes are at most 5."""
    while True:
        rank = int(rng.integers(1, 5))
        shape = sizes(rng, rank, 8)
        count = int(rng.integers(1, rank + 1))
        begin, end = (rng.integers(-9, 10, count).tolist() for _ in range(2))
        strides = rng.choice([1, 1, 1, 2, 3, -1, -2], count).tolist()
        masks = {k: int(rng.integers(0, 1 << count)) for k in ("begin_mask", "end_mask")}
        masks["shrink_axis_mask"] = int(rng.integers(0, 1 << count)) if rng.random() < 0.4 else 0
        masks["new_axis_mask"] = 1 << int(rng.integers(0, count)) if rng.random() < 0.2 else 0
        masks["ellipsis_mask"] = 1 << int(rng.integers(0, count)) if rng.random() < 0.2 else 0
        for i in range(count):
            if masks["shrink_axis_mask"] >> i & 1:
                strides[i] = 1  # TensorFlow takes no other
                for k in ("begin_mask", "end_mask", "new_axis_mask"):
                    masks[k] &= ~(1 << i)
        try:
            _, out = slices.strided(shape, begin, end, strides, masks)
        except ValueError:
            continue
        if min(out, default=1) > 0 and len(out) <= 5:
            break
    dtype, both = typed(rng, "STRIDED_SLICE")
    m = Maker("STRIDED_SLICE")
    m.add(shape, dtype, both)
    for operand in (begin, end, strides):
        ints(m, operand)
    m.add(tuple(out), dtype, both, role="out")
    return m.graph(**masks, offset=False)


def split(rng: Rng) -> Graph:
    rank, count = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    part, axis = list(sizes(rng, rank, 5)), int(rng.integers(0, rank))
    dtype, both = typed(rng, "SPLIT")
    m = Maker("SPLIT")
    ints(m, negative(rng, axis, rank), ())
    m.add(tuple(n * count if i == axis else n for i, n in enumerate(part)), dtype, both)
    for _ in range(count):
        m.add(tuple(part), dtype, both, role="out")
    return m.graph(num_splits=count)


def split_v(rng: Rng) -> Graph:
    rank, count = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    shape, axis = list(sizes(rng, rank, 5)), int(rng.integers(0, rank))
    parts = list(sizes(rng, count, 5))
    shape[axis] = sum(parts)
    dtype, both = typed(rng, "SPLIT_V")
    m = Maker("SPLIT_V")
    m.add(tuple(shape), dtype, both)
    given = list(parts)
    if rng.random() < 0.3:
        given[int(rng.integers(0, count))] = -1
    ints(m, given)
    ints(m, negative(rng, axis, rank), ())
    for n in parts:
        m.add((*shape[:axis], n, *shape[axis + 1 :]), dtype, both, role="out")
    return m.graph(num_splits=count)


def pack(rng: Rng) -> Graph:
    rank, count = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    shape, axis = sizes(rng, rank, 5), int(rng.integers(0, rank + 1))
    dtype, both = typed(rng, "PACK")
    m = Maker("PACK")
    for i in range(count):
        constant = i > 0 and dtype == "int8" and rng.random() < 0.2
        m.add(shape, dtype, both, int8_data(rng, shape) if constant else None)
    m.add((*shape[:axis], count, *shape[axis:]), dtype, both, role="out")
    return m.graph(values_count=count, axis=negative(rng, axis, rank + 1))


def unpack(rng: Rng) -> Graph:
    rank = int(rng.integers(2, 5))
    shape, axis = sizes(rng, rank, 5), int(rng.integers(0, rank))
    dtype, both = typed(rng, "UNPACK")
    m = Maker("UNPACK")
    m.add(shape, dtype, both)
    for _ in range(shape[axis]):
        m.add((*shape[:axis], *shape[axis + 1 :]), dtype, both, role="out")
    return m.graph(num=shape[axis], axis=negative(rng, axis, rank))


def gather(rng: Rng) -> Graph:
    rank = int(rng.integers(1, 5))
    shape, axis = sizes(rng, rank, 6), int(rng.integers(0, rank))
    places = sizes(rng, int(rng.integers(0, 3)), 5)
    dtype, both = typed(rng, "GATHER")
    m = Maker("GATHER")
    m.add(shape, dtype, both)
    ints(m, rng.integers(0, shape[axis], places), places)
    m.add((*shape[:axis], *places, *shape[axis + 1 :]), dtype, both, role="out")
    return m.graph(axis=negative(rng, axis, rank), batch_dims=0)


def tile(rng: Rng) -> Graph:
    rank = int(rng.integers(1, 6))
    shape, multiples = sizes(rng, rank, 5), sizes(rng, rank, 4)
    dtype, both = typed(rng, "TILE")
    m = Maker("TILE")
    m.add(shape, dtype, both)
    ints(m, multiples)
    m.add(tuple(np.multiply(shape, multiples)), dtype, both, role="out")
    return m.graph()


def broadcast_to(rng: Rng) -> Graph:
    rank = int(rng.integers(1, 6))
    shape = sizes(rng, rank, 5)
    thin = [1 if rng.random() < 0.4 else n for n in shape][int(rng.integers(0, rank)) :]
    dtype, both = typed(rng, "BROADCAST_TO")
    m = Maker("BROADCAST_TO")
    m.add(tuple(thin), dtype, both)
    ints(m, shape)
    m.add(shape, dtype, both, role="out")
    return m.graph()


def reverse_v2(rng: Rng) -> Graph:
    rank = int(rng.integers(1, 6))
    shape, axis = sizes(rng, rank), int(rng.integers(0, rank))
    count = int(rng.integers(1, rank - axis + 1))
    dtype, both = typed(rng, "REVERSE_V2")
    m = Maker("REVERSE_V2")
    m.add(shape, dtype, both)
    ints(m, [negative(rng, axis + i, rank) for i in range(count)])
    m.add(shape, dtype, both, role="out")
    return m.graph()


def mirror_pad(rng: Rng) -> Graph:
    rank = int(rng.integers(1, 5))
    shape = sizes(rng, rank, 6)
    mode = str(rng.choice(["REFLECT", "SYMMETRIC"]))
    most = [n - 1 if mode == "REFLECT" else n for n in shape]
    amounts = np.array([[rng.integers(0, n + 1) for _ in range(2)] for n in most], np.int32)
    dtype, both = typed(rng, "MIRROR_PAD")
    m = Maker("MIRROR_PAD")
    m.add(shape, dtype, both)
    ints(m, amounts)
    m.add(tuple(shape + amounts.sum(axis=1)), dtype, both, role="out")
    return m.graph(mode=mode)


def space_to_depth(rng: Rng) -> Graph:
    block, (h, w, c) = int(rng.integers(1, 4)), sizes(rng, 3, 5)
    dtype, both = typed(rng, "SPACE_TO_DEPTH")
    m = Maker("SPACE_TO_DEPTH")
    m.add((1, h * block, w * block, c), dtype, both)
    m.add((1, h, w, c * block * block), dtype, both, role="out")
    return m.graph(block_size=block)


def depth_to_space(rng: Rng) -> Graph:
    block, (h, w, c) = int(rng.integers(1, 4)), sizes(rng, 3, 5)
    dtype, both = typed(rng, "DEPTH_TO_SPACE")
    m = Maker("DEPTH_TO_SPACE")
    m.add((1, h, w, c * block * block), dtype, both)
    m.add((1, h * block, w * block, c), dtype, both, role="out")
    return m.graph(block_size=block)


def _blocks(rng: Rng) -> tuple[Shape, Shape, Shape, np.ndarray, int]:
    """Block sizes, sizes in blocks, the rest of the shape, what is outside, batches."""
    axes = int(rng.choice([1, 2, 2]))
    blocks, counts = sizes(rng, axes, 4), sizes(rng, axes, 4)
    rest = sizes(rng, 1, 5)
    amounts = np.zeros((axes, 2), np.int32)
    for i in range(axes):
        room = counts[i] * blocks[i] - 1
        amounts[i, 0] = rng.integers(0, min(room, 3) + 1)
        amounts[i, 1] = rng.integers(0, min(room - amounts[i, 0], 3) + 1)
    return blocks, counts, rest, amounts, int(rng.choice([1, 1, 2]))


def space_to_batch_nd(rng: Rng) -> Graph:
    blocks, counts, rest, amounts, batch = _blocks(rng)
    inner = tuple(np.multiply(counts, blocks) - amounts.sum(axis=1))
    dtype, both = typed(rng, "SPACE_TO_BATCH_ND")
    m = Maker("SPACE_TO_BATCH_ND")
    m.add((batch, *inner, *rest), dtype, both)
    ints(m, blocks)
    ints(m, amounts)
    m.add((batch * math.prod(blocks), *counts, *rest), dtype, both, role="out")
    return m.graph()


def batch_to_space_nd(rng: Rng) -> Graph:
    blocks, counts, rest, amounts, batch = _blocks(rng)
    inner = tuple(np.multiply(counts, blocks) - amounts.sum(axis=1))
    dtype, both = typed(rng, "BATCH_TO_SPACE_ND")
    m = Maker("BATCH_TO_SPACE_ND")
    m.add((batch * math.prod(blocks), *counts, *rest), dtype, both)
    ints(m, blocks)
    ints(m, amounts)
    m.add((batch, *inner, *rest), dtype, both, role="out")
    return m.graph()


def _resize(rng: Rng, kind: str, dtype: str, both: Quant | None) -> Graph:
    h, w, out_h, out_w = (int(n) for n in rng.integers(1, 14, 4))
    c = int(rng.integers(1, 5))
    if rng.random() < 0.4:
        out_h, out_w = (n * int(rng.integers(1, 4)) for n in (h, w))
    m = Maker(kind)
    m.add((1, h, w, c), dtype, both)
    ints(m, [out_h, out_w])
    m.add((1, out_h, out_w, c), dtype, both, role="out")
    corners, centers = [(False, False), (True, False), (False, True)][int(rng.integers(0, 3))]
    if kind == "RESIZE_NEAREST_NEIGHBOR" and rng.random() < 0.2:
        corners = centers = True
    return m.graph(align_corners=corners, half_pixel_centers=centers)


def resize_nearest_neighbor(rng: Rng) -> Graph:
    dtype, both = typed(rng, "RESIZE_NEAREST_NEIGHBOR")
    return _resize(rng, "RESIZE_NEAREST_NEIGHBOR", dtype, both)


def resize_bilinear(rng: Rng) -> Graph:
    return _resize(rng, "RESIZE_BILINEAR", "int8", quant(rng))


def transpose_conv(rng: Rng) -> Graph:
    flat = rng.random() < 0.25  # 1-D: h == 1
    k = (1 if flat else int(rng.integers(1, 6)), int(rng.integers(1, 6)))
    strides = (1 if flat else int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    size = (1 if flat else int(rng.integers(1, 7)), int(rng.integers(1, 9)))
    in_c, out_c = int(rng.integers(1, 9)), int(rng.integers(1, 7))
    padding = str(rng.choice(["SAME", "VALID"]))
    out = []
    for n, s, w in zip(size, strides, k, strict=True):
        full = n * s if padding == "SAME" else (n - 1) * s + w
        # any size that the forward convolution makes the input's size of
        out.append(full + int(rng.integers(0, s)) - (s - 1 if padding == "SAME" else 0))
    m = Maker("TRANSPOSE_CONV")
    ints(m, [1, *out, out_c])
    level = scale(rng, 1e-3, 0.1)
    w = filter_quant(rng, out_c, 0, level)
    shape = (out_c, *k, in_c)
    m.add(shape, quant=w, data=int8_data(rng, shape, -127), role="filter")
    x = m.add((1, *size, in_c), quant=quant(rng))
    assert x.quant is not None
    if rng.random() < 0.8:
        most = int(rng.choice([100, 10_000, 2**20]))
        bias = rng.integers(-most, most + 1, out_c).astype(np.int32)
        scales = (x.quant.scale.astype(np.float64) * w.scale).astype(np.float32)
        m.add((out_c,), "int32", Quant(scales, np.zeros(scales.size, np.int64), 0), bias, "bias")
    taps = np.prod(k) * in_c / np.prod(strides) + 1
    y_scale = out_scale(x.scale * level * 150 * np.sqrt(taps) * extreme(rng))
    m.add((1, *out, out_c), quant=per_tensor(y_scale, zero_point(rng)), role="out")
    return m.graph(
        padding=padding,
        stride_h=strides[0],
        stride_w=strides[1],
        fused_activation_function=str(rng.choice(ACTIVATIONS)),
    )
