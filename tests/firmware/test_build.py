"""Firmware for RPI_PICO: built, measured, refused where it does not fit."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from midge.boards import load_board
from midge.budget import code_of
from midge.cost.code import objects_of
from midge.errors import BudgetError, BuildError
from midge.firmware import toolchain
from midge.firmware.build import BuildResult, build
from midge.firmware.files import write_if_changed
from midge.firmware.memmap import ARENA, CORE, FILL, FROZEN, HEAP, INTERPRETER, STACK, read_memory
from midge.firmware.micropython import unfinished
from midge.firmware.process import environment, run

if TYPE_CHECKING:
    from midge.compile import CompiledModel

built = [pytest.mark.slow, pytest.mark.firmware]
UF2_BLOCK, UF2_DATA = 512, 256


def marked(test: object) -> object:
    for mark in built:
        test = mark(test)  # type: ignore[operator]
    return test


@marked
def test_outputs_are_named_and_whole(pico_firmware: BuildResult) -> None:
    names = sorted(p.name for p in pico_firmware.uf2.parent.iterdir())
    stem = pico_firmware.uf2.name.removesuffix(".uf2")
    assert re.fullmatch(
        r"midge-RPI_PICO-relu-floats-pair-wide-counts-heard-seen-both-\d+\.\d+\.\d+", stem
    )
    assert names == sorted(f"{stem}.{part}" for part in ("bin", "elf", "memory.json", "uf2"))


@marked
def test_the_uf2_holds_the_binary(pico_firmware: BuildResult) -> None:
    blocks = pico_firmware.uf2.read_bytes()
    assert len(blocks) % UF2_BLOCK == 0
    data = b"".join(
        blocks[i + 32 : i + 32 + UF2_DATA] for i in range(0, len(blocks), UF2_BLOCK)
    )  # fmt: skip
    binary = pico_firmware.bin.read_bytes()
    assert data[: len(binary)] == binary
    assert int.from_bytes(blocks[12:16], "little") == 0x10000000
    assert int.from_bytes(blocks[28:32], "little") == 0xE48BFF56  # the RP2040's family


@marked
def test_the_memory_map_sums_up(pico_firmware: BuildResult, models: list[CompiledModel]) -> None:
    memory, board = pico_firmware.memory, load_board("RPI_PICO")
    assert sum(memory.flash.values()) == pico_firmware.bin.stat().st_size
    assert sum(memory.ram.values()) == board.ram_bytes
    assert memory.flash_free == board.firmware_flash_bytes - pico_firmware.bin.stat().st_size
    # what no object file claims is alignment between sections, no more
    assert 0 <= memory.flash[FILL] < 1024
    assert 0 <= memory.ram[FILL] < 1024
    assert memory.flash[INTERPRETER] > 250_000
    assert memory.flash[FROZEN] > 10_000
    assert memory.ram[STACK] == 8192
    assert memory.ram[HEAP] > board.heap_min_bytes
    largest = max(model.program.arena_bytes for model in models)
    assert memory.ram[ARENA] == max(8, (largest + 7) & ~7)


@marked
def test_each_model_has_its_share(pico_firmware: BuildResult, models: list[CompiledModel]) -> None:
    memory = pico_firmware.memory
    assert list(memory.models) == [model.meta.name for model in models]
    for model in models:
        share = memory.models[model.meta.name]
        # the structs of constants: what the compiler says, and up to 8 for their alignment
        assert 0 <= share.constants - model.program.weights_bytes <= 8
        tables = sum(one.chain.program.weights_bytes for one in model.features)
        assert bool(model.features) == bool(share.features) and share.features >= tables
        assert share.features_ram == model.features_ram_bytes
        if model.features:  # its blocks, whatever their files are called
            blocks = {name: size for name, size in memory.kernels.items() if "dsp_" in name}
            own = objects_of(model.kernels, "cortex-m0plus")
            mine = sum(size for name, size in blocks.items() if f"midge_{name}" in own)
            assert 500 < mine <= share.code
        assert share.flash == memory.flash[f"model {model.meta.name}"]
        assert share.arena == model.program.arena_bytes
        assert 0 < share.code < memory.code_bytes
    assert sum(memory.kernels.values()) == memory.flash[CORE]


@marked
def test_the_map_is_json_and_text(pico_firmware: BuildResult) -> None:
    memory = pico_firmware.memory
    file = pico_firmware.uf2.with_suffix(".memory.json")
    assert read_memory(file) == memory
    assert json.loads(file.read_text()) == json.loads(json.dumps(memory.as_dict()))
    text = str(memory)
    assert "features" in text
    for word in ("interpreter", "frozen Python", "core", "model relu", "arena", "heap", "free"):
        assert word in text
    assert f"{memory.heap_bytes:,}" in text


@marked
def test_a_firmware_built_before_is_taken_from_the_cache(
    pico_firmware: BuildResult, models: list[CompiledModel], tmp_path: Path
) -> None:
    said: list[str] = []
    start = time.monotonic()
    again = build(models, load_board("RPI_PICO"), tmp_path, progress=said.append)
    assert not [text for text in said if text.startswith(("compiling", "configuring"))]
    assert time.monotonic() - start < 10  # a compilation of all would take a minute
    assert again.uf2.read_bytes() == pico_firmware.uf2.read_bytes()


@marked
def test_no_model_and_a_frozen_script(tmp_path: Path) -> None:
    script = tmp_path / "frozen_script.py"
    script.write_text("MARK = 'a string that is nowhere else: 8461'\n")
    result = build([], load_board("RPI_PICO"), tmp_path / "out", freeze=[script])
    assert result.uf2.name.startswith("midge-RPI_PICO-no-models-")
    assert b"a string that is nowhere else: 8461" in result.bin.read_bytes()
    assert result.memory.models == {}


@marked
def test_board_toml_says_what_the_firmware_takes() -> None:
    from midge.firmware.measure import measure

    board = load_board("RPI_PICO")
    for key, found in measure(board).items():
        stated = getattr(board, key)
        # too small, and a model is accepted that will not fit; 8 KiB too large is a waste
        assert found <= stated <= found + 8192, key


@marked
def test_too_large_after_all_says_by_how_many_bytes(
    models: list[CompiledModel], tmp_path: Path
) -> None:
    board = load_board("RPI_PICO")
    # a filesystem that leaves 300 KB, and an estimate that does not see the lack coming
    board = dataclasses.replace(
        board, filesystem_bytes=board.flash_bytes - 300_000, interpreter_flash_bytes=0
    )
    with pytest.raises(BudgetError) as error:
        build(models, board, tmp_path)
    says = r"needs (\d+) bytes of flash, 300000 are free.*: (\d+) too many"
    found = re.search(says, str(error.value))
    assert found
    assert int(found[1]) - 300_000 == int(found[2])
    assert list(tmp_path.iterdir()) == []


@marked
def test_too_little_heap_says_by_how_many_bytes(
    models: list[CompiledModel], tmp_path: Path
) -> None:
    board = load_board("RPI_PICO")
    board = dataclasses.replace(board, heap_min_bytes=258_000, interpreter_ram_bytes=0)
    with pytest.raises(BudgetError, match=r"heap needs 258000 bytes, \d+ are left: \d+ too few"):
        build(models, dataclasses.replace(board, stack_bytes=0), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_fit_is_checked_before_anything_is_built(
    models: list[CompiledModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # any tool would be missing
    board = load_board("RPI_PICO")
    taken = board.firmware_flash_bytes - code_of(models, board.cpu)[0] - 100
    with pytest.raises(BudgetError, match="flash: models need .*too many"):
        build(models, dataclasses.replace(board, interpreter_flash_bytes=taken), tmp_path)


def test_a_missing_compiler_is_named_with_its_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in ("cmake", "make", "cc"):
        (tmp_path / program).symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError) as error:
        toolchain.check("rp2")
    assert str(error.value) == (
        "building for rp2: missing: arm-none-eabi-gcc, ninja\n"
        "  -> sudo apt-get install -y gcc-arm-none-eabi libnewlib-arm-none-eabi "
        "libstdc++-arm-none-eabi-newlib ninja-build"
    )


def test_a_failed_step_shows_the_lines_that_say_why(tmp_path: Path) -> None:
    source = tmp_path / "bad.c"
    source.write_text("int a = b;\n")
    log = tmp_path / "build.log"
    command = ["cc", "-c", source, "-o", tmp_path / "bad.o"]
    with pytest.raises(BuildError) as error:
        run("compiling", command, log, environment())
    assert "bad.c:1:9: error: 'b' undeclared" in str(error.value)
    assert str(log) in str(error.value)
    assert "int a = b;" in log.read_text()  # all of it is there


def test_an_overflowing_region_is_a_matter_of_budget(tmp_path: Path) -> None:
    text = "ld: region `RAM' overflowed by 1234 bytes"
    with pytest.raises(BudgetError, match="1234 bytes too many for the memory region RAM"):
        run("linking", ["sh", "-c", 'echo "$0"; exit 1', text], tmp_path / "log", environment())


def test_a_surrounding_make_does_not_steer_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAKEFLAGS", "CFLAGS", "BOARD", "USER_C_MODULES"):
        monkeypatch.setenv(name, "x")
    assert not {"MAKEFLAGS", "CFLAGS", "BOARD", "USER_C_MODULES"} & environment().keys()
    assert environment(A="1")["A"] == "1"


def test_a_build_that_was_cut_off_starts_anew(tmp_path: Path) -> None:
    mark, folder = tmp_path / "unfinished", tmp_path / "build"
    folder.mkdir()
    with pytest.raises(KeyboardInterrupt), unfinished(mark, folder):
        (folder / "half").touch()
        raise KeyboardInterrupt
    with unfinished(mark, folder):
        assert not folder.exists()
        folder.mkdir()
    # a step that failed leaves a folder to go on from
    with pytest.raises(BuildError), unfinished(mark, folder):
        raise BuildError("no")
    with unfinished(mark, folder):
        assert folder.exists()


def test_a_file_that_stays_the_same_keeps_its_time(tmp_path: Path) -> None:
    file = tmp_path / "a"
    assert write_if_changed(file, b"1")
    before = file.stat().st_mtime_ns
    assert not write_if_changed(file, b"1")
    assert file.stat().st_mtime_ns == before
    assert write_if_changed(file, b"2")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda top: top / "none.py", "no such file"),
        (lambda top: (top / "a.txt").write_text("x") and top / "a.txt", "is no .py file"),
        (lambda top: (top / "empty").mkdir() or top / "empty", "has no .py file"),
        (lambda top: shutil.copytree(_device(), top / "midge"), "two files to freeze as midge/"),
    ],
)
def test_what_cannot_be_frozen_is_named(tmp_path: Path, make: object, says: str) -> None:
    from midge.firmware.stage import frozen

    path = make(tmp_path)  # type: ignore[operator]
    with pytest.raises(BuildError, match=says):
        frozen([path], tmp_path / "frozen")


def _device() -> Path:
    from midge.paths import device_dir

    return device_dir()
