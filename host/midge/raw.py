"""Turns a model's scaling of raw sensor counts into integer constants, once, when compiled."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from midge.errors import ModelError

if TYPE_CHECKING:
    from midge.compile import CompiledModel
    from midge.program import Port

_MAX_OFFSET = 1 << 20  # counts are int16; the difference has to stay far inside int32
_MAX_MULTIPLIER = 1 << 20


@dataclasses.dataclass(frozen=True)
class RawConstants:
    """``q = clamp(zero_point + round((count - offset) * mult * 2**(shift - 31)))``, per channel.

    Halves round up; -31 <= shift <= 30, as ``midge_quantize_raw`` has it.
    """

    offset: list[int]
    mult: list[int]
    shift: list[int]


def raw_constants(compiled: CompiledModel) -> RawConstants | None:
    """The constants of ``midge_raw_t``; ``None`` where the sidecar gives no scaling.

    ``real = (count - offset) * gain`` and ``q = real / scale + zero_point`` make the multiplier
    ``gain / scale``, of which 31 bits are kept.

    Raises:
        ModelError: the input is neither int8 nor int16, or the numbers do not suit its shape or
            range.
    """
    raw = compiled.meta.raw
    if raw is None:
        return None
    port = compiled.program.inputs[0]
    where = f"{compiled.program.path}: raw"
    channels = port.shape[-1] if port.shape else 1
    if port.dtype not in ("int8", "int16") or port.quant is None:
        raise ModelError(
            f"input 0 is {port.dtype}; raw counts need an int8 or int16 input",
            where=where,
            do="convert the model with an int8 or int16 input",
        )
    if len(raw.offset) != len(raw.gain) or len(raw.gain) not in (1, channels):
        raise ModelError(
            f"{len(raw.offset)} offsets and {len(raw.gain)} gains; "
            f"needed: 1 or {channels} of each",
            where=where,
            do="give one for each channel (the input's last axis)",
        )
    scale = float(port.quant.scale[0])
    pairs = [_multiplier(gain / scale, where) for gain in raw.gain]
    if not all(abs(o) <= _MAX_OFFSET and int(o) == o for o in raw.offset):  # NaN is no count
        raise ModelError(
            f"offsets {raw.offset}; needed: whole counts within +-{_MAX_OFFSET}",
            where=where,
            do="give the count that stands for 0",
        )
    return RawConstants([int(o) for o in raw.offset], [p[0] for p in pairs], [p[1] for p in pairs])


def _multiplier(real: float, where: str) -> tuple[int, int]:
    """``real = mult * 2**(shift - 31)`` with 31 bits in mult, or fewer for tiny numbers."""
    if not math.isfinite(real) or abs(real) >= _MAX_MULTIPLIER:
        raise ModelError(
            f"gain / scale is {real}; needed: a number within +-{_MAX_MULTIPLIER}",
            where=where,
            do="check the unit of the gain: real = (count - offset) * gain",
        )
    mantissa, shift = math.frexp(real)
    mult = round(mantissa * (1 << 31))
    if abs(mult) == 1 << 31:  # rounded up to the next power of two
        mult, shift = mult // 2, shift + 1
    if shift < -31:  # far below one step for any count: keep what the smallest shift holds
        mult, shift = round(real * (1 << 62)), -31
    return mult, shift


def quantize_raw(raw: RawConstants, port: Port, counts: np.ndarray) -> np.ndarray:
    """int16 counts to the input's type, flat, channels last, by the C core."""
    from midge import core

    assert port.quant is not None
    offset, mult, shift = (np.array(column) for column in (raw.offset, raw.mult, raw.shift))
    zero_point = int(port.quant.zero_point[0])
    return core.load().quantize_raw(counts, offset, mult, shift, zero_point, port.dtype)
