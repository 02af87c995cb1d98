"""Compiles generated C into a program that runs the model on inputs from stdin."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from midge import abi, core, paths
from midge.compile import CompiledModel
from midge.emit_c import emit, emit_registry

WARNINGS = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror"]

# Reads inputs (or, with an argument, raw int16 counts) until stdin ends, writes outputs.
_MAIN = """
#include <stdio.h>
#include <string.h>
#include "midge_models.h"

static size_t bytes_of(const midge_port_t *port) {
    return port->size * (port->dtype >= MIDGE_INT32 ? 4 : port->dtype == MIDGE_INT16 ? 2 : 1);
}

static int check(const midge_model_t *model) {
    midge_reset(model);
    const int8_t *golden = model->golden_in;
    for (size_t i = 0; i < model->n_inputs; i++) {
        memcpy(midge_arena + model->inputs[i].offset, golden, bytes_of(&model->inputs[i]));
        golden += bytes_of(&model->inputs[i]);
    }
    midge_run(model, midge_arena, NULL, NULL);
    return memcmp(midge_arena + model->outputs[0].offset, model->golden_out,
        bytes_of(model->outputs));
}

int main(int argc, char **argv) {
    static int16_t counts[65536];
    const midge_model_t *model = midge_models[0];
    (void)argv;
    if (model->golden_in != NULL && check(model) != 0) {
        return 3;
    }
    midge_reset(model);
    for (;;) {
        uint8_t *in = midge_arena + model->inputs[0].offset;
        if (argc > 1) {
            if (fread(counts, 2, model->inputs[0].size, stdin) != model->inputs[0].size) {
                return 0;
            }
            midge_quantize_raw(model->raw, model->inputs, counts, model->inputs[0].size,
                (int8_t *)in);
        } else if (fread(in, bytes_of(model->inputs), 1, stdin) != 1) {
            return 0;
        }
        midge_run(model, midge_arena, NULL, NULL);
        fwrite(midge_arena + model->outputs[0].offset, bytes_of(model->outputs), 1, stdout);
    }
}
"""


def include_flags(folder: Path) -> list[str]:
    binding = paths.firmware_modules_dir() / "midge_mpy"
    return [f"-I{abi.core_dir()}", f"-I{binding}", f"-I{folder}"]


def build(compiled: CompiledModel, folder: Path) -> Path:
    """The program; every warning is an error."""
    sources = [path for path in emit(compiled, folder) if path.suffix == ".c"]
    sources.append(emit_registry([compiled], folder))
    main = folder / "main.c"
    main.write_text(_MAIN, encoding="ascii")
    program = folder / "program"
    files = [str(path) for path in (*sources, main, *core.sources())]
    flags = [*WARNINGS, "-O2", "-ffp-contract=off", "-fsanitize=address,undefined",
             "-fno-sanitize-recover=all"]  # fmt: skip
    subprocess.run(
        [core.compiler(), *flags, *include_flags(folder), "-o", str(program), *files], check=True
    )
    return program


def run(
    program: Path, compiled: CompiledModel, inputs: np.ndarray, raw: bool = False
) -> np.ndarray:
    """Outputs, one a row, for inputs, one a row."""
    command = [str(program), *(["raw"] if raw else [])]
    done = subprocess.run(command, input=inputs.tobytes(), capture_output=True, check=False)
    assert done.returncode == 0, (done.returncode, done.stderr.decode())
    port = compiled.program.outputs[0]
    return np.frombuffer(done.stdout, port.dtype).reshape(len(inputs), *port.shape)
