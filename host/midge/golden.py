"""The golden sample: an input and the exact output it must give, compiled into the model.

The boot test runs it on the board; one wrong bit in kernels, compiler or flash shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from midge.errors import ModelError

if TYPE_CHECKING:
    from midge.compile import CompiledModel
    from midge.program import Port


def golden(compiled: CompiledModel) -> tuple[bytes, bytes] | None:
    """The bytes of input 0 and of output 0.

    The input is the sidecar's ``golden``, or else a fixed pattern over the whole range. The
    output is computed by the C core on the host. ``None`` for models of several inputs.

    Raises:
        ModelError: the sidecar's sample has another length or leaves the input's type.
    """
    if len(compiled.program.inputs) != 1:
        return None
    if compiled.golden_cache is None:
        sample = golden_input(compiled)
        output = compiled.runner().run([sample])[0]
        compiled.golden_cache = (sample.tobytes(), output.tobytes())
    return compiled.golden_cache


def golden_input(compiled: CompiledModel) -> np.ndarray:
    """Input 0 of the golden sample, in the port's shape and type."""
    port = compiled.program.inputs[0]
    given = compiled.meta.golden
    if given is None:
        return _pattern(port)
    limits = np.iinfo(port.dtype) if np.dtype(port.dtype).kind in "iu" else None
    size = int(np.prod(port.shape))
    outside = limits is not None and any(not limits.min <= v <= limits.max for v in given)
    if len(given) != size or outside:
        raise ModelError(
            f"the golden sample has {len(given)} values"
            + (f", some outside {port.dtype}" if outside else "")
            + f"; needed: {size} of type {port.dtype}",
            where=compiled.program.path,
            do="run `midge train` again, or take `golden` out of the .json beside the model",
        )
    return np.array(given, port.dtype).reshape(port.shape)


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
