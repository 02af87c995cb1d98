"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR."""

from __future__ import annotations

import numpy as np

from midge.graph import Op, Tensor
from midge.lower import leads
from midge.lower.context import Lowering
from midge.lower.move import axes_of, move, table
from midge.lower.moving import ends, numbers, shaped
from midge.program import Param

_ONE = 1 << 10  # a whole element in RESIZE_BILINEAR's fixed point


def _sizes(low: Lowering, op: Op, x: Tensor, out: Tensor) -> tuple[bool, bool]:
    """Checks the shapes; (align_corners, half_pixel_centers)."""
    size = numbers(low, op, 1, "the size")
    low.need(
        op,
        len(x.shape) == 4 and len(size) == 2,
        f"input shape {x.shape}, size {size}, needed: 4 dimensions, 2 sizes",
    )
    shaped(low, op, out, [x.shape[0], *size, x.shape[3]])
    return bool(op.attrs["align_corners"]), bool(op.attrs["half_pixel_centers"])


def resize_nearest_neighbor(low: Lowering, op: Op) -> None:
    x, out = ends(low, op)
    align_corners, half_pixel_centers = _sizes(low, op, x, out)
    axes = axes_of(x)
    for i in (1, 2):
        places = _nearest(x.shape[i], out.shape[i], align_corners, half_pixel_centers)
        axes[i] = table(places * axes[i].step)
    move(low, op, axes)


def _nearest(n_in: int, n_out: int, align_corners: bool, half_pixel_centers: bool) -> np.ndarray:
    """The input element of each output element, in float32 as the reference kernel."""
    if align_corners and n_out > 1:
        scale = np.float32(n_in - 1) / np.float32(n_out - 1)
    else:
        scale = np.float32(n_in) / np.float32(n_out)
    offset = np.float32(0.5 if half_pixel_centers else 0)
    real = (np.arange(n_out, dtype=np.float32) + offset) * scale
    half = np.float32(0.5) if align_corners else np.float32(0)
    places = np.floor(real.astype(np.float64) + half).astype(np.int64)
    return np.clip(places, 0, n_in - 1)


def resize_bilinear(low: Lowering, op: Op) -> None:
    x, out = low.image(op, op.inputs[0]), low.image(op, op.outputs[0])
    low.alike(op, x, out)
    align_corners, half_pixel_centers = _sizes(low, op, x, out)
    low.need(
        op,
        not (align_corners and half_pixel_centers),
        "align_corners and half_pixel_centers, needed: one of them at most",
        "leave align_corners out",
    )
    row = x.shape[2] * x.shape[3]
    params: dict[str, Param] = {"in": low.operand(op.inputs[0])}
    first = []
    for i, name, step in ((1, "rows", row), (2, "columns", x.shape[3])):
        places = _between(x.shape[i], out.shape[i], align_corners, half_pixel_centers)
        places[:, :2] *= step
        first.append(places[:, :2].min(axis=1))
        params[name] = low.const(f"{out.name}/{name}", places.astype(np.int32), "table")
    params |= {"out_h": out.shape[1], "out_w": out.shape[2], "c": x.shape[3]}
    params["out"] = low.result(op.outputs[0])
    lead = leads.pixels(first[0], first[1], np.arange(x.shape[3]))
    low.step(op, "resize_bilinear", params, leads={"in": lead})


def _between(n_in: int, n_out: int, align_corners: bool, half_pixel_centers: bool) -> np.ndarray:
    """int64 [n_out, 3]: the two input elements, and the second's weight in 1/1024, as the
    reference kernel's fixed point has them."""
    if align_corners and n_out > 1:
        scale = (_ONE * (n_in - 1) + (n_out - 1) // 2) // (n_out - 1)
    else:
        scale = (_ONE * n_in + n_out // 2) // n_out
    place = np.arange(n_out, dtype=np.int64) * scale
    if half_pixel_centers:
        place += scale // 2 - _ONE // 2
    low = np.maximum(np.fix(place / _ONE).astype(np.int64), 0)
    high = np.minimum(np.fix((place + _ONE - 1) / _ONE).astype(np.int64), n_in - 1)
    part = np.where(low < n_in, place - low * _ONE, 0)
    # A rounded scale may lead past the last element, where the reference kernel reads on.
    return np.stack([np.minimum(low, n_in - 1), high, part], axis=1)
