"""The golden sample: an input and the exact output it must give, compiled into the model.

The boot test runs it on the board; one wrong bit in kernels, compiler or flash shows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from midge.errors import ModelError

if TYPE_CHECKING:
    from midge.compile import CompiledModel
    from midge.program import Port


def golden(compiled: CompiledModel) -> tuple[bytes, bytes]:
    """The bytes of all inputs, one after the other, and of output 0.

    The inputs are the sidecar's ``golden``, or else a fixed pattern over the whole range. The
    output is computed by the C core on the host.

    Raises:
        ModelError: the sidecar's sample has another length or leaves the inputs' types.
    """
    if compiled.golden_cache is None:
        sample = golden_inputs(compiled)
        output = compiled.runner().run(sample)[0]
        compiled.golden_cache = (b"".join(one.tobytes() for one in sample), output.tobytes())
    return compiled.golden_cache


def golden_inputs(compiled: CompiledModel) -> list[np.ndarray]:
    """The inputs of the golden sample, each in its port's shape and type."""
    ports = compiled.program.inputs
    given = compiled.meta.golden
    if given is None:
        return [_pattern(port) for port in ports]
    sizes = [math.prod(port.shape) for port in ports]
    parts = np.split(np.asarray(given), np.cumsum(sizes)[:-1])
    outside = sum(_outside(port, part) for port, part in zip(ports, parts, strict=True))
    if len(given) != sum(sizes) or outside:
        types = ", ".join(port.dtype for port in ports)
        raise ModelError(
            f"the golden sample has {len(given)} values"
            + (f", {outside} of them outside {types}" if outside else "")
            + f"; needed: {sum(sizes)} of type {types}",
            where=compiled.program.path,
            do="run `midge train` again, or take `golden` out of the .json beside the model",
        )
    return [
        part.astype(port.dtype).reshape(port.shape)
        for port, part in zip(ports, parts, strict=True)
    ]


def _outside(port: Port, values: np.ndarray) -> int:
    """How many of the values the port's type does not hold."""
    if np.dtype(port.dtype).kind not in "iu":
        return 0
    limits = np.iinfo(port.dtype)
    return int(np.count_nonzero((values < limits.min) | (values > limits.max)))


def _pattern(port: Port) -> np.ndarray:
    """The type's whole range: bytes in steps of 37 (prime to 256, so each value comes once in
    256), int16 in steps of 25717 (prime to 65536)."""
    count = np.arange(int(np.prod(port.shape)), dtype=np.int64)
    if port.dtype == "int16":
        return (count * 25717 % 65536 - 32768).astype(port.dtype).reshape(port.shape)
    steps = (count * 37) % 256
    if port.dtype == "float32":
        return ((steps - 128) / 128).astype(np.float32).reshape(port.shape)
    values = steps if port.dtype == "uint8" else steps - 128
    return values.astype(port.dtype).reshape(port.shape)
