"""Writes a compiled model as C99 for the firmware: one ``.c`` and ``.h`` a model, one registry.

The C holds data only: constants, each op's parameters, and a table of kernels, so that the linker
keeps just the kernels some model uses. The same input gives the same bytes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from midge import abi, c_text
from midge.errors import ModelError
from midge.golden import golden
from midge.pack import CONST_ALIGN, ordered
from midge.program import BufferRef, ConstRef, Param, Port, Program, StateRef
from midge.raw import RawConstants, raw_constants
from midge.version import version

if TYPE_CHECKING:
    from midge.compile import CompiledModel

_PORT_TYPES = {
    "int8": "MIDGE_INT8",
    "uint8": "MIDGE_UINT8",
    "int16": "MIDGE_INT16",
    "int32": "MIDGE_INT32",
    "float32": "MIDGE_FLOAT32",
}
MAX_RANK = 4  # MIDGE_MAX_RANK of midge.h


def emit(compiled: CompiledModel, out_dir: Path) -> list[Path]:
    """Writes ``model_<name>.c`` and ``model_<name>.h``.

    The golden output is computed here, by the C core on the host.

    Returns:
        The two paths, and one for the features of each input.

    Raises:
        ModelError: the name has no letter C could use, a port is of a type or rank that the
            binding does not take, or the sidecar's golden sample or scaling is unusable.
    """
    ident = c_text.identifier(compiled.meta.name)
    out_dir.mkdir(parents=True, exist_ok=True)
    source, header = out_dir / f"model_{ident}.c", out_dir / f"model_{ident}.h"
    _write(source, _source(compiled, ident))
    _write(header, _header(compiled, ident))
    return [source, header, *_features(compiled, ident, out_dir)]


def _features(compiled: CompiledModel, ident: str, out_dir: Path) -> list[Path]:
    """``features<n>_<name>.c`` for the pipeline in front of each input."""
    from midge.emit_features import features_source

    paths = []
    for number, one in enumerate(compiled.features):
        paths.append(out_dir / f"features{number}_{ident}.c")
        _write(paths[-1], title(compiled) + features_source(one, ident, number))
    return paths


def emit_registry(compiled_list: list[CompiledModel], out_dir: Path) -> Path:
    """Writes ``midge_models.c``: the table of models and the one arena they share.

    An empty list is valid: a firmware without models.

    Raises:
        ModelError: two models have the same name, or names that are the same in C.
    """
    idents: dict[str, str] = {}
    for compiled in compiled_list:
        ident = c_text.identifier(compiled.meta.name)
        if ident in idents:
            raise ModelError(
                f"two models are called '{ident}' in C: '{idents[ident]}' and "
                f"'{compiled.meta.name}'",
                where=compiled.program.path,
                do='give one another name: "name" in the .json beside the .tflite',
            )
        idents[ident] = compiled.meta.name
    out_dir.mkdir(parents=True, exist_ok=True)
    path = out_dir / "midge_models.c"
    arena = max((c.program.arena_bytes for c in compiled_list), default=0)
    _write(path, _registry(list(idents), arena))
    return path


def _write(path: Path, text: str) -> None:
    """Writes all or nothing; leaves a file alone that has this text, so make need not rebuild."""
    if path.exists() and path.read_text(encoding="ascii", errors="replace") == text:
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="ascii")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _registry(idents: list[str], arena_bytes: int) -> str:
    includes = "".join(f'#include "model_{ident}.h"\n' for ident in idents)
    entries = "".join(f"    &midge_model_{ident},\n" for ident in idents)
    size = max(8, (arena_bytes + 7) & ~7)
    return (
        "// The models of this firmware. Made by midge build: do not edit.\n"
        '#include "midge_models.h"\n\n'
        f"{includes}\n"
        f"const size_t midge_models_count = {len(idents)};\n\n"
        f"const midge_model_t *const midge_models[] = {{\n{entries}    NULL,\n}};\n\n"
        f"const uint32_t midge_arena_bytes = {size};\n"
        "// One inference at a time: as large as the largest model needs.\n"
        f"uint8_t midge_arena[{size}] __attribute__((aligned(8)));\n"
    )


def _header(compiled: CompiledModel, ident: str) -> str:
    program = compiled.program
    guard = f"MODEL_{ident.upper()}_H"
    return (
        f"{title(compiled)}"
        f"#ifndef {guard}\n#define {guard}\n\n"
        '#include "midge.h"\n\n'
        f"#define MIDGE_MODEL_{ident.upper()}_ARENA_BYTES ({program.arena_bytes})\n\n"
        f"extern const midge_model_t midge_model_{ident};\n\n"
        f"#endif // {guard}\n"
    )


def title(compiled: CompiledModel) -> str:
    """What begins every file of a model."""
    program = compiled.program
    return (
        f"// {c_text.comment(compiled.meta.name)} {c_text.comment(compiled.meta.version)}, "
        f"compiled by midge {version()} from {c_text.comment(Path(program.path).name)}.\n"
        "// Made by midge build: do not edit.\n"
    )


def _source(compiled: CompiledModel, ident: str) -> str:
    program = compiled.program
    parts = [
        title(compiled),
        _summary(program),
        '#include <stddef.h>\n\n#include "midge_ops.h"\n',
        f'#include "model_{ident}.h"\n\n',
        abi_check(),
        consts(program),
        *(op_params(program, number) for number in range(len(program.steps))),
        op_table(program),
        _ports("inputs", program.inputs, program),
        _ports("outputs", program.outputs, program),
        _states(program),
        _labels(compiled.meta.labels),
        _raw(raw_constants(compiled)),
        _golden(compiled),
        _fronts(compiled, ident),
        _model(compiled, ident),
    ]
    return "".join(parts)


def abi_check() -> str:
    """Refuses to compile for another version of the core."""
    return (
        f"#if MIDGE_ABI != {abi.load().version}\n"
        '#error "this file was made for another version of the Midge core: '
        'run midge build again"\n#endif\n\n'
    )


def _summary(program: Program) -> str:
    lines = [
        f"// arena {program.arena_bytes} bytes, state {program.state_bytes} bytes, "
        f"constants {program.weights_bytes} bytes, "
        f"{program.macs} multiply-accumulates; layers:",
        *(f"//   {c_text.comment(step.layer)[:80]}: {step.macs} MACs" for step in program.steps),
    ]
    return "\n".join(lines) + "\n"


def consts(program: Program) -> str:
    """The constants as one struct, and ``CONST``, a member's ``midge_ref_t``."""
    if not program.consts:
        return ""
    members, values = [], []
    for number, const in enumerate(program.consts):
        # whole words, so that the next member starts where packing says
        itemsize = const.data.dtype.itemsize
        length = -(-const.data.nbytes // CONST_ALIGN) * CONST_ALIGN // itemsize
        members.append(
            f"    {c_text.c_type(const.data.dtype)} c{number}[{length}]; "
            f"// {c_text.comment(const.name)[:60]}\n"
        )
        items = c_text.rows(c_text.literals(const.data), 8)
        values.append(f"    .c{number} = {{\n{items}\n    }},\n")
    return (
        f"typedef struct _consts_t {{\n{''.join(members)}}} consts_t;\n\n"
        f"static const consts_t consts __attribute__((aligned(8))) = {{\n{''.join(values)}}};\n\n"
        "#define CONST(member) (~(midge_ref_t)offsetof(consts_t, member))\n\n"
    )


def op_params(program: Program, number: int) -> str:
    """The parameters of a step: ``op<number>``."""
    step = program.steps[number]
    params = ordered(step)
    body = "".join(f"    .{field} = {_param(program, value)},\n" for field, value in params)
    return f"static const midge_{step.kernel}_t op{number} = {{\n{body}}};\n\n"


def _param(program: Program, value: Param) -> str:
    if isinstance(value, ConstRef):
        return f"CONST(c{value.const})"
    if isinstance(value, BufferRef):
        return str(program.buffers[value.buffer].offset + value.start)
    if isinstance(value, StateRef):
        return str(program.states[value.state].offset)
    return c_text.integer(int(value))


def op_table(program: Program) -> str:
    """``ops``: kernel, parameters and name of each step."""
    if not program.steps:
        return ""
    entries = "".join(
        f"    {{midge_{step.kernel}, &op{number}, {c_text.string(step.layer)}}},\n"
        for number, step in enumerate(program.steps)
    )
    return f"static const midge_op_t ops[] = {{\n{entries}}};\n\n"


def _ports(name: str, ports: list[Port], program: Program) -> str:
    body = "".join(_port(port, program) for port in ports)
    return f"static const midge_port_t {name}[] = {{\n{body}}};\n\n"


def _port(port: Port, program: Program) -> str:
    if port.dtype not in _PORT_TYPES or len(port.shape) > MAX_RANK:
        raise ModelError(
            f"'{port.name}' has type {port.dtype} and shape {port.shape}; inputs and outputs "
            f"need {', '.join(_PORT_TYPES)} and at most {MAX_RANK} dimensions",
            where=program.path,
            do="reshape it in the model to fewer dimensions, or convert it to int8",
        )
    size = 1
    for n in port.shape:
        size *= n
    scale, zero_point = (port.quant.scale[0], port.quant.zero_point[0]) if port.quant else (1, 0)
    shape = ", ".join(str(n) for n in port.shape) or "0"
    return (
        "    {\n"
        f"        .name = {c_text.string(port.name)},\n"
        f"        .offset = {program.buffers[port.buffer].offset},\n"
        f"        .size = {size},\n"
        f"        .dtype = {_PORT_TYPES[port.dtype]},\n"
        f"        .rank = {len(port.shape)},\n"
        f"        .shape = {{{shape}}},\n"
        f"        .scale = {c_text.real(float(scale))},\n"
        f"        .zero_point = {int(zero_point)},\n"
        "    },\n"
    )


def _states(program: Program) -> str:
    if not program.states:
        return ""
    rows = "".join(
        f"    {{{state.offset}, {state.nbytes}, {state.reset}}}, "
        f"// {c_text.comment(state.name)[:60]}\n"
        for state in program.states
    )
    return (
        f"static uint8_t state[{program.state_bytes}] __attribute__((aligned(8)));\n\n"
        f"static const midge_state_t states[] = {{\n{rows}}};\n\n"
    )


def _labels(labels: list[str]) -> str:
    if not labels:
        return ""
    return c_text.array("static const char *const labels[]", map(c_text.string, labels)) + "\n"


def _raw(raw: RawConstants | None) -> str:
    if raw is None:
        return ""
    return (
        c_text.array("static const int32_t raw_offset[]", map(c_text.integer, raw.offset))
        + c_text.array("static const int32_t raw_mult[]", map(c_text.integer, raw.mult))
        + c_text.array("static const int8_t raw_shift[]", map(str, raw.shift))
        + "static const midge_raw_t raw = {\n"
        f"    .channels = {len(raw.offset)},\n"
        "    .offset = raw_offset,\n    .mult = raw_mult,\n    .shift = raw_shift,\n};\n\n"
    )


def _golden(compiled: CompiledModel) -> str:
    names = ("golden_in", "golden_out")
    return "".join(
        f"// as bytes\nstatic const int8_t {name}[] __attribute__((aligned(4))) = {{\n"
        f"{c_text.rows(map(str, memoryview(data).cast('b')), 4)}\n}};\n\n"
        for name, data in zip(names, golden(compiled), strict=True)
    )


def _fronts(compiled: CompiledModel, ident: str) -> str:
    names = [f"midge_front{number}_{ident}" for number in range(len(compiled.features))]
    if not names:
        return ""
    return "".join(f"extern const midge_front_t {name};\n" for name in names) + c_text.array(
        "static const midge_front_t *const fronts[]", [f"&{name}" for name in names]
    )


def _model(compiled: CompiledModel, ident: str) -> str:
    program, meta = compiled.program, compiled.meta
    fields = {
        "name": c_text.string(meta.name),
        "version": c_text.string(meta.version),
        "sha256": c_text.string(program.sha256),
        "tool": c_text.string(version()),
        "data_fingerprint": c_text.string(meta.data_fingerprint),
        "arena_bytes": str(program.arena_bytes),
        "state_bytes": str(program.state_bytes),
        "consts_bytes": str(program.weights_bytes),
        "macs": str(program.macs),
        "n_ops": str(len(program.steps)),
        "n_inputs": str(len(program.inputs)),
        "n_outputs": str(len(program.outputs)),
        "n_labels": str(len(meta.labels)),
        "n_states": str(len(program.states)),
        "ops": "ops" if program.steps else "NULL",
        "consts": "(const uint8_t *)&consts" if program.consts else "NULL",
        "inputs": "inputs",
        "outputs": "outputs",
        "labels": "labels" if meta.labels else "NULL",
        "fronts": "fronts" if compiled.features else "NULL",
        "raw": "&raw" if raw_constants(compiled) is not None else "NULL",
        "state": "state" if program.states else "NULL",
        "states": "states" if program.states else "NULL",
        "golden_in": "golden_in",
        "golden_out": "golden_out",
    }
    body = "".join(f"    .{name} = {value},\n" for name, value in fields.items())
    return f"const midge_model_t midge_model_{ident} = {{\n{body}}};\n"
