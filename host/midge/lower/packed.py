"""The packed kernels: whether they may be used, and their constants (``midge_packed.h``).

Each function looks at a layer that is lowered for the plain kernel, and gives its candidates: none
where no proof is found.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from midge import abi, lanes, requant
from midge.lower import leads
from midge.lower.context import Lowering
from midge.program import ANYWHERE, Candidate, Lead, Param

TILE_BYTES = 65536  # of packed pixels at most
COPY_BYTES = 16384  # of an input with its padding at most
CHUNKS = (32, 64, 128, 256)  # inputs of a dense layer packed at a time, 6 bytes of scratch each


@dataclasses.dataclass(frozen=True)
class Layer:
    """What the packed kernels need to know: weights int8 [out_c, taps], their bias with the
    input's zero point in it (int64), one rule and slope for each channel, and the largest size
    of a sum for which the rule holds."""

    name: str
    weights: np.ndarray
    bias: np.ndarray
    rules: list[requant.Rule]
    scales: list[float]
    limits: list[int]
    act_min: int
    act_max: int


def constants(low: Lowering, layer: Layer, one_rule: bool = False) -> dict[str, Param] | None:
    """``bias``, ``requant`` and ``kink``; ``None`` if a channel has no proven constants.

    ``one_rule``: all channels have the same rule and share one row of constants.
    """
    least, most = lanes.extremes(layer.weights.astype(np.int64))
    if one_rule:  # what holds for the widest range holds for every channel
        least = np.full_like(least, (layer.bias + least).min()) - layer.bias
        most = np.full_like(most, (layer.bias + most).max()) - layer.bias
    found: list[requant.Constants] = []
    for c, rule in enumerate(layer.rules):
        ends = int(layer.bias[c] + least[c]), int(layer.bias[c] + most[c])
        if one_rule and found:
            found.append(found[0])
            continue
        if max(abs(ends[0]), abs(ends[1])) > layer.limits[c]:
            return None
        channel = requant.Channel(rule, layer.scales[c], *ends, layer.act_min, layer.act_max)
        one = requant.search(channel)
        if one is None:
            return None
        found.append(one)
    bias = layer.bias - np.array([one.base for one in found], np.int64)
    rows = found[:1] if one_rule else found
    words = np.array([one.words() for one in rows], np.int64).astype(np.int32)
    kink: Param = abi.NONE
    if any(one.split for one in found):
        table = np.array([(one.split, one.add_below) for one in rows], np.int64)
        kink = low.const(f"{layer.name}/kink", table.astype(np.int32), "requant")
    wrapped = ((bias + 2**31) % 2**32 - 2**31).astype(np.int32)
    return {
        "bias": low.const(f"{layer.name}/bias", wrapped, "bias"),
        "requant": low.const(f"{layer.name}/requant", words, "requant"),
        "kink": kink,
        "act_min": layer.act_min,
        "act_max": layer.act_max,
    }


def conv_2d(low: Lowering, layer: Layer, plain: dict[str, Param]) -> list[Candidate]:
    """``conv_2d_packed`` with tiles of several sizes. ``plain``: ``conv_2d``'s parameters."""
    taps = layer.weights.shape[1]
    if plain["groups"] != 1 or not lanes.runs_fit(layer.weights, 2).all():
        return []
    shared = constants(low, layer)
    if shared is None:
        return []
    padded = np.zeros((len(layer.weights), (taps + 3) & ~3), np.int8)
    padded[:, :taps] = layer.weights
    shared |= {
        **kept(plain, "conv_2d_packed"),
        "weights": low.const(f"{layer.name}/weights", padded),
        "three": low.const(f"{layer.name}/three", _three(layer.weights), "requant"),
        "taps": taps,
    }
    found = []
    for copy in dict.fromkeys([(0, 0), _copy(plain)]):
        for tile in tiles(number(plain["out_h"]) * number(plain["out_w"]), taps):
            scratch = tile_bytes(shared, tile) + copy[0] * copy[1] * number(plain["in_c"])
            params: dict[str, Param] = {
                **shared,
                "scratch": low.scratch(f"{layer.name}/packed", scratch),
                "tile": tile,
                "copy_h": copy[0],
                "copy_w": copy[1],
            }
            # a tile is packed, then written; a copy of the input is the first thing made
            lead = Lead(ANYWHERE) if copy[0] else leads.tiles(params, tile)
            note = f"{tile} pixels a tile" + (", padded copy" if copy[0] else "")
            found.append(Candidate("conv_2d_packed", params, {"in": lead}, note))
    return found


def tile_bytes(params: dict[str, Param], tile: int) -> int:
    """``conv_2d_packed``'s scratch, without a copy of the input."""
    taps, run = number(params["taps"]), number(params["k_w"]) * number(params["in_c"])
    sums = 4 * ((taps + 3) & ~3) + 4 * tile  # and one channel's weights
    return tile // 4 * ((taps + 1) // 2) * 16 + sums + 4 * ((run + 3) & ~3)


def tiles(pixels: int, taps: int) -> list[int]:
    """Pixels packed at a time, a multiple of 4: all, a half, a third, a quarter..."""
    most = max(4, TILE_BYTES // (2 * taps) & ~3)
    counts = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024]
    tiles = [min(most, (-(-pixels // n) + 3) & ~3) for n in counts]
    return list(dict.fromkeys([*tiles, 8, 4] if pixels > 8 else tiles))


def _copy(plain: dict[str, Param]) -> tuple[int, int]:
    """Size of a copy of the input with its padding, or zeros: no padding, or too large."""
    sizes, inside = [], True
    for axis, before in (("h", "pad_top"), ("w", "pad_left")):
        p = {k: number(plain[f"{k}_{axis}"]) for k in ("out", "stride", "k", "dilation", "in")}
        size = (p["out"] - 1) * p["stride"] + (p["k"] - 1) * p["dilation"] + 1
        inside &= number(plain[before]) == 0 and size <= p["in"]
        sizes.append(size)
    if inside or sizes[0] * sizes[1] * number(plain["in_c"]) > COPY_BYTES:
        return 0, 0
    return sizes[0], sizes[1]


def _three(weights: np.ndarray) -> np.ndarray:
    """int8 [out_c]: 1 where runs of three taps, then at most two of two, fit the lanes."""
    pairs = (weights.shape[1] + 1) // 2
    split = (pairs - pairs % 3) * 2
    if split == 0:
        return np.zeros(len(weights), np.int8)
    fits = lanes.runs_fit(weights[:, :split], 3) & lanes.runs_fit(weights[:, split:], 2)
    return fits.astype(np.int8)


def depthwise(low: Lowering, layer: Layer, plain: dict[str, Param]) -> list[Candidate]:
    """``depthwise_packed``."""
    shape = [plain[k] for k in ("k_h", "k_w", "multiplier", "dilation_h", "dilation_w")]
    if shape != [3, 3, 1, 1, 1] or max(number(plain["pad_top"]), number(plain["pad_left"])) > 2:
        return []
    rows = layer.weights.reshape(-1, 3)
    if not lanes.runs_fit(rows, 2).all():
        return []
    two = ~lanes.runs_fit(layer.weights, 3)
    shared = constants(low, layer)
    if shared is None:
        return []
    half, width = (number(plain["out_h"]) + 1) // 2, number(plain["out_w"])
    plane_rows = (half - 1) * number(plain["stride_h"]) + 3
    plane_cols = (width - 1) * number(plain["stride_w"]) + 3
    shared |= {
        **kept(plain, "depthwise_packed"),
        "two": low.const(f"{layer.name}/two", two.astype(np.int8), "requant"),
        "weights": low.const(f"{layer.name}/weights", layer.weights.T),
        "c": plain["in_c"],
    }
    # a channel's plane is packed, then the channel is written
    lead = leads.planes(number(plain["in_c"]))
    found = []
    for tile in sorted({-(-half // n) for n in (1, 2, 3, 4, 6, 8, 12, 16, half)}):
        scratch = 4 * plane_rows * plane_cols + 8 * tile * width
        params: dict[str, Param] = {
            **shared,
            "tile": tile,
            "scratch": low.scratch(f"{layer.name}/packed", scratch),
        }
        note = f"{tile} lines a tile"
        found.append(Candidate("depthwise_packed", params, {"in": lead}, note))
    return found


def fully_connected(low: Lowering, layer: Layer, plain: dict[str, Param]) -> list[Candidate]:
    """``fully_connected_packed`` with chunks of several sizes."""
    if plain["weights_offset"] != 0 or not lanes.runs_fit(layer.weights, 2).all():
        return []
    one_rule = len(set(layer.scales)) == 1
    shared = constants(low, layer, one_rule)
    if shared is None:
        return []
    out_c, in_c = layer.weights.shape
    even = (in_c + 1) & ~1
    padded = np.zeros(((out_c + 3) & ~3, even), np.int16)
    padded[:out_c, :in_c] = layer.weights
    # [group of 4][pair of taps][pair of outputs][output][tap]
    ordered = (padded + 128).reshape(-1, 2, 2, even // 2, 2).transpose(0, 3, 1, 2, 4)
    words = ordered.astype(np.uint8).reshape(-1, 4).copy().view(np.int32)
    shared |= {
        **kept(plain, "fully_connected_packed"),
        "weights": low.const(f"{layer.name}/weights", words.reshape(-1)),
        "per_channel": int(not one_rule),
    }
    # a row's last chunk is packed, then the row is written
    lead = leads.matrix(number(plain["rows"]), in_c, out_c, out_c)
    found = []
    direct: dict[str, Param] = {**shared, "scratch": abi.NONE, "chunk": 0}
    four = leads.matrix(number(plain["rows"]), in_c, out_c, 4)  # which need the whole row
    found.append(Candidate("fully_connected_packed", direct, {"in": four}, "no scratch"))
    for chunk in sorted({even, *(c for c in CHUNKS if c < even)}):
        groups = (out_c + 3) // 4 if chunk < in_c else 1
        params: dict[str, Param] = {
            **shared,
            "scratch": low.scratch(f"{layer.name}/packed", chunk // 2 * 12 + 16 * groups),
            "chunk": chunk,
        }
        note = f"{min(chunk, in_c)} inputs a chunk"
        found.append(Candidate("fully_connected_packed", params, {"in": lead}, note))
    return found


def kept(plain: dict[str, Param], kernel: str) -> dict[str, Param]:
    """The parameters that both kernels have."""
    names = {field.name for field in abi.load().kernels[kernel].fields}
    kept = {k: v for k, v in plain.items() if k in names}
    if "pad_value" in names:
        kept["pad_value"] = plain["pad_value"]
    return kept


def number(value: Param) -> int:
    """A parameter that is a plain number."""
    assert isinstance(value, int)
    return value
