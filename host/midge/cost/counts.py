"""How often a kernel's loops run: one function a kernel, from its parameters.

The names of the counts are the keys of the CPUs' files. A count that no file has costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from midge.cost import counts_16, counts_classical, counts_dsp
from midge.program import Const, ConstRef, Param

Counts = dict[str, float]


class Args:
    """A call's parameters: numbers as attributes, constants by :meth:`data`."""

    def __init__(self, params: dict[str, Param], consts: list[Const]):
        self._params = params
        self._consts = consts

    def __getattr__(self, name: str) -> int:
        value = self._params[name]
        assert isinstance(value, int), name
        return value

    def data(self, name: str) -> np.ndarray | None:
        """A constant operand's data, if it is there."""
        value = self._params[name]
        return self._consts[value.const].data if isinstance(value, ConstRef) else None

    def changed(self, **numbers: int) -> Args:
        """The same call with other numbers."""
        return Args({**self._params, **numbers}, self._consts)


def counts(kernel: str, params: dict[str, Param], consts: list[Const]) -> Counts:
    """The counts of one call. A kernel without a function here has one count, the call."""
    count = _COUNTS.get(kernel)
    found = count(Args(params, consts)) if count else {}
    return {"call": 1, **found}


# -- windows --------------------------------------------------------------------------------------


def _taps(a: Args, axis: str, dilation: int = 1) -> np.ndarray:
    """Taps inside the input, for each output line or column."""
    out, stride, k, size = (getattr(a, f"{n}_{axis}") for n in ("out", "stride", "k", "in"))
    start = np.arange(out) * stride - (a.pad_top if axis == "h" else a.pad_left)
    at = start[:, None] + np.arange(k) * dilation
    return ((at >= 0) & (at < size)).sum(axis=1)


def _requant(a: Args, outputs: float) -> Counts:
    return {"kinked" if a.data("kink") is not None else "outputs": outputs}


# -- packed kernels -------------------------------------------------------------------------------


def conv_2d_packed(a: Args) -> Counts:
    pixels, tile = a.out_h * a.out_w, a.tile
    tiles = -(-pixels // tile)
    groups = -(-pixels // 4) if tile % 4 == 0 else 0
    three = a.data("three")
    with_three = int(three.sum()) if three is not None else 0
    with_two = a.out_c - with_three
    pairs = (a.taps + 1) // 2
    rest = pairs % 3
    threes = (pairs - rest) // 3 * 2
    found: Counts = {
        "two_taps": groups * (with_two * pairs + with_three * rest),
        "three_taps": groups * with_three * threes,
        "blocks": groups * (with_two * -(-pairs // 16) + with_three * -(-threes // 16)),
        "groups": groups * a.out_c,
        "rows": tiles * a.out_c,
        "widened": tiles * a.out_c * ((a.taps + 3) & ~3),
        "tiles": tiles,
        **_requant(a, pixels * a.out_c),
    }
    pointwise = a.taps == a.in_c and (a.stride_h, a.stride_w) == (1, 1)
    if pointwise and pixels == a.in_h * a.in_w:
        whole = a.in_c % 4 == 0
        found["pointwise_groups"] = groups
        found["packed_words" if whole else "packed_bytes"] = groups * a.in_c
        return found
    run = a.k_w * a.in_c
    whole = all(n % 4 == 0 for n in (run, a.stride_w * a.in_c, a.in_w * a.in_c))
    found["window_groups"] = groups
    found["runs"] = groups * a.k_h
    if a.copy_h > 0:
        found["copied_rows"] = min(a.in_h, a.copy_h - a.pad_top)
        found["copied"] = a.copy_h * a.copy_w * a.in_c
        whole = whole and (a.copy_w * a.in_c) % 4 == 0
    else:
        whole = whole and (a.pad_left * a.in_c) % 4 == 0
        edges, copies = _edges(a)
        found["edge_groups"] = edges
        found["edge_runs"] = edges * 4 * a.k_h
        found["edge_copies"] = copies
        found["edge_bytes"] = copies * run
        if a.dilation_w > 1:
            found["dilated"] = copies * a.k_w
    found["packed_words" if whole else "packed_bytes"] = groups * a.taps
    return found


def _edges(a: Args) -> tuple[int, int]:
    """Groups of four windows that do not all lie inside the input, or are dilated; and the rows
    of taps in them that are copied."""
    inside_y = _taps(a, "h", a.dilation_h)
    inside_x = (_taps(a, "w") == a.k_w) & (a.dilation_w == 1)
    each = np.where(inside_x[None, :], a.k_h - inside_y[:, None], a.k_h).reshape(-1)
    copied = np.concatenate([each, np.repeat(each[-1:], -len(each) % 4)]).reshape(-1, 4)
    if a.dilation_w > 1:
        return len(copied), int(copied.sum())
    edge = copied.any(axis=1)
    return int(edge.sum()), int(copied[edge].sum())


def transpose_conv_packed(a: Args) -> Counts:
    """Those of ``conv_2d_packed``, and the move's."""
    return {**conv_2d_packed(a), **{f"moved_{name}": n for name, n in move(a).items()}}


def conv_pool(a: Args) -> Counts:
    """Those of ``conv_2d_packed`` and, with another name, of ``max_pool_2d``, of each band."""
    total: Counts = {"bands": -(-a.out_h // (a.lines * a.pool_h))}
    for first in range(0, a.out_h, a.lines * a.pool_h):
        rows = min(a.lines * a.pool_h, a.out_h - first)
        band = a.changed(out_h=rows, pad_top=a.pad_top - first * a.stride_h)
        windows = rows * a.out_w * a.out_c  # no two of them share a tap
        pixels = rows // a.pool_h * (a.out_w // a.pool_w)
        found = {"call": 1.0, **conv_2d_packed(band), "pool_call": 1, "pool_taps": windows}
        found |= {
            "pool_lines": windows // a.pool_w,
            "pool_outputs": pixels * a.out_c,
            "pool_pixels": pixels,
        }
        for name, n in found.items():
            total[name] = total.get(name, 0) + n
    return total


def conv_2d_jit(a: Args) -> Counts:
    units = (a.out_h + 1) // 2
    tiles = -(-units // a.tile)
    groups = units * -(-a.out_w // 3)
    parts = min(a.stride_w, a.k_w)
    rows = a.in_c * parts * ((a.tile - 1) * a.stride_h + a.k_h) * tiles
    found, _ = _jit(a, tiles, groups)
    return found | {
        **_requant(a, a.out_h * a.out_w * a.out_c),
        "hops": groups * a.in_c * a.out_c,
        "lines": units * a.out_c,
        "filled": rows * (a.out_w + (a.k_w - 1) // a.stride_w),
        "plane_rows": rows,
        "planes": a.in_c * parts * tiles,
    }


def pointwise_jit(a: Args) -> Counts:
    sizes = [min(a.tile, a.pixels - i) for i in range(0, a.pixels, a.tile)]
    groups = sum((n + 5) // 6 for n in sizes)
    words = sum((n + 1) // 2 for n in sizes)
    found, zeros = _jit(a, len(sizes), groups)
    return found | {
        "outputs": a.pixels * a.out_c,
        "zeros": groups * zeros,
        "emitted_zeros": len(sizes) * zeros,
        "packed_words" if a.in_c % 4 == 0 else "packed_bytes": words * a.in_c,
        "pairs": words,
    }


def _jit(a: Args, tiles: int, groups: int) -> tuple[Counts, int]:
    """What both kernels do, and the weights that are 0."""
    weights = a.data("weights")
    assert weights is not None
    weights = weights.reshape(a.out_c, -1)  # equal bytes of another shape may stand for it
    runs = sum(jit_runs(channel) for channel in weights)
    nonzero = int(np.count_nonzero(weights))
    found: Counts = {
        "taps": groups * nonzero,
        "groups": groups * a.out_c,
        "runs": groups * runs,
        "rows": tiles * a.out_c,
        "emitted": tiles * nonzero,
        "emitted_runs": tiles * runs,
    }
    return found, weights.size - nonzero


def jit_runs(weights: np.ndarray) -> int:
    """Runs of one channel's code, as ``midge_jit_emit`` makes them (``midge_jit.h``)."""
    count, room = 0, 0
    for w in np.abs(weights.astype(np.int64)).tolist():
        if w > room:
            count, room = count + 1, 255
        room -= w if count else 0
    return count


def depthwise_packed(a: Args) -> Counts:
    half = (a.out_h + 1) // 2
    apart = (a.out_h - half) * a.stride_h
    rows, cols = (half - 1) * a.stride_h + 3, (a.out_w - 1) * a.stride_w + 3
    two = a.data("two")
    with_two = int(two.sum()) if two is not None else 0
    n = min(a.in_w, cols - a.pad_left)
    last, under = rows - a.pad_top, a.in_h - apart
    both = max(0, min(last, under))
    single = max(0, min(0, under) - max(-a.pad_top, -apart))
    single += max(0, min(last, a.in_h) - max(0, under))
    pairs = a.out_w // 2 if a.stride_w < 3 else 0
    stride = min(2, a.stride_w)
    return {
        f"pairs_{stride}_two": half * pairs * with_two,
        f"pairs_{stride}_three": half * pairs * (a.c - with_two),
        "alone_two": half * (a.out_w - 2 * pairs) * with_two,
        "alone_three": half * (a.out_w - 2 * pairs) * (a.c - with_two),
        "lines": half * a.c,
        "tiles": -(-half // a.tile) * a.c,
        "channels": a.c,
        "packed": n * both * a.c,
        "packed_rows": both * a.c,
        "padded": n * single * a.c,
        "padded_rows": single * a.c,
        "filled": rows * cols,
        **_requant(a, 2 * half * a.out_w * a.c),
    }


def fully_connected_packed(a: Args) -> Counts:
    groups = (a.out_c + 3) // 4
    finished = {"groups": a.rows * groups, **_requant(a, a.rows * a.out_c)}
    if a.chunk == 0:
        return {
            "direct_taps": a.rows * groups * (a.in_c // 2),
            "direct_odd": a.rows * groups * (a.in_c % 2),
            "direct_groups": a.rows * groups,
            "rows": a.rows,
            **finished,
        }
    chunks = -(-a.in_c // a.chunk)
    pairs = sum((min(a.chunk, a.in_c - i) + 1) // 2 for i in range(0, a.in_c, a.chunk))
    return {
        "two_taps": a.rows * groups * pairs,
        "calls": a.rows * groups * chunks,
        "packed": a.rows * pairs,
        "chunks": a.rows * chunks,
        **finished,
    }


# -- blocked kernels ------------------------------------------------------------------------------


def conv_2d_blocked(a: Args) -> Counts:
    pixels, taps = a.out_h * a.out_w, a.k_h * a.k_w * a.in_c
    tiles, groups = -(-pixels // a.tile), -(-pixels // 4)
    blocks, quads = (a.out_c + 3) // 4, (taps + 3) // 4
    runs = a.data("runs")
    pairs = np.zeros((1, 2)) if runs is None else runs.reshape(-1, 2).astype(np.int64)
    found: Counts = {
        "quads": groups * float(pairs[:, 0].sum()),
        "quads_apart": groups * float(pairs[:, 1].sum()),
        "runs": groups * len(pairs),
        "groups": groups * blocks,
        "blocks": tiles * blocks,
        "widened": (tiles * blocks * 4 + pixels) * quads,
        **_requant(a, pixels * a.out_c),
    }
    point = (a.k_h, a.k_w, a.stride_h, a.stride_w) == (1, 1, 1, 1)
    if not (point and pixels == a.in_h * a.in_w):
        lines, columns = _taps(a, "h", a.dilation_h), _taps(a, "w", a.dilation_w)
        inside = float((lines == a.k_h).sum() * (columns == a.k_w).sum()) * (a.dilation_w == 1)
        found["rows"] = inside * a.k_h
        found["copied"] = inside * taps
        found["edge_taps"] = (pixels - inside) * a.k_h * a.k_w
    return found


def depthwise_blocked(a: Args) -> Counts:
    outputs = a.out_h * a.out_w * a.c
    bands = -(-a.out_h // a.lines)
    long = a.lines == 1 and a.out_w > 64
    return {
        "sliding" if a.stride_w == 1 else "windows": outputs,
        "lines": a.out_h * a.c,
        "channels": (a.out_h * -(-a.out_w // 64) if long else bands) * a.c,
        "copied": a.in_h * a.in_w * a.c + bands * max(0, 3 - a.stride_h) * a.out_w * a.c,
        **_requant(a, outputs),
    }


def fully_connected_blocked(a: Args) -> Counts:
    quads = (a.in_c + 3) // 4
    return {
        "quads": a.rows * ((a.out_c + 3) // 4) * quads,
        "widened": a.rows * quads,
        **_requant(a, a.rows * a.out_c),
    }


# -- plain kernels --------------------------------------------------------------------------------


def conv_2d(a: Args) -> Counts:
    pixels, outputs = a.out_h * a.out_w, a.out_h * a.out_w * a.out_c
    one_tap = (a.k_h, a.k_w, a.stride_h, a.stride_w) == (1, 1, 1, 1)
    same = (a.in_h, a.in_w) == (a.out_h, a.out_w)
    if one_tap and a.groups == 1 and a.in_offset == 0 and same:
        return {"point_products": outputs * a.in_c, "point_outputs": outputs, "pixels": pixels}
    lines, columns = _taps(a, "h", a.dilation_h), _taps(a, "w", a.dilation_w)
    depth = a.in_c // a.groups
    joined = a.dilation_w * a.in_c == depth
    runs = float(lines.sum()) * (a.out_w if joined else float(columns.sum()))
    return {
        "products": float(lines.sum() * columns.sum()) * depth * a.out_c,
        "runs": runs * a.out_c,
        "lines": float(lines.sum()) * a.out_w * a.out_c,
        "outputs": outputs,
        "pixels": pixels,
    }


def transpose_conv(a: Args) -> Counts:
    runs = []
    for axis, before in (("h", a.pad_top), ("w", a.pad_left)):
        out, stride, k, size = (getattr(a, f"{n}_{axis}") for n in ("out", "stride", "k", "in"))
        tap = np.arange(out)[:, None] + before - np.arange(size) * stride
        runs.append(float(((tap >= 0) & (tap < k)).sum()))
    found = runs[0] * runs[1] * a.out_c
    return {
        "products": found * a.in_c,
        "runs": found,
        "lines": runs[0] * a.out_w * a.out_c,
        "outputs": a.out_h * a.out_w * a.out_c,
        "pixels": a.out_h * a.out_w,
    }


def depthwise_conv_2d(a: Args) -> Counts:
    lines, columns = _taps(a, "h", a.dilation_h), _taps(a, "w", a.dilation_w)
    out_c = a.in_c * a.multiplier
    return {
        "products": float(lines.sum() * columns.sum()) * out_c,
        "lines": float(lines.sum()) * a.out_w * out_c,
        "outputs": a.out_h * a.out_w * out_c,
        "channels": a.out_h * a.out_w * a.in_c,
        "pixels": a.out_h * a.out_w,
    }


def fully_connected(a: Args) -> Counts:
    outputs = a.rows * a.out_c
    wide = a.data("mult_low") is not None
    return {
        "products": outputs * a.in_c,
        "wide_outputs" if wide else "outputs": outputs,
        "rows": a.rows,
        "offset_inputs": a.rows * a.in_c if a.weights_offset else 0,
    }


def _pool(a: Args) -> Counts:
    lines, columns = _taps(a, "h"), _taps(a, "w")
    return {
        "taps": float(lines.sum() * columns.sum()) * a.c,
        "lines": float(lines.sum()) * a.out_w * a.c,
        "outputs": a.out_h * a.out_w * a.c,
        "pixels": a.out_h * a.out_w,
    }


def mean(a: Args) -> Counts:
    outputs = a.keep_0 * a.keep_1
    return {
        "inputs": outputs * a.reduce_0 * a.reduce_1,
        "runs": outputs * a.reduce_0,
        "outputs": outputs,
    }


def _walked(a: Args) -> Counts:
    lines = a.dim_0 * a.dim_1 * a.dim_2
    return {"outputs": lines * a.dim_3, "lines": lines}


def _size(a: Args) -> Counts:
    return {"outputs": a.size}


def softmax(a: Args) -> Counts:
    return {"outputs": a.rows * a.depth, "rows": a.rows}


def move(a: Args) -> Counts:
    walk = a.data("walk")
    runs = int(walk[: 3 * a.axes : 3].prod()) if walk is not None else 0
    return {"runs": runs, "bytes": runs * a.run_bytes}


def copy(a: Args) -> Counts:
    return {"rows": a.rows, "bytes": a.rows * a.row_bytes}


def pad(a: Args) -> Counts:
    rows = a.in_0 * a.in_1 * a.in_2
    return {
        "rows": rows,
        "bytes": rows * a.in_3,
        "filled": a.out_0 * a.out_1 * a.out_2 * a.out_3,
    }


_COUNTS: dict[str, Callable[[Args], Counts]] = {
    "conv_2d": conv_2d,
    "conv_2d_jit": conv_2d_jit,
    "conv_pool": conv_pool,
    "conv_2d_blocked": conv_2d_blocked,
    "pointwise_jit": pointwise_jit,
    "conv_2d_packed": conv_2d_packed,
    "transpose_conv": transpose_conv,
    "transpose_conv_packed": transpose_conv_packed,
    "move": move,
    "depthwise_conv_2d": depthwise_conv_2d,
    "depthwise_blocked": depthwise_blocked,
    "depthwise_packed": depthwise_packed,
    "fully_connected": fully_connected,
    "fully_connected_blocked": fully_connected_blocked,
    "fully_connected_packed": fully_connected_packed,
    "max_pool_2d": _pool,
    "average_pool_2d": _pool,
    "mean": mean,
    "add": _walked,
    "mul": _walked,
    "add_tables": _size,
    "lookup": _size,
    "quantize": _size,
    "dequantize": _size,
    "softmax": softmax,
    "copy": copy,
    "pad": pad,
    "trees": counts_classical.trees,
    "scale_features": counts_classical.scale_features,
    "rank_features": counts_classical.rank_features,
    **counts_dsp.COUNTS,
    "gaussian": counts_classical.gaussian,
    "neighbors": counts_classical.neighbors,
    "softmax_32": counts_classical.size,
    "log_sum_exp": counts_classical.size,
    "fully_connected_16": counts_16.fully_connected,
    "softmax_16": softmax,
    "sigmoid_16": _size,
}
