"""TRANSPOSE_CONV: Keras' Conv2DTranspose and Conv1DTranspose."""

from __future__ import annotations

import numpy as np

from midge.graph import Op, Tensor
from midge.lower import conv, leads, packed
from midge.lower.context import Lowering
from midge.lower.move import Axis, merge, table, words_of
from midge.lower.moving import numbers, shaped
from midge.program import ANYWHERE, Candidate, Lead, Param


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
    found = _packed(low, op, weights, bias, params)
    params |= {"weights": low.operand(op.inputs[1]), "in_offset": -x.zero_point}
    params |= conv.requant_constants(low, op, x, out)
    params["bias"] = low.const(f"{out.name}/bias", conv.wrap_int32(bias), "bias")
    params["out"] = low.result(op.outputs[0])
    for each in found:
        each.params["out"] = params["out"]
    macs = x.size * k_h * k_w * out_c  # with those that fall outside the output
    plain = Candidate("transpose_conv", params, {"in": _lead(params)})
    low.choice(op, [*found, plain], macs)


def _packed(
    low: Lowering, op: Op, weights: np.ndarray, bias: np.ndarray, plain: dict[str, Param]
) -> list[Candidate]:
    """``transpose_conv_packed``; with stride 1, ``conv_2d_packed``.

    Output pixels whose places (the padding counted) have the same remainders by the strides take
    the same taps, from neighbouring input pixels: each such phase is a convolution with stride 1.
    All phases are one, with the filters of phase after phase, and zeros where a phase has no tap;
    its pixels are blocks of stride x stride output pixels, which a move deals out.
    """
    if low.kernels == "plain":
        return []
    x, out = low.tensor(op.inputs[2]), low.tensor(op.outputs[0])
    p = {k: v for k, v in plain.items() if isinstance(v, int)}
    strides = p["stride_h"], p["stride_w"]
    phases = _phases(weights, strides)
    filters, out_c = len(phases), len(weights)
    size, places = [], []
    geometry = {k: plain[k] for k in ("in", "in_h", "in_w", "in_c", "act_min", "act_max")}
    for i, (axis, before) in enumerate((("h", "pad_top"), ("w", "pad_left"))):
        block, phase = np.divmod(np.arange(p[f"out_{axis}"]) + p[before], strides[i])
        first, taps = int(block[0]), phases.shape[1 + i]
        size.append(int(block[-1]) - first + 1)
        places.append((block - first, phase))
        geometry |= {f"out_{axis}": size[i], f"k_{axis}": taps, before: taps - 1 - first}
        geometry |= {f"stride_{axis}": 1, f"dilation_{axis}": 1}
    geometry |= {"out_c": filters, "groups": 1, "pad_value": x.zero_point}
    repeat = filters // out_c
    flat = phases.reshape(filters, -1)
    layer = conv.packed_layer(low, op, x, flat, np.tile(bias, repeat), plain, repeat)
    found = packed.conv_2d(low, layer, geometry)
    if strides == (1, 1) or not found:
        return found  # one phase: its pixels are the output's
    rows, columns = places
    walk, start, run = merge(
        [
            table(rows[0] * size[1] * filters + rows[1] * strides[1] * out_c),
            table(columns[0] * filters + columns[1] * out_c),
            Axis(out_c, 1),
        ],
        0,
        1,
    )
    walk = walk or [Axis(1)]
    deal: dict[str, Param] = {
        "scratch_blocks": low.scratch(f"{out.name}/blocks", size[0] * size[1] * filters),
        "walk": low.const(f"{out.name}/walk", words_of(walk), "table"),
        "axes": len(walk),
        "in_start": start,
        "run_bytes": run,
    }
    return [
        Candidate("transpose_conv_packed", each.params | deal, {"in": Lead(ANYWHERE)}, each.note)
        for each in found
    ]


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
