"""TRANSPOSE_CONV: Keras' Conv2DTranspose and Conv1DTranspose."""

from __future__ import annotations

import numpy as np

from midge.graph import Op, Tensor
from midge.lower import conv, leads, packed
from midge.lower.context import Lowering
from midge.lower.move import Axis, move, table
from midge.lower.moving import numbers, shaped
from midge.program import Lead, Param

_WORTH = 3  # times the products, zeros included, that the packed kernel is quicker with


def transpose_conv(low: Lowering, op: Op) -> None:
    """Inputs: the output's shape, weights [out_c, k_h, k_w, in_c], the image, a bias or none."""
    x, out = low.image(op, op.inputs[2]), low.image(op, op.outputs[0])
    weights = conv.filter_data(low, op)
    out_c, k_h, k_w, in_c = weights.shape
    shaped(low, op, out, numbers(low, op, 0, "the output's shape"))
    low.need(
        op,
        (x.shape[3], out.shape[3]) == (in_c, out_c),
        f"weights {weights.shape}, input {x.shape}, output {out.shape} do not fit together",
    )
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[2]),
        **_geometry(low, op, x, out, (k_h, k_w)),
        "in_c": in_c,
        "out_c": out_c,
        **low.clamp(op, out),
    }
    bias = conv.bias_data(low, op, out_c, slot=3)
    macs = x.size * k_h * k_w * out_c  # with those that fall outside the output
    if _by_convolution(low, op, weights, bias, params, macs):
        return
    params |= {"weights": low.operand(op.inputs[1]), "in_offset": -x.zero_point}
    params |= conv.requant_constants(low, op, x, out)
    params["bias"] = low.const(f"{out.name}/bias", conv.wrap_int32(bias), "bias")
    params["out"] = low.result(op.outputs[0])
    low.step(op, "transpose_conv", params, macs=macs, leads={"in": _lead(params)})


def _by_convolution(
    low: Lowering,
    op: Op,
    weights: np.ndarray,
    bias: np.ndarray,
    plain: dict[str, Param],
    macs: int,
) -> bool:
    """Lowers to a packed convolution and a move, if that may be and is expected to pay.

    Output pixels whose places (the padding counted) have the same remainders by the strides take
    the same taps, from neighbouring input pixels: each such phase is a convolution with stride 1.
    All phases are one, with the filters of phase after phase, and zeros where a phase has no tap;
    its pixels are blocks of stride x stride output pixels, which the move deals out.
    """
    if not packed.worth_trying(low, macs):
        return False
    x, out = low.tensor(op.inputs[2]), low.tensor(op.outputs[0])
    p = {k: v for k, v in plain.items() if isinstance(v, int)}
    strides = p["stride_h"], p["stride_w"]
    phases = _phases(weights, strides)
    filters, out_c = len(phases), len(weights)
    size, walk = [], []
    geometry = {k: plain[k] for k in ("in", "in_h", "in_w", "in_c", "act_min", "act_max")}
    for i, (axis, before) in enumerate((("h", "pad_top"), ("w", "pad_left"))):
        block, phase = np.divmod(np.arange(p[f"out_{axis}"]) + p[before], strides[i])
        first, taps = int(block[0]), phases.shape[1 + i]
        size.append(int(block[-1]) - first + 1)
        walk.append((block - first, phase))
        geometry |= {f"out_{axis}": size[i], f"k_{axis}": taps, before: taps - 1 - first}
        geometry |= {f"stride_{axis}": 1, f"dilation_{axis}": 1}
    geometry |= {"out_c": filters, "groups": 1, "pad_value": x.zero_point}
    work = size[0] * size[1] * phases.size
    if low.kernels == "auto" and work > _WORTH * macs:
        return False
    flat, every = phases.reshape(filters, -1), np.tile(bias, filters // out_c)
    layer = conv.packed_layer(low, op, x, flat, every, plain, filters // out_c)
    params = packed.conv_2d(low, layer, geometry)
    if params is None:
        return False
    rows = table(walk[0][0] * size[1] * filters + walk[0][1] * strides[1] * out_c)
    columns = table(walk[1][0] * filters + walk[1][1] * out_c)
    if strides == (1, 1):  # one phase: its pixels are the output's
        params["out"] = low.result(op.outputs[0])
        _step(low, op, params, macs)
        return True
    blocks = low.temporary(f"{out.name}/blocks", size[0] * size[1] * filters)
    params["out"] = blocks
    _step(low, op, params, macs)
    move(low, op, [rows, columns, Axis(out_c, 1)], slot=2, source=blocks)
    return True


def _step(low: Lowering, op: Op, params: dict[str, Param], macs: int) -> None:
    lead = packed.lead("conv_2d_packed", params)
    low.step(op, "conv_2d_packed", params, macs=macs, leads={"in": lead})


def _phases(weights: np.ndarray, strides: tuple[int, int]) -> np.ndarray:
    """int8 [stride_h * stride_w * out_c, taps_h, taps_w, in_c]: the filters of each phase."""
    out_c, k_h, k_w, in_c = weights.shape
    taps = -(-k_h // strides[0]), -(-k_w // strides[1])
    grown = np.zeros((out_c, taps[0] * strides[0], taps[1] * strides[1], in_c), np.int8)
    grown[:, :k_h, :k_w] = weights
    split = grown.reshape(out_c, taps[0], strides[0], taps[1], strides[1], in_c)
    turned = split[:, ::-1, :, ::-1]  # tap j of a phase reads the j-th pixel before the block's
    return turned.transpose(2, 4, 0, 1, 3, 5).reshape(-1, taps[0], taps[1], in_c)


def _lead(params: dict[str, Param]) -> Lead:
    """Each output element from the first input pixel that reaches its place."""
    p = {k: v for k, v in params.items() if isinstance(v, int)}
    first = []
    for axis, before in (("h", "pad_top"), ("w", "pad_left")):
        place = np.arange(p[f"out_{axis}"], dtype=np.int64) + p[before]
        start = np.maximum(0, (place - p[f"k_{axis}"]) // p[f"stride_{axis}"] + 1)
        first.append(np.minimum(start, p[f"in_{axis}"] - 1))
    row = p["in_w"] * p["in_c"]
    return leads.pixels(first[0] * row, first[1] * p["in_c"], np.zeros(p["out_c"], np.int64))


def _geometry(
    low: Lowering, op: Op, x: Tensor, out: Tensor, window: tuple[int, int]
) -> dict[str, Param]:
    """Sizes and padding: those of the convolution from the output's shape to the input's."""
    params: dict[str, Param] = {}
    for i, axis in enumerate("hw"):
        k, stride = window[i], int(op.attrs[f"stride_{axis}"])
        n_in, n_out = x.shape[i + 1], out.shape[i + 1]
        low.need(op, stride > 0 and k > 0, f"stride {stride}, window {k}: needed: above 0")
        same = op.attrs["padding"] == "SAME"
        room = n_out if same else n_out - k + 1
        low.need(
            op,
            -(-room // stride) == n_in,
            f"output shape {out.shape} does not follow from the input's {x.shape}",
        )
        total = max(0, (n_in - 1) * stride + k - n_out) if same else 0
        before = "pad_top" if axis == "h" else "pad_left"
        params |= {
            f"in_{axis}": n_in,
            f"out_{axis}": n_out,
            f"k_{axis}": k,
            f"stride_{axis}": stride,
            before: total // 2,
        }
    return params
