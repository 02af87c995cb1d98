"""16x8 forms of QUANTIZE, DEQUANTIZE and the activations: int16 with zero point 0.

Ops whose int8 and int16 kernels take the same parameters stay together in their own files.
"""

from __future__ import annotations

import math

import numpy as np

from midge import quantmath
from midge.graph import Op, Tensor
from midge.lower import leads, quantization, tables_16
from midge.lower.context import Lowering
from midge.program import Param

_OUT_OF_RANGE = "convert again with representative data of the model's real range"
_INTEGER_BITS = 12  # of LOGISTIC's and TANH's argument: 3 * 2**12 steps for each 1
_EXP_STEP = 10 / 65535  # SOFTMAX' table of exp() has the whole of int16 for -10...0


def _ends(low: Lowering, op: Op) -> tuple[Tensor, Tensor]:
    x, out = low.typed(op, op.inputs[0], "int16"), low.typed(op, op.outputs[0], "int16")
    low.symmetric(op, x, out)
    low.need(op, x.size == out.size, f"input {x.shape}, output {out.shape}, needed: as many")
    return x, out


def quantize(low: Lowering, op: Op) -> None:
    """To int16, from float32 or an integer type; and from int16 to int8."""
    out = low.typed(op, op.outputs[0], "int16", "int8")
    others = ("float32", "int8", "int16") if out.dtype == "int16" else ("int16",)
    x = low.typed(op, op.inputs[0], *others)
    low.symmetric(op, x, out)
    if x.dtype == "float32":
        quantization.from_float(low, op, "quantize_16")
        return
    first, last = quantmath.limits(out.dtype)
    factor = low.multiplier(op, x.scale / out.scale)
    _rescale(low, op, factor, factor, first, last)


def dequantize(low: Lowering, op: Op) -> None:
    """To float32."""
    low.symmetric(op, low.typed(op, op.inputs[0], "int16"))
    quantization.to_float(low, op, "dequantize_16")


def relu(low: Lowering, op: Op) -> None:
    """RELU, RELU6: a requantization between limits."""
    x, out = _ends(low, op)
    factor = low.multiplier(op, float(np.float32(x.scale) / np.float32(out.scale)))
    first, last = quantmath.activation_range(op.kind, out.scale, 0, out.dtype)
    low.need(op, first <= last, f"no value is left: {first}...{last}", _OUT_OF_RANGE)
    _rescale(low, op, factor, factor, first, last)


def leaky_relu(low: Lowering, op: Op) -> None:
    x, out = _ends(low, op)
    above = low.multiplier(op, float(np.float32(x.scale) / np.float32(out.scale)))
    alpha = np.float32(x.scale) * np.float32(op.attrs["alpha"]) / np.float32(out.scale)
    low.need(op, bool(alpha >= 0), f"alpha {op.attrs['alpha']:g}, needed: 0 or above")
    below = low.multiplier(op, float(alpha))
    _rescale(low, op, above, below, *quantmath.INT16)


def _rescale(
    low: Lowering,
    op: Op,
    above: tuple[int, int],
    below: tuple[int, int],
    first: int,
    last: int,
) -> None:
    x, out = low.tensor(op.inputs[0]), low.tensor(op.outputs[0])
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "size": x.size,
        "in_bytes": x.itemsize,
        "out_bytes": out.itemsize,
        "in_offset": -x.zero_point,
        "mult": above[0],
        "shift": above[1],
        "negative_mult": below[0],
        "negative_shift": below[1],
        "out_offset": out.zero_point,
        "act_min": first,
        "act_max": last,
        "out": low.result(op.outputs[0]),
    }
    lead = leads.elements(x.size, x.itemsize, out.itemsize)
    low.step(op, "rescale_16", params, leads={"in": lead})


def logistic(low: Lowering, op: Op) -> None:
    _sigmoid(low, op, 0)


def tanh(low: Lowering, op: Op) -> None:
    _sigmoid(low, op, 1)


def _sigmoid(low: Lowering, op: Op, is_tanh: int) -> None:
    x, out = _ends(low, op)
    low.need(op, _power_of_two(out.scale) == -15, f"output scale {out.scale:g}, needed: 2**-15")
    mult, shift = _sigmoid_factor(x.scale)
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "table": low.const(f"{op.kind}/table", tables_16.sigmoid(), "table"),
        "size": x.size,
        "mult": mult,
        "shift": shift,
        "is_tanh": is_tanh,
        "out": low.result(op.outputs[0]),
    }
    low.step(op, "sigmoid_16", params, in_place=("in",))


def _sigmoid_factor(scale: float) -> tuple[int, int]:
    """(mult, right shift) for steps of ``scale`` to steps of 1 / 12288, mult at most 32767."""
    power = _power_of_two(scale)
    if power is not None and power + _INTEGER_BITS in (0, 1):
        return 3 << (power + _INTEGER_BITS), 0
    factor, shift = scale * 3 * (1 << _INTEGER_BITS), 0
    while factor <= 32767 / 2 and shift <= 30:
        factor, shift = factor * 2, shift + 1
    return int(factor), shift


def _power_of_two(scale: float) -> int | None:
    """n where ``scale`` is about ``2**n``: TFLite's CheckedLog2, in single precision."""
    log = np.float32(math.log(scale)) * (np.float32(1) / np.float32(math.log(2)))
    power = quantmath.round_away(float(log))
    return power if abs(log - np.float32(power)) < np.float32(1e-3) else None


def softmax(low: Lowering, op: Op) -> None:
    """Along the last axis; the output's scale is 2**-15."""
    x, out = _ends(low, op)
    low.need(
        op, abs(out.scale * 32768 - 1) <= 0.001, f"output scale {out.scale:g}, needed: 2**-15"
    )
    depth = x.shape[-1] if x.shape else 1
    argument = np.float32(x.scale) * np.float32(op.attrs.get("beta", 1.0))
    mult, shift = low.multiplier(op, float(argument) / _EXP_STEP)
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "exp_table": low.const("exp", tables_16.exponential(), "table"),
        "reciprocal_table": low.const("reciprocal", tables_16.reciprocal(), "table"),
        "rows": x.size // depth,
        "depth": depth,
        "mult": mult,
        "shift": shift,
        "out": low.result(op.outputs[0]),
    }
    low.step(op, "softmax_16", params, in_place=("in",))
