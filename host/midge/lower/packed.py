"""The packed kernels: whether they may be used, and their constants (``midge_packed.h``).

Each function looks at a layer that is lowered for the plain kernel and replaces its parameters,
or gives ``None`` where no proof is found or the plain kernel is quicker.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from midge import abi, lanes, requant
from midge.lower import leads
from midge.lower.context import Lowering
from midge.program import ANYWHERE, Lead, Param

TILE = 64  # pixels at least: widening a channel's weights costs 4 cycles a tap and tile
TILE_BYTES = 10240  # of packed pixels, where more than TILE fit
ACC_BYTES = 1024  # of a channel's sums before requantization, DEPTHWISE_CONV_2D

CHUNK = 128  # inputs of a dense layer, 6 bytes of scratch each
WORTH_MACS = 512  # below, setting up costs more than is saved, and scratch more still
COPY_BYTES = 1024  # of an input with its padding: cheaper than copies of windows at the edges


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


def worth_trying(low: Lowering, macs: int) -> bool:
    """Whether the packed kernel may be chosen and is expected to be quicker."""
    return low.kernels == "packed" or (low.kernels == "auto" and macs >= WORTH_MACS)


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


def conv_2d(low: Lowering, layer: Layer, plain: dict[str, Param]) -> dict[str, Param] | None:
    """Parameters of ``conv_2d_packed``. ``plain``: the geometry, as ``conv_2d`` has it."""
    taps = layer.weights.shape[1]
    if plain["groups"] != 1 or not lanes.runs_fit(layer.weights, 2).all():
        return None
    shared = constants(low, layer)
    if shared is None:
        return None
    padded = np.zeros((len(layer.weights), (taps + 3) & ~3), np.int8)
    padded[:, :taps] = layer.weights
    pixels = number(plain["out_h"]) * number(plain["out_w"])
    tile = min((pixels + 3) & ~3, max(TILE, TILE_BYTES // (2 * taps) & ~3))
    run = number(plain["k_w"]) * number(plain["in_c"])
    scratch = tile // 4 * ((taps + 1) // 2) * 16 + 4 * padded.shape[1] + 4 * tile
    scratch += 4 * ((run + 3) & ~3)
    copy = _copy(plain)
    scratch += copy[0] * copy[1] * number(plain["in_c"])
    return {
        **_kept(plain, "conv_2d_packed"),
        **shared,
        "weights": low.const(f"{layer.name}/weights", padded),
        "three": low.const(f"{layer.name}/three", _three(layer.weights), "requant"),
        "scratch": low.scratch(f"{layer.name}/packed", scratch),
        "taps": taps,
        "tile": tile,
        "copy_h": copy[0],
        "copy_w": copy[1],
    }


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


def lead(kernel: str, params: dict[str, Param]) -> Lead:
    """Where a packed kernel's output may lie over its input."""
    if kernel == "depthwise_packed":  # packs a channel's plane, then writes the channel
        return leads.planes(number(params["c"]))
    if kernel == "fully_connected_packed":  # packs a row's last chunk, then writes the row
        in_c, out_c = number(params["in_c"]), number(params["out_c"])
        return leads.matrix(number(params["rows"]), in_c, out_c, out_c)
    if number(params["copy_h"]) > 0:
        return Lead(ANYWHERE)
    return leads.tiles(params, number(params["tile"]))  # packs a tile, then writes it


def depthwise(low: Lowering, layer: Layer, plain: dict[str, Param]) -> dict[str, Param] | None:
    """Parameters of ``depthwise_packed``."""
    shape = [plain[k] for k in ("k_h", "k_w", "multiplier", "dilation_h", "dilation_w")]
    if shape != [3, 3, 1, 1, 1] or max(number(plain["pad_top"]), number(plain["pad_left"])) > 2:
        return None
    rows = layer.weights.reshape(-1, 3)
    if not lanes.runs_fit(rows, 2).all():
        return None
    two = ~lanes.runs_fit(layer.weights, 3)
    shared = constants(low, layer)
    if shared is None:
        return None
    half, width = (number(plain["out_h"]) + 1) // 2, number(plain["out_w"])
    plane_rows = (half - 1) * number(plain["stride_h"]) + 3
    plane_cols = (width - 1) * number(plain["stride_w"]) + 3
    tile = min(half, max(1, ACC_BYTES // (8 * width)))
    return {
        **_kept(plain, "depthwise_packed"),
        **shared,
        "two": low.const(f"{layer.name}/two", two.astype(np.int8), "requant"),
        "scratch": low.scratch(
            f"{layer.name}/packed", 4 * plane_rows * plane_cols + 8 * tile * width
        ),
        "tile": tile,
        "weights": low.const(f"{layer.name}/weights", layer.weights.T),
        "c": plain["in_c"],
    }


def fully_connected(
    low: Lowering, layer: Layer, plain: dict[str, Param]
) -> dict[str, Param] | None:
    """Parameters of ``fully_connected_packed``."""
    if plain["weights_offset"] != 0 or not lanes.runs_fit(layer.weights, 2).all():
        return None
    one_rule = len(set(layer.scales)) == 1
    shared = constants(low, layer, one_rule)
    if shared is None:
        return None
    out_c, in_c = layer.weights.shape
    even = (in_c + 1) & ~1
    groups = (out_c + 3) // 4 if in_c > CHUNK else 1
    scratch = min(even, CHUNK) // 2 * 12 + 16 * groups
    padded = np.zeros(((out_c + 3) & ~3, even), np.int16)
    padded[:out_c, :in_c] = layer.weights
    # [group of 4][pair of taps][pair of outputs][output][tap]
    ordered = (padded + 128).reshape(-1, 2, 2, even // 2, 2).transpose(0, 3, 1, 2, 4)
    words = ordered.astype(np.uint8).reshape(-1, 4).copy().view(np.int32)
    return {
        **_kept(plain, "fully_connected_packed"),
        **shared,
        "weights": low.const(f"{layer.name}/weights", words.reshape(-1)),
        "scratch": low.scratch(f"{layer.name}/packed", scratch),
        "chunk": CHUNK,
        "per_channel": int(not one_rule),
    }


def _kept(plain: dict[str, Param], kernel: str) -> dict[str, Param]:
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
