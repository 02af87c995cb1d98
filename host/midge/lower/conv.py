"""CONV_2D and DEPTHWISE_CONV_2D."""

from __future__ import annotations

import numpy as np

from midge import requant
from midge.graph import Op, Tensor
from midge.lower import blocked, jit, leads, packed
from midge.lower.context import Lowering
from midge.program import Candidate, Param


def conv_2d(low: Lowering, op: Op) -> None:
    """Weights [out_c, k_h, k_w, in_c / groups]."""
    x, out = low.image(op, op.inputs[0]), low.image(op, op.outputs[0])
    weights = filter_data(low, op)
    out_c, k_h, k_w, depth = weights.shape
    in_c = x.shape[3]
    low.need(
        op,
        depth > 0 and in_c % depth == 0 and out_c % (in_c // depth) == 0,
        f"{in_c} input channels, {depth} in a filter, {out_c} filters, needed: whole groups",
    )
    low.need(op, out.shape[3] == out_c, f"{out.shape[3]} output channels, {out_c} filters")
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "out": low.result(op.outputs[0]),
        **geometry(low, op, x, out, k_h, k_w),
        "in_c": in_c,
        "out_c": out_c,
        "groups": in_c // depth,
        **low.clamp(op, out),
    }
    bias = bias_data(low, op, out_c)
    macs = out.size * k_h * k_w * depth
    found = _fast(low, op, weights.reshape(out_c, -1), bias, params)
    params |= {"weights": low.operand(op.inputs[1]), **requant_constants(low, op, x, out)}
    params["in_offset"] = -x.zero_point
    if _inside(params, x):  # no tap is left out: the zero point's part is the same everywhere
        sums = weights.astype(np.int64).sum(axis=(1, 2, 3))
        bias = wrap_int32(bias - x.zero_point * sums)
        params["in_offset"] = 0
    params["bias"] = low.const(f"{out.name}/bias", bias.astype(np.int32), "bias")
    lead = leads.windows(params, in_c, out_c, in_c // depth)
    low.choice(op, [*found, Candidate("conv_2d", params, {"in": lead})], macs)


def depthwise_conv_2d(low: Lowering, op: Op) -> None:
    """Weights [1, k_h, k_w, in_c * depth_multiplier]."""
    x, out = low.image(op, op.inputs[0]), low.image(op, op.outputs[0])
    weights = filter_data(low, op)
    _, k_h, k_w, out_c = weights.shape
    in_c = x.shape[3]
    low.need(
        op,
        weights.shape[0] == 1 and out_c % in_c == 0 and out.shape[3] == out_c,
        f"weights {weights.shape}, input {x.shape}, output {out.shape} do not fit together",
    )
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "out": low.result(op.outputs[0]),
        **geometry(low, op, x, out, k_h, k_w),
        "in_c": in_c,
        "multiplier": out_c // in_c,
        **low.clamp(op, out),
    }
    bias = bias_data(low, op, out_c)
    macs = out.size * k_h * k_w
    found = _fast(low, op, weights.reshape(-1, out_c).T, bias, params)
    params |= {"weights": low.operand(op.inputs[1]), **requant_constants(low, op, x, out)}
    params["in_offset"] = -x.zero_point
    params["bias"] = low.const(f"{out.name}/bias", bias.astype(np.int32), "bias")
    lead = leads.windows(params, in_c, out_c, in_c)
    low.choice(op, [*found, Candidate("depthwise_conv_2d", params, {"in": lead})], macs)


def _fast(
    low: Lowering, op: Op, weights: np.ndarray, bias: np.ndarray, plain: dict[str, Param]
) -> list[Candidate]:
    """The processor's fast candidates. weights: int8 [out_c, taps]."""
    if low.kernels == "plain":
        return []
    x = low.tensor(op.inputs[0])
    layer = packed_layer(low, op, x, weights, bias, plain)
    given = {**plain, "pad_value": x.zero_point}
    family = blocked if low.family == "blocked" else packed
    if op.kind == "DEPTHWISE_CONV_2D":
        return family.depthwise(low, layer, given)
    found = family.conv_2d(low, layer, given)
    if low.kernels == "jit" or (low.family == "packed" and low.cpu in ("", "cortex-m0plus")):
        found = [*jit.conv_2d(low, layer, given), *found]  # code is written for that core only
    return found


def packed_layer(
    low: Lowering,
    op: Op,
    x: Tensor,
    weights: np.ndarray,
    bias: np.ndarray,
    plain: dict[str, Param],
    repeat: int = 1,
) -> packed.Layer:
    """What the packed kernels need. ``repeat``: how often the filters have all channels, one
    after the other."""
    out = low.tensor(op.outputs[0])
    pairs = multipliers(low, op, x, out, out.shape[3]) * repeat
    return packed.Layer(
        out.name,
        weights,
        bias - x.zero_point * weights.sum(axis=1, dtype=np.int64),
        [requant.double_rounding(*pair, out.zero_point) for pair in pairs],
        [mult * 2.0 ** (shift - 31) for mult, shift in pairs],
        [(2**31 - 1) >> max(shift, 0) for _, shift in pairs],  # the plain kernel wraps beyond
        packed.number(plain["act_min"]),
        packed.number(plain["act_max"]),
    )


def geometry(
    low: Lowering, op: Op, x: Tensor, out: Tensor, k_h: int, k_w: int
) -> dict[str, Param]:
    """Sizes, strides, dilation and padding of a window over (1, height, width, channels).

    SAME pads as TensorFlow does: the smaller half first. ``explicit_padding`` comes from passes.
    """
    strides = [int(op.attrs.get(f"stride_{axis}", 1)) for axis in "hw"]
    dilations = [int(op.attrs.get(f"dilation_{axis}_factor", 1)) for axis in "hw"]
    low.need(
        op,
        min(strides + dilations) > 0 and min(k_h, k_w) > 0 and min(out.shape) > 0,
        f"strides {strides}, dilations {dilations}, window {(k_h, k_w)}, output "
        f"{out.shape}: needed: above 0",
    )
    explicit = op.attrs.get("explicit_padding")
    before: list[int] = []
    for axis, k in enumerate((k_h, k_w)):
        n_in, n_out = x.shape[axis + 1], out.shape[axis + 1]
        reach = (k - 1) * dilations[axis] + 1
        if explicit is not None:
            total = int(explicit[2 * axis]) + int(explicit[2 * axis + 1])
            before.append(int(explicit[2 * axis]))
        else:
            same = op.attrs.get("padding", "SAME") == "SAME"
            total = max(0, (n_out - 1) * strides[axis] + reach - n_in) if same else 0
            before.append(total // 2)
        fits = (n_out - 1) * strides[axis] + reach <= n_in + total
        low.need(op, fits, f"output shape {out.shape} does not follow from the input's {x.shape}")
    return {
        "in_h": x.shape[1],
        "in_w": x.shape[2],
        "out_h": out.shape[1],
        "out_w": out.shape[2],
        "k_h": k_h,
        "k_w": k_w,
        "stride_h": strides[0],
        "stride_w": strides[1],
        "dilation_h": dilations[0],
        "dilation_w": dilations[1],
        "pad_top": before[0],
        "pad_left": before[1],
    }


def _inside(params: dict[str, Param], x: Tensor) -> bool:
    """Whether every window lies inside the input."""
    numbers = {k: v for k, v in params.items() if isinstance(v, int)}
    for axis, name, start in (("h", x.shape[1], "pad_top"), ("w", x.shape[2], "pad_left")):
        last = (numbers[f"out_{axis}"] - 1) * numbers[f"stride_{axis}"] - numbers[start]
        reach = (numbers[f"k_{axis}"] - 1) * numbers[f"dilation_{axis}"]
        if numbers[start] > 0 or last + reach >= name:
            return False
    return True


def wrap_int32(values: np.ndarray) -> np.ndarray:
    """int64 values modulo 2**32, as int32 accumulators hold them."""
    return ((values.astype(np.int64) + 2**31) % 2**32 - 2**31).astype(np.int32)


def filter_data(low: Lowering, op: Op) -> np.ndarray:
    """The constant weights, int8 with 4 dimensions."""
    data = low.constant(op, op.inputs[1], "the filter")
    low.need(
        op,
        data.dtype == np.int8 and data.ndim == 4,
        f"filter of {data.dtype} with {data.ndim} dimensions, needed: int8 with 4",
    )
    return data


def bias_data(low: Lowering, op: Op, n: int, slot: int = 2) -> np.ndarray:
    """int64 [n]; zeros where the op has none. ``slot``: which input it is."""
    if len(op.inputs) <= slot or op.inputs[slot] < 0:
        return np.zeros(n, np.int64)
    data = low.constant(op, op.inputs[slot], "the bias")
    low.need(
        op,
        data.dtype == np.int32 and data.size == n,
        f"bias of {data.size} {data.dtype}, needed: {n} int32",
    )
    return data.reshape(-1).astype(np.int64)


def multipliers(
    low: Lowering, op: Op, x: Tensor, out: Tensor, out_c: int
) -> list[tuple[int, int]]:
    """(mult, shift) of each output channel: scale_in * scale_w / scale_out."""
    weights = low.tensor(op.inputs[1])
    quant = weights.quant
    count = 0 if quant is None else quant.scale.size
    if quant is None or count not in (1, out_c):
        raise low.error(op, f"filter with {count} scales, needed: 1 or {out_c}")
    low.need(
        op,
        not np.any(quant.zero_point),
        f"filter with zero point {quant.zero_point.tolist()[0]}, needed: 0",
        "convert with full-integer quantization (`midge convert`)",
    )
    scales = np.broadcast_to(quant.scale.astype(np.float64), (out_c,))
    return [low.multiplier(op, x.scale * float(s) / out.scale) for s in scales]


def requant_constants(low: Lowering, op: Op, x: Tensor, out: Tensor) -> dict[str, Param]:
    """``mult`` and ``shift``, one for each output channel."""
    pairs = multipliers(low, op, x, out, out.shape[3])
    mult = np.array([pair[0] for pair in pairs], np.int32)
    shift = np.array([pair[1] for pair in pairs], np.int8)
    return {
        "mult": low.const(f"{out.name}/mult", mult, "requant"),
        "shift": low.const(f"{out.name}/shift", shift, "requant"),
    }
