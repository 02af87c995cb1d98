"""Writes a pipeline as C99 for the firmware, beside its model: ``features<n>_<name>.c``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from midge import c_text
from midge.emit_c import abi_check, consts, op_params, op_table

if TYPE_CHECKING:
    from midge.features.pipeline import Compiled


def features_source(compiled: Compiled, ident: str, number: int) -> str:
    """The C file's text behind its title: tables, steps, RAM, and one ``midge_front_t``.

    Args:
        ident: the model's name in C.
        number: of the model's input.
    """
    program = compiled.chain.program
    return "".join(
        [
            '#include <stddef.h>\n\n#include "midge_dsp.h"\n#include "midge_dsp_ops.h"\n\n',
            abi_check(),
            consts(program),
            *(op_params(program, step) for step in range(len(program.steps))),
            op_table(program),
            f"static uint8_t arena[{compiled.chain.arena_bytes}] __attribute__((aligned(8)));\n\n",
            f"extern const midge_front_t midge_front{number}_{ident};\n",
            f"const midge_front_t midge_front{number}_{ident} = {{\n{_front(compiled)}}};\n",
        ]
    )


def _front(compiled: Compiled) -> str:
    pipeline, chain = compiled.pipeline, compiled.chain
    fields = {
        "arena_bytes": chain.arena_bytes,
        "state_bytes": chain.state_bytes,
        "in_offset": compiled.place(chain.input),
        "in_bytes": chain.input.nbytes,
        "row_offset": compiled.place(chain.output),
        "row_bytes": chain.output.nbytes,
        "ring_offset": compiled.place(compiled.ring),
        "counters_offset": compiled.place(compiled.counters),
        "rows": pipeline.rows,
        "warmup": pipeline.warmup,
        "stride": pipeline.stride,
        "n_ops": len(chain.program.steps),
        "ops": "ops",
        "consts": "(const uint8_t *)&consts",
    }
    inner = "".join(f"        .{name} = {value},\n" for name, value in fields.items())
    return (
        f"    .pipeline = {{\n{inner}    }},\n"
        "    .arena = arena,\n"
        f"    .rate_hz = {c_text.real(pipeline.rate_hz)},\n"
        f"    .length = {pipeline.length},\n"
        f"    .channels = {len(pipeline.channels)},\n"
    )
