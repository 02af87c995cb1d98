"""The blocked kernels for Cortex-M33 and RV32: their candidates (``midge_blocked.h``).

Each function looks at a layer that is lowered for the plain kernel, and gives its candidates: none
where no proof is found.
"""

from __future__ import annotations

import numpy as np

from midge import lanes
from midge.lower import leads, packed
from midge.lower.context import Lowering
from midge.lower.packed import Layer, number
from midge.program import Candidate, Param

TILES = (8, 16, 32, 64)  # pixels widened at a time
WINDOWS = (1, 16, 64)  # of a depthwise layer at a time, whole lines


def conv_2d(low: Lowering, layer: Layer, plain: dict[str, Param]) -> list[Candidate]:
    """``conv_2d_blocked`` with tiles of several sizes. ``plain``: ``conv_2d``'s parameters."""
    out_c, taps = layer.weights.shape
    room = (taps + 3) & ~3
    padded = np.zeros((out_c, room), np.int8)
    padded[:, :taps] = layer.weights
    two, four = _fit(padded)
    if plain["groups"] != 1 or not two:
        return []
    shared = packed.constants(low, layer)
    if shared is None:
        return []
    shared |= {
        **packed.kept(plain, "conv_2d_blocked"),
        "weights": low.const(f"{layer.name}/weights", padded),
        "runs": low.const(f"{layer.name}/runs", _runs(four), "requant"),
    }
    pixels = number(plain["out_h"]) * number(plain["out_w"])
    fixed = 8 * room if _direct(plain) else 12 * room  # widened weights, copies of four windows
    found = []
    for tile in sorted({min((pixels + 3) & ~3, tile) for tile in TILES}):
        scratch = 2 * tile * room + 16 * tile + fixed
        params: dict[str, Param] = {
            **shared,
            "scratch": low.scratch(f"{layer.name}/blocked", scratch),
            "tile": tile,
        }
        lead = leads.tiles(params, tile)  # widened, then written
        note = f"{tile} pixels a tile"
        found.append(Candidate("conv_2d_blocked", params, {"in": lead}, note))
    return found


def _fit(weights: np.ndarray) -> tuple[bool, np.ndarray]:
    """Whether sums fit 16 bits: of the two taps of each word, all of them; of a quad's four taps,
    bool [channels, quads].

    Below such a sum lies a lane of products that nobody wants, of the word's first tap and its
    second weight. It must not carry into the sum: it has to fit as well. One product always does.
    """
    quads = weights.reshape(-1, 4)
    words = np.concatenate([quads[:, [0, 2]], quads[:, [1, 3]]])
    two = bool(lanes.runs_fit(words, 2).all())
    four = lanes.runs_fit(quads, 4) & lanes.runs_fit(quads[:, 2:], 2)
    return two, four.reshape(len(weights), -1)


def _runs(four: np.ndarray) -> np.ndarray:
    """uint8: for each four channels, pairs: how many quads fit, how many then do not."""
    out: list[int] = []
    for first in range(0, len(four), 4):
        fits = [bool(one.all()) for one in four[first : first + 4].T]
        done = 0
        while done < len(fits):
            for state in (True, False):
                part = fits[done : done + 255]
                n = part.index(not state) if (not state) in part else len(part)
                out.append(n)
                done += n
    return np.array(out, np.uint8)


def _direct(plain: dict[str, Param]) -> bool:
    """Whether windows are pixels of whole words, of which none is copied."""
    one = all(plain[k] == 1 for k in ("k_h", "k_w", "stride_h", "stride_w"))
    alike = all(plain[f"in_{axis}"] == plain[f"out_{axis}"] for axis in "hw")
    return one and alike and number(plain["in_c"]) % 4 == 0


def depthwise(low: Lowering, layer: Layer, plain: dict[str, Param]) -> list[Candidate]:
    """``depthwise_blocked`` with bands of several heights."""
    shape = [plain[k] for k in ("k_h", "k_w", "multiplier", "dilation_h", "dilation_w")]
    if shape != [3, 3, 1, 1, 1] or max(number(plain["pad_top"]), number(plain["pad_left"])) > 2:
        return []
    shared = packed.constants(low, layer)
    if shared is None:
        return []
    shared |= {
        **packed.kept(plain, "depthwise_blocked"),
        "weights": low.const(f"{layer.name}/weights", layer.weights.T),
        "c": plain["in_c"],
    }
    c, height, width = (number(plain[k]) for k in ("in_c", "out_h", "out_w"))
    cols = (width - 1) * number(plain["stride_w"]) + 3
    found = []
    for lines in sorted({max(1, min(height, n // width)) for n in WINDOWS}):
        rows = (lines - 1) * number(plain["stride_h"]) + 3
        # a table, the rows; up to three bytes before them, and three that are read behind
        scratch = 40 * ((c + 3) & ~3) + rows * ((cols * c + 3) & ~3) + 8
        params: dict[str, Param] = {
            **shared,
            "lines": lines,
            "scratch": low.scratch(f"{layer.name}/band", scratch),
        }
        note = f"{lines} lines a band"
        lead = leads.bands(params, c)
        found.append(Candidate("depthwise_blocked", params, {"in": lead}, note))
    return found


def fully_connected(low: Lowering, layer: Layer, plain: dict[str, Param]) -> list[Candidate]:
    """``fully_connected_blocked``."""
    if plain["weights_offset"] != 0:
        return []
    one_rule = len(set(layer.scales)) == 1
    shared = packed.constants(low, layer, one_rule)
    if shared is None:
        return []
    out_c, in_c = layer.weights.shape
    padded = np.zeros(((out_c + 3) & ~3, (in_c + 3) & ~3), np.int8)
    padded[:out_c, :in_c] = layer.weights
    ordered = padded.reshape(-1, 4, padded.shape[1] // 4, 4).transpose(0, 2, 1, 3)
    params: dict[str, Param] = {
        **packed.kept(plain, "fully_connected_blocked"),
        **shared,
        "weights": low.const(f"{layer.name}/weights", ordered),
        "scratch": low.scratch(f"{layer.name}/wide", 2 * padded.shape[1]),
        "per_channel": int(not one_rule),
    }
    # a row is widened, then written
    lead = leads.matrix(number(plain["rows"]), in_c, out_c, out_c)
    return [Candidate("fully_connected_blocked", params, {"in": lead})]
