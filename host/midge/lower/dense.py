"""FULLY_CONNECTED."""

from __future__ import annotations

import numpy as np

from midge import abi, quantmath, requant
from midge.graph import Op, Tensor
from midge.lower import blocked, leads, packed
from midge.lower.context import Lowering
from midge.lower.conv import wrap_int32
from midge.program import Candidate, Param

FLOAT_LIMIT = "convert again with representative data of the model's real range"


def fully_connected(low: Lowering, op: Op) -> None:
    """Weights [out_c, in_c]; all dimensions but the input's last in_c elements are rows."""
    x, out = low.typed(op, op.inputs[0], "int8"), low.typed(op, op.outputs[0], "int8")
    weights = low.constant(op, op.inputs[1], "the weights")
    low.need(
        op,
        weights.dtype == np.int8 and weights.ndim == 2,
        f"weights of {weights.dtype} with {weights.ndim} dimensions, needed: int8 with 2",
    )
    low.need(
        op,
        op.attrs.get("weights_format", "DEFAULT") == "DEFAULT",
        f"weights format {op.attrs.get('weights_format')}, needed: DEFAULT",
    )
    out_c, in_c = weights.shape
    low.need(
        op,
        x.size % in_c == 0 and out.size == x.size // in_c * out_c,
        f"weights {weights.shape}, input {x.shape}, output {out.shape} do not fit together",
    )
    quant = low.tensor(op.inputs[1]).quant
    count = 0 if quant is None else quant.scale.size
    if quant is None or count not in (1, out_c):
        raise low.error(op, f"weights with {count} scales, needed: 1 or {out_c}")
    weights_offset = -int(quant.zero_point[0]) if count == 1 else 0
    params: dict[str, Param] = {
        "in": low.operand(op.inputs[0]),
        "out": low.result(op.outputs[0]),
        "rows": x.size // in_c,
        "in_c": in_c,
        "out_c": out_c,
        "weights_offset": weights_offset,
        "in_offset": -x.zero_point,
        **low.clamp(op, out),
    }
    bias = _bias(low, op, x, weights)
    found = _fast(low, op, weights, bias, params)
    params |= {
        "weights": low.operand(op.inputs[1]),
        "bias": low.const(f"{out.name}/bias", wrap_int32(bias), "bias"),
        **_requant(low, op, x, out, quant.scale),
    }
    lead = leads.matrix(x.size // in_c, in_c, out_c)
    found.append(Candidate("fully_connected", params, {"in": lead}))
    low.choice(op, found, x.size * out_c)


def _fast(
    low: Lowering, op: Op, weights: np.ndarray, bias: np.ndarray, plain: dict[str, Param]
) -> list[Candidate]:
    """The processor's fast candidates."""
    if low.kernels == "plain":
        return []
    x, out = low.tensor(op.inputs[0]), low.tensor(op.outputs[0])
    quant = low.tensor(op.inputs[1]).quant
    assert quant is not None
    each = np.broadcast_to(quant.scale.astype(np.float64), (len(weights),))
    scales = [x.scale * float(s) / out.scale for s in each]
    if not all(0 < s < 2**20 for s in scales):
        return []
    layer = packed.Layer(
        out.name,
        weights,
        bias,
        [requant.round_of_double(s, out.zero_point) for s in scales],
        scales,
        [2**31 - 1] * len(scales),
        packed.number(plain["act_min"]),
        packed.number(plain["act_max"]),
    )
    family = blocked if low.family == "blocked" else packed
    return family.fully_connected(low, layer, plain)


def _bias(low: Lowering, op: Op, x: Tensor, weights: np.ndarray) -> np.ndarray:
    """The bias with the input zero point's part of the sum in it, int64 [out_c]."""
    out_c = weights.shape[0]
    bias = np.zeros(out_c, np.int64)
    if len(op.inputs) > 2 and op.inputs[2] >= 0:
        data = low.constant(op, op.inputs[2], "the bias")
        low.need(
            op,
            data.dtype == np.int32 and data.size == out_c,
            f"bias of {data.size} {data.dtype}, needed: {out_c} int32",
        )
        bias = data.reshape(-1).astype(np.int64)
    return bias - x.zero_point * weights.astype(np.int64).sum(axis=1)


def _requant(
    low: Lowering, op: Op, x: Tensor, out: Tensor, scales: np.ndarray
) -> dict[str, Param]:
    try:
        constants = [
            quantmath.single_rounding(x.scale * float(s) / out.scale)
            for s in scales.astype(np.float64)
        ]
    except ValueError as err:
        raise low.error(op, str(err), FLOAT_LIMIT) from err
    mult, mult_low, shift = (np.array(column) for column in zip(*constants, strict=True))
    name = out.name
    low_ref: Param = abi.NONE
    if mult_low.any():
        low_ref = low.const(f"{name}/mult_low", mult_low.astype(np.int32), "requant")
        # The wide form drops 31 bits first; a 31-bit multiplier is exact in it as it is.
    return {
        "mult": low.const(f"{name}/mult", mult.astype(np.int32), "requant"),
        "mult_low": low_ref,
        "shift": low.const(f"{name}/shift", shift.astype(np.int8), "requant"),
        "per_channel": int(len(constants) > 1),
    }
