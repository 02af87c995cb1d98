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

Input = np.ndarray | tuple[np.ndarray, ...]  # a tuple where the model has several inputs

# Buffers of the model's own types. load(i) has the host fill the inputs of number i through the
# watchdog's scratch registers (midge.emulator.probes): mpremote would take minutes for 20 KB.
PRELUDE = """\
import array, binascii, gc, machine, uctypes
import midge
mem32 = machine.mem32
m = midge.load({name!r})
gc.collect()
xs = tuple(array.array(code, bytes(n)) for code, n in {inputs})
x = xs if len(xs) > 1 else xs[0]
y = array.array({out_code!r}, bytes({out_bytes}))
def load(i):
    for k in range(len(xs)):
        mem32[0x40058010] = uctypes.addressof(xs[k])
        mem32[0x40058014] = i * len(xs) + k
"""

_PREDICT = """\
for i in range({n}):
    load(i)
    m.predict(x, y)
    print(i, str(binascii.hexlify(y), "ascii"))
"""


def prelude(compiled: CompiledModel) -> str:
    """A script's first lines: the model ``m``, buffers ``x`` (a tuple for several inputs) and
    ``y``, and ``load(i)``, which brings what :func:`fill` got.

    Raises:
        LinkError: the model has several outputs.
    """
    program = compiled.program
    if len(program.outputs) != 1:
        raise LinkError(
            f"{len(program.outputs)} outputs; only models with one can be read by the host",
            where=program.path,
        )
    out = program.outputs[0]
    return PRELUDE.format(
        name=compiled.meta.name,
        inputs=tuple((TYPECODES[port.dtype], _nbytes(port)) for port in program.inputs),
        out_code=TYPECODES[out.dtype],
        out_bytes=_nbytes(out),
    )


def parts(value: Input) -> list[np.ndarray]:
    """One array for each input."""
    return list(value) if isinstance(value, tuple) else [value]


def fill(
    link: EmulatedLink, compiled: CompiledModel, number: int, values: Sequence[np.ndarray]
) -> None:
    """Gives the board what ``load(number)`` will bring: an array for each of the inputs.

    Raises:
        LinkError: they have another number, type or size than the inputs.
    """
    ports = compiled.program.inputs
    if [(str(v.dtype), v.nbytes) for v in values] != [(p.dtype, _nbytes(p)) for p in ports]:
        found = ", ".join(f"{v.dtype} {list(v.shape)}" for v in values)
        needed = ", ".join(f"{p.dtype} {list(p.shape)}" for p in ports)
        raise LinkError(f"input {number} is {found}, needed {needed}", where=compiled.program.path)
    for k, value in enumerate(values):
        link.pico.fill(number * len(ports) + k, value.tobytes())


def predict(
    link: EmulatedLink,
    compiled: CompiledModel,
    inputs: Sequence[Input],
    timeout_s: float = 600.0,
) -> list[np.ndarray]:
    """Runs the model in the firmware behind ``link`` on each input.

    Args:
        inputs: arrays of the model's input type and shape; tuples of them for several inputs.

    Returns:
        The outputs, in the model's output type and shape.

    Raises:
        LinkError: an input has another type or size; or as :meth:`Link.run`.
    """
    out = compiled.program.outputs[0]
    for i, value in enumerate(inputs):
        fill(link, compiled, i, parts(value))
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
