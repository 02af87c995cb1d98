"""The core compiles without a warning on every processor, and cppcheck finds nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from midge import abi, core

WARNINGS = [
    "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-Wshadow",
    "-Wstrict-prototypes", "-Wmissing-prototypes", "-c", "-o", "/dev/null",
]  # fmt: skip
COMPILERS = {
    "host": ["gcc", "-O2"],
    "cortex-m0plus": ["arm-none-eabi-gcc", "-Os", "-mcpu=cortex-m0plus", "-mthumb"],
    "cortex-m33": ["arm-none-eabi-gcc", "-O2", "-mcpu=cortex-m33", "-mthumb"],
    "rv32imc": [
        "riscv64-unknown-elf-gcc", "-O2", "-march=rv32imc", "-mabi=ilp32",
        "--specs=picolibc.specs",
    ],
}  # fmt: skip


def tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed (`make test` installs it)")
    return path


@pytest.mark.parametrize("source", core.sources(), ids=lambda path: path.name)
@pytest.mark.parametrize("name", COMPILERS)
def test_no_warning(name: str, source: Path) -> None:
    gcc, *flags = COMPILERS[name]
    command = [tool(gcc), *flags, *WARNINGS, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_cppcheck_is_clean() -> None:
    command = [
        tool("cppcheck"), "--std=c99", "--quiet", "--error-exitcode=1", "--inline-suppr",
        "--enable=warning,style,performance,portability", str(abi.core_dir()),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_allocation_no_libc_but_memory_functions(tmp_path: Path) -> None:
    """What the Cortex-M0+ objects need from outside: mem* and the compiler's own helpers."""
    wanted = set()
    for source in core.sources():
        target = tmp_path / f"{source.stem}.o"
        command = [tool("arm-none-eabi-gcc"), "-Os", "-mcpu=cortex-m0plus", "-mthumb", "-std=c99"]
        subprocess.run([*command, "-c", str(source), "-o", str(target)], check=True)
        listing = subprocess.run(
            [tool("arm-none-eabi-nm"), "-u", str(target)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        wanted |= {line.split()[-1] for line in listing.stdout.splitlines()}
    allowed = re.compile(r"midge_\w+|mem(cpy|set|move)|__aeabi_\w+|__gnu_thumb1_case_\w+")
    assert {name for name in wanted if not allowed.fullmatch(name)} == set()


def test_float_only_where_the_model_has_floats() -> None:
    """No float in int8 paths: the word stands in the conversions, a port's scale and a
    pipeline's rate."""
    with_float = set()
    for path in (*core.sources(), *abi.core_dir().glob("*.h")):
        code = re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8"))
        if re.search(r"\b(float|double)\b", code):
            with_float.add(path.name)
    assert with_float == {
        "midge.h", "midge_float.h", "midge_quantize.c", "midge_dequantize.c",
        "midge_quantize_16.c", "midge_dequantize_16.c", "midge_dsp.h",
    }  # fmt: skip


def test_files_are_short() -> None:
    for path in abi.core_dir().glob("*.[ch]"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path.name
