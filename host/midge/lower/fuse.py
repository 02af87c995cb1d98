"""Fusion: a convolution and its max pooling in one kernel, in bands of lines.

The convolution's output, the largest activation of many small networks, is then never there as a
whole. It is a candidate of the pooling: :mod:`midge.choose` weighs it against the two by
themselves.
"""

from __future__ import annotations

from midge.graph import Op
from midge.lower import leads
from midge.lower.context import Lowering
from midge.lower.packed import number, tile_bytes, tiles
from midge.program import BufferRef, Candidate, Param

_LEAST_TILE = 8  # pixels; below, widening the weights takes longer than using them
_BANDS = (2, 3, 4, 6, 8, 12, 16, 32)  # that an output is computed in


def conv_pool(low: Lowering, op: Op) -> None:
    """Adds ``conv_pool`` to the candidates of the MAX_POOL_2D that was lowered just now, where
    its input is a convolution's that nothing else reads and the packed kernel is proven right."""
    pool = low.layers[-1].candidates[0]
    source = pool.params["in"]
    if pool.kernel != "max_pool_2d" or not isinstance(source, BufferRef):
        return
    users = [each for each in low.graph.ops if op.inputs[0] in each.inputs]
    makers = [each.kind for each in low.graph.ops if op.inputs[0] in each.outputs]
    if makers != ["CONV_2D"] or users != [op] or op.inputs[0] in low.graph.outputs:
        return
    conv = next(each for each in low.layers if each.candidates[0].params["out"] == source)
    base = next((c for c in conv.candidates if c.kernel == "conv_2d_packed"), None)
    if base is not None and _side_by_side(pool) and not _padded_point(base.params):
        low.fused(_candidates(low, base.params, pool.params, source))


def _side_by_side(pool: Candidate) -> bool:
    """Whether the windows lie side by side, all of them inside the input."""
    p = {k: v for k, v in pool.params.items() if isinstance(v, int)}
    return all(
        p[f"stride_{axis}"] == p[f"k_{axis}"]
        and p[before] == 0
        and p[f"out_{axis}"] * p[f"k_{axis}"] <= p[f"in_{axis}"]
        for axis, before in (("h", "pad_top"), ("w", "pad_left"))
    )


def _padded_point(params: dict[str, Param]) -> bool:
    """Windows of one pixel on a padded input: the kernel takes a band of as many pixels as the
    input has for the input itself."""
    p = {k: v for k, v in params.items() if isinstance(v, int)}
    return p["taps"] == p["in_c"] and (p["out_h"] > p["in_h"] or p["out_w"] > p["in_w"])


def _candidates(
    low: Lowering, conv: dict[str, Param], pool: dict[str, Param], between: BufferRef
) -> list[Candidate]:
    """Bands of several heights, tiles of several sizes; none that need what they save."""
    pool_h, pool_w = number(pool["k_h"]), number(pool["k_w"])
    height, width = number(pool["out_h"]), number(pool["out_w"]) * pool_w
    name = low.buffers[between.buffer].name
    room = low.buffers[between.buffer].nbytes + tile_bytes(conv, 4)  # of the smallest unfused
    shared: dict[str, Param] = {
        **conv,
        "out": pool["out"],
        "out_h": height * pool_h,
        "out_w": width,
        "copy_h": 0,
        "copy_w": 0,
        "pool_h": pool_h,
        "pool_w": pool_w,
        "pool_min": pool["act_min"],
        "pool_max": pool["act_max"],
    }
    found = []
    for lines in dict.fromkeys(-(-height // bands) for bands in (*_BANDS, height)):
        pixels = lines * pool_h * width
        band = pixels * number(conv["out_c"])
        for tile in tiles(pixels, number(conv["taps"])):
            scratch = tile_bytes(conv, tile)
            small = tile < _LEAST_TILE and tile < pixels
            if small or band + scratch >= room:
                continue
            params: dict[str, Param] = {
                **shared,
                "tile": tile,
                "lines": lines,
                "scratch": low.scratch(f"{name}/packed", scratch),
                "scratch_band": low.scratch(f"{name}/band", band),
            }
            note = f"with CONV_2D: {lines} lines a band, {tile} pixels a tile"
            lead = {"in": leads.pooled(params)}
            found.append(Candidate("conv_pool", params, lead, note, between.buffer))
    return found
