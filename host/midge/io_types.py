"""Buffers at a model's door: types, sizes, quantization. As ``midge_mpy/midge_io.c`` has them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from midge.program import Port

_TYPECODES = {"int8": "b", "uint8": "B", "int16": "h", "int32": "i", "float32": "f"}
# A byte's sign is the model's business; an 'l' of 4 bytes is an 'i'.
_PLAIN = {"b": "b", "B": "b", "c": "b", "h": "h", "i": "i", "f": "f"}


def typecode_of(array: np.ndarray) -> str:
    """The array typecode of a numpy array, one letter for both kinds of bytes."""
    return _PLAIN[_TYPECODES[array.dtype.name]]


def ports_of(what: str, n_ports: int, given: Any) -> list[Any]:
    """One buffer for each port: itself for one, the items of a tuple or list for several.

    Raises:
        TypeError, ValueError: not a tuple where one is needed, or of the wrong length.
    """
    if n_ports == 1:
        return [given]
    if not isinstance(given, (tuple, list)):
        raise TypeError(f"{what}: needs a tuple of {n_ports} buffers")
    if len(given) != n_ports:
        raise ValueError(f"{what}: needs {n_ports} buffers, found {len(given)}")
    return list(given)


def check_buffer(what: str, port: Port, buffer: Any, writable: bool = False) -> np.ndarray:
    """A flat view of ``buffer`` in its own type.

    Raises:
        TypeError: no buffer, a read-only one where it is written, or a type of element the port
            does not take.
        ValueError: the wrong number of elements, or not C-contiguous.
    """
    native = _TYPECODES[port.dtype]
    size = math.prod(port.shape)
    accepted = [_PLAIN[native]]
    also = ""
    if port.dtype == "int8" and not writable:
        accepted += ["h", "f"]
        also = ", 'h' (raw counts) or 'f' (real values)"
    elif port.dtype == "int16" or (port.dtype in ("int8", "uint8") and writable):
        accepted.append("f")
        also = " or 'f' (real values)"
    needs = f"{what}: needs {size} elements of type '{native}'{also}"
    try:
        view = memoryview(buffer)
    except TypeError:
        raise TypeError(f"{needs}, found {type(buffer).__name__}, which is no buffer") from None
    form = (view.format or "B").lstrip("@=<")
    code = _PLAIN.get("i" if form == "l" and view.itemsize == 4 else form, "")
    if code not in accepted:
        raise TypeError(f"{needs}, found type '{form}'")
    if writable and view.readonly:
        raise TypeError(f"{what}: needs a writable buffer, found {type(buffer).__name__}")
    if not view.c_contiguous:
        raise ValueError(f"{what}: needs a contiguous buffer, found one with gaps")
    width = {"b": 1, "h": 2}.get(code, 4)
    if view.nbytes != size * width:
        raise ValueError(
            f"{what}: needs {size} elements of type '{code}' ({size * width} bytes), "
            f"found {view.nbytes} bytes"
        )
    dtype = {"b": "int8", "h": "int16", "i": "int32", "f": "float32"}[code]
    return np.frombuffer(view.cast("B") if view.ndim else view, dtype)


def quantize_real(port: Port, values: np.ndarray) -> np.ndarray:
    """float32 to int8 or int16 as TFLite's QUANTIZE: ``round(x / scale) + zero_point``, halves
    away from zero, clamped. A NaN counts as 0."""
    assert port.quant is not None
    with np.errstate(over="ignore", invalid="ignore"):
        steps = (values / port.quant.scale[0]).astype(np.float64)
    steps = np.clip(np.nan_to_num(steps, nan=0.0), -1e6, 1e6)
    rounded = np.trunc(steps + np.copysign(0.5, steps))
    ends = np.iinfo(port.dtype)
    return np.clip(rounded + int(port.quant.zero_point[0]), ends.min, ends.max).astype(port.dtype)


def to_real(port: Port, values: np.ndarray) -> np.ndarray:
    """float32 values of an output: ``scale * (q - zero_point)`` in single precision."""
    if port.dtype == "float32":
        return values
    if port.quant is None:
        return values.astype(np.float32)
    centred = values.astype(np.int32) - np.int32(port.quant.zero_point[0])
    return port.quant.scale[0] * centred.astype(np.float32)


def samples_of(buffer: Any, channels: int) -> np.ndarray:
    """int16 samples [n, channels] in a buffer of type ``'h'`` or of bytes.

    Raises:
        TypeError: another type. ValueError: no whole number of samples.
    """
    view = memoryview(buffer)
    form = view.format.lstrip("@=<")
    if form not in ("h", "B"):
        raise TypeError(f"samples: needs type 'h', or bytes of it, found type '{form}'")
    if view.nbytes % (2 * channels):
        raise ValueError(
            f"samples: needs a multiple of {channels} values of 16 bits, found {view.nbytes} bytes"
        )
    return np.frombuffer(view.cast("B"), np.int16).reshape(-1, channels)
