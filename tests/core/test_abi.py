"""Reading the C headers."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest

from midge import abi, core
from midge.errors import BuildError


def test_every_kernel_has_struct_opcode_and_symbol() -> None:
    kernels = abi.load().kernels
    library = ctypes.CDLL(str(core.build()))
    assert len(kernels) >= 14
    for kernel in kernels.values():
        assert hasattr(library, f"midge_{kernel.name}")
        assert kernel.fields
        assert "out" in kernel.refs


def test_sizes_agree_with_the_compiler(tmp_path: Path) -> None:
    """The order is the header's and no field was overlooked: offsets are 4 apart."""
    includes = ['#include "midge_params.h"', '#include "midge_params_dsp.h"']
    lines = [*includes, "#define CHECK(x) typedef char check_##x[(x) ? 1 : -1]"]
    for kernel in abi.load().kernels.values():
        struct = f"midge_{kernel.name}_t"
        lines.append(f"char a_{struct}[sizeof({struct}) == {4 * len(kernel.fields)} ? 1 : -1];")
        for i, field in enumerate(kernel.fields):
            at = f"offsetof({struct}, {field.name}) == {4 * i}"
            lines.append(f"char b_{kernel.name}_{field.name}[{at} ? 1 : -1];")
    source = tmp_path / "sizes.c"
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [core.compiler(), f"-I{abi.core_dir()}", "-c", str(source), "-o", "/dev/null"]
    subprocess.run(command, check=True)


@pytest.mark.parametrize("kernel", ["transpose_conv_packed", "conv_pool"])
def test_kernels_around_the_packed_convolution_begin_as_it_does(kernel: str) -> None:
    """They copy that part of their parameters."""
    kernels = abi.load().kernels
    inner = kernels["conv_2d_packed"].fields
    assert kernels[kernel].fields[: len(inner)] == inner


def test_reads_fields_in_order_and_tells_operands() -> None:
    text = """
    // int32_t ghost;
    typedef struct _midge_x_t {
        midge_ref_t in; // the input; int32_t no_field;
        /* int32_t gone; */
        int32_t size;
    } midge_x_t;
    """
    assert abi.parse_structs(text) == {"x": (abi.Field("in", True), abi.Field("size", False))}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("typedef struct _midge_x_t { int8_t a; } midge_x_t;", "int8_t a"),
        ("typedef struct _midge_x_t { int32_t a, b; } midge_x_t;", "int32_t a, b"),
        ("typedef struct _midge_x_t { int32_t a[2]; } midge_x_t;", "int32_t a"),
        ("typedef struct _midge_x_t { int32_t a; int32_t a; } midge_x_t;", "one name"),
        ("typedef struct _midge_x_t { int32_t a; } midge_y_t;", "midge_y_t"),
    ],
)
def test_refuses_other_structs(text: str, why: str) -> None:
    with pytest.raises(BuildError, match=why.replace("[", r"\[")):
        abi.parse_structs(text)


@pytest.mark.parametrize("text", ["", "X(1, a) X(1, b)", "X(1, a) X(2, a)"])
def test_refuses_a_bad_opcode_table(text: str) -> None:
    with pytest.raises(BuildError):
        abi.parse_ops(text)


def test_missing_header_and_kernel_without_struct(tmp_path: Path) -> None:
    for path in abi.core_dir().glob("*.h"):
        shutil.copy(path, tmp_path)
    assert abi.parse(tmp_path) == abi.load()
    header = tmp_path / "midge_ops.h"
    header.write_text(header.read_text() + "\n#define MORE X(99, ghost)\n", encoding="utf-8")
    with pytest.raises(BuildError, match="ghost"):
        abi.parse(tmp_path)
    header.unlink()
    with pytest.raises(BuildError, match=r"midge_ops\.h"):
        abi.parse(tmp_path)
