"""MAX_POOL_2D and AVERAGE_POOL_2D."""

from __future__ import annotations

from midge.graph import Op
from midge.lower import fuse, leads
from midge.lower.context import Lowering
from midge.lower.conv import geometry
from midge.program import Param


def max_pool_2d(low: Lowering, op: Op) -> None:
    _pool(low, op, "max_pool_2d")
    fuse.conv_pool(low, op)


def average_pool_2d(low: Lowering, op: Op) -> None:
    _pool(low, op, "average_pool_2d")


def _pool(low: Lowering, op: Op, kernel: str) -> None:
    dtype, suffix = low.form(op)
    x, out = low.image(op, op.inputs[0], dtype), low.image(op, op.outputs[0], dtype)
    low.symmetric(op, x, out)
    low.alike(op, x, out)
    low.need(
        op,
        x.shape[3] == out.shape[3],
        f"{x.shape[3]} input channels, {out.shape[3]} output channels, needed: as many",
    )
    k_h, k_w = int(op.attrs["filter_height"]), int(op.attrs["filter_width"])
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        **geometry(low, op, x, out, k_h, k_w),
        "c": x.shape[3],
        **low.clamp(op, out),
    }
    for unused in ("dilation_h", "dilation_w", "out_offset"):
        params.pop(unused)
    params["out"] = low.result(op.outputs[0])
    c = x.shape[3]
    lead = leads.windows(params, c, c, c).scaled(out.itemsize)
    low.step(op, kernel + suffix, params, leads={"in": lead})
