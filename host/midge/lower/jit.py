"""``conv_2d_jit``, ``pointwise_jit``: weights as immediates (``midge_jit.h``).

A channel's code takes the place of loading its weights. It is written once for each tile of
pixels, and needs RAM beside the packed input: it pays on large maps.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from midge import abi
from midge.cost.counts import jit_runs
from midge.lower import leads, packed
from midge.lower.context import Lowering
from midge.program import ANYWHERE, Candidate, Lead, Param

PLACES_END = 65536  # of places, uint16 bytes
LEAST_PIXELS = 32  # of a tile, for which writing a channel's code may pay


@dataclasses.dataclass(frozen=True)
class Shape:
    """What is packed: ``pixels`` that follow each other, or planes of ``lines``."""

    planes: bool
    units: int  # pixels, or lines of output in each lane
    in_c: int
    k_h: int
    k_w: int
    stride_h: int
    stride_w: int
    out_h: int
    out_w: int

    @property
    def cols(self) -> int:
        return self.out_w + (self.k_w - 1) // self.stride_w

    @property
    def pitch(self) -> int:
        """Words from a row of a plane to the next."""
        return min(self.stride_w, self.k_w) * self.cols

    def words(self, tile: int) -> int:
        """Words of packed input."""
        if not self.planes:
            return (tile + 5) // 6 * 3 * self.in_c
        return self.in_c * ((tile - 1) * self.stride_h + self.k_h) * self.pitch + 2

    def groups(self, tile: int) -> int:
        """Groups of three words of a whole tile."""
        return tile * -(-self.out_w // 3) if self.planes else (tile + 5) // 6

    def order(self) -> np.ndarray:
        """The taps of [k_h][k_w][in_c] in the order of their places."""
        taps = np.arange(self.k_h * self.k_w * self.in_c)
        if not self.planes:
            return taps
        at = taps.reshape(self.k_h, self.k_w, self.in_c).transpose(2, 0, 1)
        parts = [at[:, :, part :: self.stride_w] for part in range(min(self.stride_w, self.k_w))]
        return np.concatenate(parts, axis=2).reshape(-1)

    def places(self, tile: int) -> np.ndarray:
        """Bytes to each tap's words, then to the next group's: as the kernel computes them."""
        if not self.planes:
            return 12 * np.arange(self.in_c + 1)
        plane = ((tile - 1) * self.stride_h + self.k_h) * self.pitch
        channel = plane * np.arange(self.in_c)[:, None, None]
        row = self.pitch * np.arange(self.k_h)[None, :, None]
        parts = range(min(self.stride_w, self.k_w))
        col = [part * self.cols + n // self.stride_w for part in parts
               for n in range(part, self.k_w, self.stride_w)]  # fmt: skip
        at = 4 * (channel + row + np.array(col)[None, None, :])
        return np.append(at.reshape(-1), 12)


def shape_of(plain: dict[str, Param], may_be_pixels: bool) -> Shape:
    p = {k: v for k, v in plain.items() if isinstance(v, int)}
    same = may_be_pixels and p["k_h"] == p["k_w"] == p["stride_h"] == p["stride_w"] == 1
    same = same and (p["in_h"], p["in_w"]) == (p["out_h"], p["out_w"])
    units = p["out_h"] * p["out_w"] if same else (p["out_h"] + 1) // 2
    names = [field.name for field in dataclasses.fields(Shape)][2:]
    return Shape(not same, units, **{name: p[name] for name in names})


def code_bytes(weights: np.ndarray, places: np.ndarray, planes: bool) -> int:
    """Bytes of code that ``midge_jit_emit`` (``_planes``) writes for one channel."""
    taps = np.flatnonzero(weights) if planes else np.arange(len(weights))
    n_runs = jit_runs(weights)
    if not planes:
        nonzero = np.count_nonzero(weights)
        return int(16 * nonzero + 4 * (len(weights) - nonzero) + 24 * n_runs + 8)
    steps = np.diff(np.concatenate([[-12], places[taps], places[-1:]])) - 12
    jumps = 2 * np.count_nonzero(steps) + 6 * np.count_nonzero(np.abs(steps) > 255)
    return int(jumps + 16 * taps.size + (4 + 18) * n_runs + 2 + 8)


def conv_2d(low: Lowering, layer: packed.Layer, plain: dict[str, Param]) -> list[Candidate]:
    """The kernels with tiles of several sizes. ``plain``: ``conv_2d``'s parameters."""
    if low.kernels == "packed" or not _possible(plain):
        return []
    shared = packed.constants(low, layer)
    if shared is None:
        return []
    shape = shape_of(plain, shared["kink"] == abi.NONE)
    weights = layer.weights[:, shape.order()]
    shared["weights"] = low.const(f"{layer.name}/weights", weights)
    kernel = "conv_2d_jit" if shape.planes else "pointwise_jit"
    shared |= packed.kept(plain, kernel)
    if not shape.planes:
        shared["pixels"] = shape.units
        del shared["kink"]
    found = []
    for tile in tiles(shape, low.kernels == "jit"):
        places = shape.places(tile)
        if places.max() >= PLACES_END:
            continue
        scratch = 4 * shape.words(tile)
        scratch += max(code_bytes(channel, places, shape.planes) for channel in weights)
        if shape.planes:
            scratch += 4 * (len(places) // 2 + len(places) % 2)
        params: dict[str, Param] = {
            **shared,
            "scratch": low.scratch(f"{layer.name}/packed", scratch),
            "tile": tile,
        }
        over = lead(params, plain)
        note = f"code for {tile} {'lines' if shape.planes else 'pixels'} a tile"
        leads_ = {} if over is None else {"in": over}
        found.append(Candidate(kernel, params, leads_, note))
    return found


def _possible(plain: dict[str, Param]) -> bool:
    return all(plain[k] == 1 for k in ("groups", "dilation_h", "dilation_w"))


def tiles(shape: Shape, every: bool) -> list[int]:
    """Tiles to choose from: all, a half, a third... while writing the code pays, or ``every``."""
    found = []
    for parts in (1, 2, 3, 4, 6, 8, 12):
        tile = -(-shape.units // parts)
        if every or 6 * shape.groups(tile) >= LEAST_PIXELS:
            found.append(tile)
    return list(dict.fromkeys([*found, *([1] if every else [])]))


def lead(params: dict[str, Param], plain: dict[str, Param]) -> Lead | None:
    """Where the output may lie over the input; ``None``: nowhere."""
    tile = packed.number(params["tile"])
    if "pixels" in params:  # packs a tile, then writes it
        return leads.tiles(plain, tile)
    if tile >= (packed.number(params["out_h"]) + 1) // 2:
        return Lead(ANYWHERE)
    return None
