"""Elementwise ops of two inputs, with broadcasting."""

from __future__ import annotations

import numpy as np

from midge.graph import Op, Tensor
from midge.lower import sum_tables
from midge.lower.broadcast import operands, places, walk_leads
from midge.lower.context import Lowering
from midge.program import Candidate, Param

_LEFT_SHIFT = {"int8": 20, "int16": 15}  # TFLite's
_SQUARE_LEFT_SHIFT = 7  # TFLite's, for SQUARED_DIFFERENCE
_MAX_DIV_SHIFT = 23  # a dividend of 9 bits leaves this much headroom
_LEAST_ROW = 4  # elements of an operand that is repeated: each turn costs as much as one more
_WORTH_TABLES = 1024  # elements: two tables take 2 KB of flash and save 170 cycles an element


def add(low: Lowering, op: Op) -> None:
    _add(low, op, 1)


def sub(low: Lowering, op: Op) -> None:
    _add(low, op, -1)


def _add(low: Lowering, op: Op, sign: int) -> None:
    a, b, out = operands(low, op)
    dtype, suffix = low.form(op)
    pot = dtype == "int16" and op.attrs.get("pot_scale_int16", True)
    low.need(op, not pot, "pot_scale_int16 is true, needed: false", "convert the model again")
    left_shift = _LEFT_SHIFT[dtype]
    twice = 2 * max(a.scale, b.scale)
    mult, shift = low.multiplier(op, twice / ((1 << left_shift) * out.scale))
    params: dict[str, Param] = {
        **places(low, op, a, b, out),
        **_to_common_scale(low, op, "a", a, twice),
        **_to_common_scale(low, op, "b", b, twice),
        "b_sign": sign,
        "left_shift": left_shift,
        "mult": mult,
        "shift": shift,
        **low.clamp(op, out),
    }
    params["out"] = low.result(op.outputs[0])
    found = []
    whole = _whole_and_repeated(params, a, b, out)
    large = out.size >= _WORTH_TABLES and dtype == "int8"
    if low.kernels != "plain" and large and whole is not None:
        tables = sum_tables.search({k: v for k, v in params.items() if isinstance(v, int)})
        if tables is not None:
            found.append(_by_tables(low, op, params, dict(zip("ab", tables, strict=True)), whole))
    low.choice(op, [*found, Candidate(f"add{suffix}", params, walk_leads(params, out))])


def _to_common_scale(
    low: Lowering, op: Op, name: str, tensor: Tensor, scale: float
) -> dict[str, Param]:
    mult, shift = low.multiplier(op, tensor.scale / scale)
    return {f"{name}_offset": -tensor.zero_point, f"{name}_mult": mult, f"{name}_shift": shift}


def _whole_and_repeated(params: dict[str, Param], a: Tensor, b: Tensor, out: Tensor) -> str | None:
    """Which operand is as large as the output, then which is too, or is a row repeated along it:
    "ab" or "ba"; None: neither order is so."""
    if not params["dim_0"] == params["dim_1"] == 1:
        return None
    for names, whole, other in (("ab", a, b), ("ba", b, a)):
        outer, inner = (params[f"{names[1]}_stride_{axis}"] for axis in (2, 3))
        repeated = outer == 0 and other.size >= _LEAST_ROW
        if whole.size == out.size and inner == 1 and (params["dim_2"] == 1 or repeated):
            return names
    return None


def _by_tables(
    low: Lowering, op: Op, params: dict[str, Param], tables: dict[str, np.ndarray], names: str
) -> Candidate:
    """``names``: which operand is the kernel's ``a``, as large as the output, and which ``b``."""
    out = low.tensor(op.outputs[0])
    by_tables: dict[str, Param] = {k: params[k] for k in ("out", "act_min", "act_max")}
    leads = walk_leads(params, out)
    for role, name in zip("ab", names, strict=True):
        by_tables[role] = params[name]
        by_tables[f"{role}_table"] = low.const(f"{out.name}/{role}_table", tables[name], "table")
    by_tables["size"] = out.size
    by_tables["b_size"] = low.tensor(op.inputs["ab".index(names[1])]).size
    return Candidate(
        "add_tables", by_tables, {r: leads[n] for r, n in zip("ab", names, strict=True)}
    )


def mul(low: Lowering, op: Op) -> None:
    a, b, out = operands(low, op)
    # TFLite's Prepare computes this one in single precision.
    real = np.float32(a.scale) * np.float32(b.scale) / np.float32(out.scale)
    mult, shift = low.multiplier(op, float(real))
    params: dict[str, Param] = {
        **places(low, op, a, b, out),
        "a_offset": -a.zero_point,
        "b_offset": -b.zero_point,
        "mult": mult,
        "shift": shift,
        **low.clamp(op, out),
        "out": low.result(op.outputs[0]),
    }
    low.step(op, f"mul{low.form(op)[1]}", params, leads=walk_leads(params, out))


def maximum_minimum(low: Lowering, op: Op) -> None:
    """MAXIMUM and MINIMUM: of the integers, so all three have to be quantized alike."""
    a, b, out = operands(low, op)
    low.alike(op, a, out)
    low.alike(op, b, out)
    params = {**places(low, op, a, b, out), "out": low.result(op.outputs[0])}
    low.step(op, op.kind.lower(), params, leads=walk_leads(params, out))


def squared_difference(low: Lowering, op: Op) -> None:
    a, b, out = operands(low, op)
    twice = 2 * max(a.scale, b.scale)
    real = twice * twice / ((1 << (2 * _SQUARE_LEFT_SHIFT)) * out.scale)
    low.need(
        op,
        real < 1,
        f"output scale {out.scale:g}, needed: above {out.scale * real:g}",
        "convert again with representative data of the model's real range",
    )
    mult, shift = low.multiplier(op, real)
    params: dict[str, Param] = {
        **places(low, op, a, b, out),
        **_to_common_scale(low, op, "a", a, twice),
        **_to_common_scale(low, op, "b", b, twice),
        "left_shift": _SQUARE_LEFT_SHIFT,
        "mult": mult,
        "shift": shift,
        "out_offset": out.zero_point,
        "out": low.result(op.outputs[0]),
    }
    low.step(op, "squared_difference", params, leads=walk_leads(params, out))


def div(low: Lowering, op: Op) -> None:
    a, b, out = operands(low, op)
    # TFLite's Prepare computes this one in single precision.
    real = np.float32(a.scale) / (np.float32(b.scale) * np.float32(out.scale))
    mult, shift = low.multiplier(op, float(real))
    low.need(
        op,
        shift <= _MAX_DIV_SHIFT,
        f"output scale {out.scale:g} is too small: one step of it is under 2**-{_MAX_DIV_SHIFT} "
        "of a quotient's",
        "convert again with representative data of the model's real range",
    )
    params: dict[str, Param] = {
        **places(low, op, a, b, out),
        "a_offset": -a.zero_point,
        "b_offset": -b.zero_point,
        "mult": mult,
        "shift": shift,
        **low.clamp(op, out),
        "out": low.result(op.outputs[0]),
    }
    low.step(op, "div", params, leads=walk_leads(params, out))


def prelu(low: Lowering, op: Op) -> None:
    """The second input are the slopes."""
    x, slope, out = operands(low, op)
    low.need(
        op, x.size == out.size, f"input {x.shape}, output {out.shape}, needed: as many elements"
    )
    x_scale, out_scale = np.float32(x.scale), np.float32(out.scale)
    mult, shift = low.multiplier(op, float(x_scale / out_scale))
    slope_mult, slope_shift = low.multiplier(
        op, float(x_scale * np.float32(slope.scale) / out_scale)
    )
    params: dict[str, Param] = {
        **places(low, op, x, slope, out),
        "a_offset": -x.zero_point,
        "b_offset": -slope.zero_point,
        "mult": mult,
        "shift": shift,
        "slope_mult": slope_mult,
        "slope_shift": slope_shift,
        "out_offset": out.zero_point,
        "out": low.result(op.outputs[0]),
    }
    low.step(op, "prelu", params, leads=walk_leads(params, out))
