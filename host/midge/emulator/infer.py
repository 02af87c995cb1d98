"""Runs a compiled-in model on the emulated Pico on inputs of the host."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from midge.compile import CompiledModel
from midge.errors import LinkError
from midge.links.emulated import EmulatedLink
from midge.program import Port

# numpy's types and the typecodes of MicroPython's array, as Model.predict takes them.
TYPECODES = {"int8": "b", "uint8": "B", "int16": "h", "int32": "i", "float32": "f"}

# Buffers of the model's own types. load(i) has the host fill the input from slot i through the
# watchdog's scratch registers (midge.emulator.probes): mpremote would take minutes for 20 KB.
PRELUDE = """\
import array, binascii, gc, machine, uctypes
import midge
mem32 = machine.mem32
m = midge.load({name!r})
gc.collect()
x = array.array({in_code!r}, bytes({in_bytes}))
y = array.array({out_code!r}, bytes({out_bytes}))
def load(i):
    mem32[0x40058010] = uctypes.addressof(x)
    mem32[0x40058014] = i
"""

_PREDICT = """\
for i in range({n}):
    load(i)
    m.predict(x, y)
    print(i, str(binascii.hexlify(y), "ascii"))
"""


def prelude(compiled: CompiledModel) -> str:
    """A script's first lines: the model ``m``, buffers ``x`` and ``y``, and ``load(i)``.

    Raises:
        LinkError: the model has several inputs or outputs.
    """
    program = compiled.program
    if len(program.inputs) != 1 or len(program.outputs) != 1:
        raise LinkError(
            f"{len(program.inputs)} inputs and {len(program.outputs)} outputs; "
            "only models with one of each can be fed from the host",
            where=program.path,
        )
    into, out = program.inputs[0], program.outputs[0]
    return PRELUDE.format(
        name=compiled.meta.name,
        in_code=TYPECODES[into.dtype],
        in_bytes=_nbytes(into),
        out_code=TYPECODES[out.dtype],
        out_bytes=_nbytes(out),
    )


def predict(
    link: EmulatedLink,
    compiled: CompiledModel,
    inputs: Sequence[np.ndarray],
    timeout_s: float = 600.0,
) -> list[np.ndarray]:
    """Runs the model in the firmware behind ``link`` on each input.

    Args:
        inputs: arrays of the model's input type and shape.

    Returns:
        The outputs, in the model's output type and shape.

    Raises:
        LinkError: an input has another type or size; or as :meth:`Link.run`.
    """
    into, out = compiled.program.inputs[0], compiled.program.outputs[0]
    for i, value in enumerate(inputs):
        if str(value.dtype) != into.dtype or value.nbytes != _nbytes(into):
            raise LinkError(
                f"input {i} is {value.dtype} {list(value.shape)}, "
                f"needed {into.dtype} {list(into.shape)}",
                where=compiled.program.path,
            )
        link.pico.fill(i, value.tobytes())
    source = prelude(compiled) + _PREDICT.format(n=len(inputs))
    lines = run_source(link, source, timeout_s)
    found = [bytes.fromhex(line.split()[1]) for line in lines if len(line.split()) == 2]
    return [np.frombuffer(raw, dtype=out.dtype).reshape(out.shape) for raw in found]


def run_source(link: EmulatedLink, source: str, timeout_s: float) -> list[str]:
    """Runs a script given as text; returns its lines."""
    with tempfile.TemporaryDirectory(prefix="midge-script-") as folder:
        script = Path(folder) / "script.py"
        script.write_text(source, encoding="utf-8")
        return list(link.run(script, timeout_s))


def _nbytes(port: Port) -> int:
    return int(np.prod(port.shape)) * np.dtype(port.dtype).itemsize
