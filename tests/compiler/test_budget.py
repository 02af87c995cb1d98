"""The fit check: by how many bytes, which layers and buffers, and what to do."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from pathlib import Path

import c_program
import pytest

from midge.boards import load_board
from midge.budget import check_fit, code_of, flash_bytes
from midge.compile import CompiledModel, compile_model
from midge.emit_c import emit
from midge.errors import BudgetError
from midge.meta import Meta


@dataclasses.dataclass(frozen=True)
class Memory:
    name: str
    model_flash_bytes: int
    model_ram_bytes: int
    cpu: str = "cortex-m0plus"


def exactly(models: list[CompiledModel], name: str = "B", flash: int = 0, ram: int = 0) -> Memory:
    """A board with just the memory that the models and their kernels need, and some more."""
    code = code_of(models, "cortex-m0plus")
    needed = sum(flash_bytes(model) for model in models)
    arena = max((model.program.arena_bytes for model in models), default=0)
    return Memory(name, needed + code[0] + flash, arena + code[1] + ram)


def load(shared_models: Path, name: str) -> CompiledModel:
    return compile_model(shared_models / f"{name}.tflite", Meta(name=name))


def test_what_fits_exactly_fits(shared_models: Path) -> None:
    kws = load(shared_models, "kws_dscnn_int8")
    check_fit([kws], exactly([kws]))
    check_fit([], exactly([]))


def test_flash_by_one_byte(shared_models: Path) -> None:
    kws = load(shared_models, "kws_dscnn_int8")
    code = code_of([kws], "cortex-m0plus")[0]
    need = flash_bytes(kws) + code
    with pytest.raises(BudgetError) as caught:
        check_fit([kws], exactly([kws], "TINY", flash=-1))
    text = str(caught.value)
    assert text.startswith("kws_dscnn_int8 on TINY: flash: ")
    assert f"need {need} bytes, {code} of them for kernels, {need - 1} are free" in text
    assert "1 too many" in text
    largest = text.splitlines()[1]
    assert re.search(r"\d+ bytes  kws_dscnn_int8: layer \d+ CONV_2D", largest)
    assert "board with more flash" in text and "RAM" not in text


def test_ram_names_the_buffers_of_the_peak(shared_models: Path) -> None:
    vww = load(shared_models, "vww_96_int8")
    with pytest.raises(BudgetError) as caught:
        check_fit([vww], exactly([vww], ram=-296))
    text = str(caught.value)
    arena = vww.program.arena_bytes
    assert f"needs an arena of {arena} bytes, {arena - 296} are free: 296 too many" in text
    assert re.search(r"at its peak, layer [0-8] (DEPTHWISE_)?CONV_2D", text)
    sizes = [int(n) for n in re.findall(r"^ +(\d+) bytes", text, re.M)]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] >= 18432
    shared = re.search(r"needed at once \((\d+) bytes shared: the output lies over", text)
    assert sum(sizes) - int(shared[1] if shared else 0) == vww.plan.lower_bound


def test_models_share_ram_but_not_flash(shared_models: Path) -> None:
    models = [load(shared_models, name) for name in ("kws_dscnn_int8", "ad01_int8")]
    check_fit(models, exactly(models))
    with pytest.raises(BudgetError) as caught:
        check_fit(models, exactly(models, flash=-10, ram=-20))
    text = str(caught.value)
    assert "10 too many" in text and "20 too many" in text
    assert "ad01_int8: layer 0 FULLY_CONNECTED" in text  # the largest weights of both


def test_flash_is_what_the_boards_compiler_makes(shared_models: Path, tmp_path: Path) -> None:
    """Within alignment: each of the model's own objects may be padded to 8."""
    gcc = shutil.which("arm-none-eabi-gcc")
    if gcc is None:
        pytest.skip("needs arm-none-eabi-gcc")
    kws = load(shared_models, "kws_dscnn_int8")
    source = emit(kws, tmp_path)[0]
    target = tmp_path / "model.o"
    flags = ["-std=c99", "-mcpu=cortex-m0plus", "-mthumb", "-Os", "-c", "-o", str(target)]
    subprocess.run([gcc, *flags, *c_program.include_flags(tmp_path), str(source)], check=True)
    size = subprocess.run(
        ["arm-none-eabi-size", str(target)], capture_output=True, text=True, check=True
    )
    text, data, bss = map(int, size.stdout.splitlines()[1].split()[:3])
    assert (data, bss) == (0, 0)
    slack = 8 * (2 * len(kws.program.steps) + 10)
    assert text - slack <= flash_bytes(kws) <= text + slack


def test_a_pico_holds_each_but_not_all_four(shared_models: Path) -> None:
    names = ("kws_dscnn_int8", "ad01_int8", "ic_resnet8_int8", "vww_96_int8")
    models = [load(shared_models, name) for name in names]
    pico = load_board("RPI_PICO")
    for model in models:
        check_fit([model], pico)
    with pytest.raises(BudgetError, match=r"on RPI_PICO: flash: models need \d+ bytes"):
        check_fit(models, pico)
