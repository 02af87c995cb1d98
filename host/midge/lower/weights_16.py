"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED of 16x8 models: int16 activations, int8 weights.

Zero points are 0 throughout. Sums are int64 in the oracle; the kernels keep 32 bits of them
where :func:`sum_limits` proves that no input leads outside.
"""

from __future__ import annotations

import numpy as np

from midge import abi, quantmath
from midge.graph import Op
from midge.lower import leads
from midge.lower.context import Lowering
from midge.lower.conv import filter_data, geometry, multipliers
from midge.lower.interval_16 import interval
from midge.program import Param

_MOST_BIAS = 1 << 46  # sums stay within 2**47, where TFLite's requantization is defined
_MOST_COLUMNS = 256  # MIDGE_DOT_16_SAFE
_REAL_RANGE = "convert again with representative data of the model's real range"


def conv_2d(low: Lowering, op: Op) -> None:
    """Weights [out_c, k_h, k_w, in_c / groups]."""
    x = low.image(op, op.inputs[0], "int16")
    out = low.image(op, op.outputs[0], "int16")
    low.symmetric(op, x, out)
    weights = filter_data(low, op)
    out_c, k_h, k_w, depth = weights.shape
    in_c = x.shape[3]
    low.need(
        op,
        depth > 0 and in_c % depth == 0 and out_c % (in_c // depth) == 0 == out.shape[3] - out_c,
        f"{in_c} input channels, {depth} in a filter, {out_c} filters, {out.shape[3]} output "
        "channels, needed: whole groups, as many outputs as filters",
    )
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "weights": low.operand(op.inputs[1]),
        **geometry(low, op, x, out, k_h, k_w),
        "in_c": in_c,
        "out_c": out_c,
        "groups": in_c // depth,
        **_finish(low, op, weights.reshape(out_c, -1), multipliers(low, op, x, out, out_c)),
        "out": low.result(op.outputs[0]),
    }
    lead = leads.windows(params, in_c, out_c, in_c // depth).scaled(out.itemsize)
    low.step(op, "conv_2d_16", params, macs=out.size * k_h * k_w * depth, leads={"in": lead})


def depthwise_conv_2d(low: Lowering, op: Op) -> None:
    """Weights [1, k_h, k_w, in_c * depth_multiplier]."""
    x = low.image(op, op.inputs[0], "int16")
    out = low.image(op, op.outputs[0], "int16")
    low.symmetric(op, x, out)
    weights = filter_data(low, op)
    _, k_h, k_w, out_c = weights.shape
    in_c = x.shape[3]
    low.need(
        op,
        weights.shape[0] == 1 and out_c % in_c == 0 and out.shape[3] == out_c,
        f"weights {weights.shape}, input {x.shape}, output {out.shape} do not fit together",
    )
    low.need(op, k_w <= _MOST_COLUMNS, f"a filter {k_w} wide, at most {_MOST_COLUMNS}")
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "weights": low.operand(op.inputs[1]),
        **geometry(low, op, x, out, k_h, k_w),
        "in_c": in_c,
        "multiplier": out_c // in_c,
        **_finish(low, op, weights.reshape(-1, out_c).T, multipliers(low, op, x, out, out_c)),
        "out": low.result(op.outputs[0]),
    }
    lead = leads.windows(params, in_c, out_c, in_c).scaled(out.itemsize)
    low.step(op, "depthwise_conv_2d_16", params, macs=out.size * k_h * k_w, leads={"in": lead})


def fully_connected(low: Lowering, op: Op) -> None:
    """Weights [out_c, in_c]; all dimensions but the input's last in_c elements are rows."""
    x = low.typed(op, op.inputs[0], "int16")
    out = low.typed(op, op.outputs[0], "int16")
    low.symmetric(op, x, out)
    weights = low.constant(op, op.inputs[1], "the weights")
    low.need(
        op,
        weights.dtype == np.int8 and weights.ndim == 2,
        f"weights of {weights.dtype} with {weights.ndim} dimensions, needed: int8 with 2",
    )
    weights_format = op.attrs.get("weights_format", "DEFAULT")
    low.need(
        op,
        weights_format == "DEFAULT",
        f"weights format {weights_format}, needed: DEFAULT",
    )
    out_c, in_c = weights.shape
    low.need(
        op,
        in_c > 0 and x.size % in_c == 0 and out.size == x.size // in_c * out_c,
        f"weights {weights.shape}, input {x.shape}, output {out.shape} do not fit together",
    )
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "weights": low.operand(op.inputs[1]),
        "rows": x.size // in_c,
        "in_c": in_c,
        "out_c": out_c,
        **_dense_finish(low, op, weights),
        "out": low.result(op.outputs[0]),
    }
    lead = leads.matrix(x.size // in_c, in_c, out_c, together=2).scaled(out.itemsize)
    low.step(op, "fully_connected_16", params, macs=x.size * out_c, leads={"in": lead})


def _finish(
    low: Lowering, op: Op, weights: np.ndarray, pairs: list[tuple[int, int]]
) -> dict[str, Param]:
    """Biases, requantization and clamp. weights: int8 [out_c, taps]; pairs: (mult, shift)."""
    out = low.tensor(op.outputs[0])
    # TFLite's MultiplyByQuantizedMultiplier for int64 sums rounds the multiplier to 15 bits.
    mult = [min((m + (1 << 15)) >> 16, (1 << 15) - 1) for m, _ in pairs]
    shift = [15 - s for _, s in pairs]
    low.need(
        op,
        min(shift, default=1) >= 1,
        f"output scale too small: it needs a multiplication by 2**{15 - min(shift, default=1)}, "
        "at most 2**14",
        _REAL_RANGE,
    )
    return {
        **_sums(low, op, weights),
        "mult": low.const(f"{out.name}/mult", np.array(mult, np.int16), "requant"),
        "shift": low.const(f"{out.name}/shift", np.array(shift, np.int8), "requant"),
    }


def _dense_finish(low: Lowering, op: Op, weights: np.ndarray) -> dict[str, Param]:
    """The same for FULLY_CONNECTED, where LiteRT computes ``round(double(sum) * scale)``."""
    x, out = low.tensor(op.inputs[0]), low.tensor(op.outputs[0])
    multipliers(low, op, x, out, len(weights))  # its checks
    quant = low.tensor(op.inputs[1]).quant
    assert quant is not None
    bias = _bias(low, op, len(weights))
    limit = max(map(abs, sum_limits(weights, bias, *interval(low.graph, op.inputs[0]))))
    try:
        columns = [
            quantmath.single_rounding_16(x.scale * float(s) / out.scale, limit)
            for s in quant.scale.astype(np.float64)
        ]
    except ValueError as err:
        raise low.error(op, str(err), _REAL_RANGE) from err
    params = {**_sums(low, op, weights), "per_channel": int(len(columns) > 1)}
    for i, (name, dtype) in enumerate(
        (("mult", np.int32), ("mult_low", np.int32), ("shift", np.int8))
    ):
        column = np.array([row[i] for row in columns], dtype)
        params[name] = low.const(f"{out.name}/{name}", column, "requant")
    return params


def _sums(low: Lowering, op: Op, weights: np.ndarray) -> dict[str, Param]:
    """The biases, in one or two parts, and the clamp."""
    out = low.tensor(op.outputs[0])
    bias = _bias(low, op, len(weights))
    low_bits = (bias & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
    high: Param = abi.NONE
    least, most = sum_limits(weights, bias, *interval(low.graph, op.inputs[0]))
    if least < -(2**31) or most >= 2**31:
        high = low.const(f"{out.name}/bias_high", (bias >> 32).astype(np.int32), "bias")
    clamp = low.clamp(op, out)
    return {
        "bias": low.const(f"{out.name}/bias", low_bits, "bias"),
        "bias_high": high,
        "act_min": clamp["act_min"],
        "act_max": clamp["act_max"],
    }


def sum_limits(weights: np.ndarray, bias: np.ndarray, least: int, most: int) -> tuple[int, int]:
    """The least and the greatest sum of any channel, for inputs in ``least``...``most`` or, as
    padding, 0.

    Args:
        weights: int8 [channels, taps].
        bias: int64 [channels].
    """
    least, most = min(least, 0), max(most, 0)
    wide = weights.astype(np.int64)
    positive = np.maximum(wide, 0).sum(axis=1)
    negative = np.minimum(wide, 0).sum(axis=1)
    lowest = positive * least + negative * most + bias
    highest = positive * most + negative * least + bias
    return int(lowest.min(initial=0)), int(highest.max(initial=0))


def _bias(low: Lowering, op: Op, n: int) -> np.ndarray:
    """int64 [n]; zeros where the op has none."""
    kind = op.attrs.get("quantized_bias_type")
    if len(op.inputs) < 3 or op.inputs[2] < 0:
        low.need(op, kind != "int32", "sums of int32, needed: int64", _AGAIN)
        return np.zeros(n, np.int64)
    data = low.constant(op, op.inputs[2], "the bias")
    low.need(
        op,
        data.dtype == np.int64 and data.size == n and kind != "int32",
        f"bias of {data.size} {data.dtype}, needed: {n} int64",
        _AGAIN,
    )
    largest = max((abs(int(v)) for v in data.reshape(-1)), default=0)
    low.need(
        op,
        largest <= _MOST_BIAS,
        f"bias of {largest}, at most {_MOST_BIAS}",
        _REAL_RANGE,
    )
    return data.reshape(-1)


_AGAIN = "convert again: `midge convert --quantization int16x8` makes biases of int64"
