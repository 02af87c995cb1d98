"""Generated C: clean under every warning, deterministic, and the same bits as the words path."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from pathlib import Path

import c_program
import numpy as np
import pytest
import tflite_writer
from graph_kit import Kit, quant

from midge import abi, c_text
from midge.compile import CompiledModel, compile_model
from midge.emit_c import emit, emit_registry
from midge.errors import ModelError
from midge.meta import Meta, Raw
from midge.raw import raw_constants

REFERENCE_MODELS = ("ad01_int8", "kws_dscnn_int8", "ic_resnet8_int8", "vww_96_int8")
AWKWARD = 'a "b\\ é ??/ */ \n% name'


def make(folder: Path, meta: Meta | None = None, seed: int = 1) -> CompiledModel:
    """A model of several kernels with raw scaling, labels and awkward texts."""
    kit = Kit(seed)
    y = kit.conv(kit.input((1, 8, 6, 3), quant(0.05, 3)), 5, padding="SAME", activation="RELU")
    kit.graph.tensors[y].name = AWKWARD
    y = kit.op("LOGISTIC", [kit.pool("MAX_POOL_2D", y)], (1, 4, 3, 5), quant(1 / 256, -128))
    y = kit.reshape(y, (1, 60))
    weights = kit.const(kit.rng.integers(-127, 128, (4, 60)).astype(np.int8), quant(0.01))
    y = kit.op("FULLY_CONNECTED", [y, weights, -1], (1, 4), quant(0.1, -7),
               fused_activation_function="NONE")  # fmt: skip
    kit.graph.tensors[kit.graph.inputs[0]].name = AWKWARD
    path = folder / "net.tflite"
    path.write_bytes(tflite_writer.write(kit.done(y)))
    default = Meta(
        name="Net 1", version="2.0-b", labels=["up", "dówn", "le\"ft", "??!"],
        raw=Raw([100, -5, 0], [0.002, -0.004, 0.01]), data_fingerprint="ab12",
    )  # fmt: skip
    return compile_model(path, meta or default)


def test_runs_with_the_bits_of_the_words_path(tmp_path: Path) -> None:
    compiled = make(tmp_path)
    program = c_program.build(compiled, tmp_path)
    rng = np.random.default_rng(3)
    inputs = rng.integers(-128, 128, (30, 1, 8, 6, 3)).astype(np.int8)
    expected = np.array([compiled.runner().run([x])[0] for x in inputs])
    np.testing.assert_array_equal(c_program.run(program, compiled, inputs), expected)
    assert len({row.tobytes() for row in expected}) > 5


def test_raw_counts_as_in_the_host_model(tmp_path: Path) -> None:
    from midge.model import Model

    compiled = make(tmp_path)
    program = c_program.build(compiled, tmp_path)
    counts = np.random.default_rng(4).integers(-32768, 32768, (20, 8, 6, 3)).astype(np.int16)
    counts[:10] //= 100
    model = Model(compiled)
    expected = np.array([model.predict(x) for x in counts])[:, None]
    np.testing.assert_array_equal(c_program.run(program, compiled, counts, raw=True), expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCE_MODELS)
def test_reference_models_as_c(shared_models: Path, tmp_path: Path, name: str) -> None:
    compiled = compile_model(shared_models / f"{name}.tflite", Meta(name=name))
    program = c_program.build(compiled, tmp_path)
    shape = compiled.program.inputs[0].shape
    inputs = np.random.default_rng(5).integers(-128, 128, (3, *shape)).astype(np.int8)
    expected = np.array([compiled.runner().run([x])[0] for x in inputs])
    np.testing.assert_array_equal(c_program.run(program, compiled, inputs), expected)


def test_golden_output_is_checked_by_the_program(tmp_path: Path) -> None:
    compiled = make(tmp_path)
    emit(compiled, tmp_path)
    assert compiled.golden_cache is not None
    sample, output = compiled.golden_cache
    compiled.golden_cache = (sample, bytes([output[0] ^ 1]) + output[1:])
    program = c_program.build(compiled, tmp_path)
    done = subprocess.run([str(program)], input=b"", check=False)
    assert done.returncode == 3


def test_same_input_same_bytes(tmp_path: Path) -> None:
    texts = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        compiled = make(folder)
        files = [*emit(compiled, folder), emit_registry([compiled], folder)]
        texts.append([path.read_bytes() for path in files])
    assert texts[0] == texts[1]


def test_unchanged_files_are_not_touched(tmp_path: Path) -> None:
    compiled = make(tmp_path)
    before = [path.stat().st_mtime_ns for path in emit(compiled, tmp_path)]
    assert [path.stat().st_mtime_ns for path in emit(compiled, tmp_path)] == before
    assert not list(tmp_path.glob(".*"))


def test_clean_on_the_boards_compiler(tmp_path: Path) -> None:
    gcc = shutil.which("arm-none-eabi-gcc")
    if gcc is None:
        pytest.skip("needs arm-none-eabi-gcc")
    compiled = make(tmp_path)
    files = [*emit(compiled, tmp_path), emit_registry([compiled], tmp_path)]
    sources = [str(path) for path in files if path.suffix == ".c"]
    flags = [*c_program.WARNINGS, "-mcpu=cortex-m0plus", "-mthumb", "-Os", "-c"]
    subprocess.run(
        [gcc, *flags, *c_program.include_flags(tmp_path), *sources], cwd=tmp_path, check=True
    )


def cppcheck(folder: Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("cppcheck") is None:
        pytest.skip("needs cppcheck")
    command = ["cppcheck", "--enable=warning,style,performance,portability", "--std=c99",
               "--error-exitcode=1", "--quiet", *c_program.include_flags(folder),
               str(folder)]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_clean_under_cppcheck(tmp_path: Path) -> None:
    compiled = make(tmp_path)
    emit(compiled, tmp_path)
    emit_registry([compiled], tmp_path)
    done = cppcheck(tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", REFERENCE_MODELS)
def test_reference_models_are_clean_under_cppcheck(
    shared_models: Path, tmp_path: Path, name: str
) -> None:
    """With each table cut to its first number: cppcheck takes hours over long lists of them."""
    source, _ = emit(compile_model(shared_models / f"{name}.tflite"), tmp_path)
    text, cut = re.subn(r"\{\s*(-?\d+),[-\d,\s]{200,}\}", r"{\1}", source.read_text())
    assert cut > 5 and len(text) < 50_000
    source.write_text(text)
    done = cppcheck(tmp_path)
    assert done.returncode == 0, done.stderr
    source.write_text(text + "\nint bad(void);\nint bad(void) { return consts.c0[1 << 20]; }\n")
    assert "arrayIndexOutOfBounds" in cppcheck(tmp_path).stderr  # it did read the tables


def test_constants_are_where_the_words_path_has_them(tmp_path: Path) -> None:
    """offsetof() in C and ``pack_consts`` agree, checked by the C compiler."""
    compiled = make(tmp_path)
    source = emit(compiled, tmp_path)[0]
    checks = "".join(
        f"typedef char c{i}_place[offsetof(consts_t, c{i}) == {const.offset} ? 1 : -1];\n"
        for i, const in enumerate(compiled.program.consts)
    )
    checks += f"typedef char c_size[sizeof(consts_t) == {len(compiled.consts)} ? 1 : -1];\n"
    copy = tmp_path / "places.c"
    copy.write_text(source.read_text() + checks)
    flags = ["-fsyntax-only", *c_program.include_flags(tmp_path), str(copy)]
    subprocess.run(["cc", *flags], check=True)
    copy.write_text(copy.read_text().replace("== 0 ?", "== 1 ?"))
    assert subprocess.run(["cc", *flags], check=False, capture_output=True).returncode != 0


def test_another_abi_is_refused(tmp_path: Path) -> None:
    source = emit(make(tmp_path), tmp_path)[0]
    text = source.read_text()
    assert f"#if MIDGE_ABI != {abi.load().version}\n" in text
    source.write_text(re.sub(r"MIDGE_ABI != \d+", "MIDGE_ABI != 999", text))
    command = ["cc", "-fsyntax-only", *c_program.include_flags(tmp_path), str(source)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert "run midge build again" in done.stderr


def test_names(tmp_path: Path) -> None:
    compiled = make(tmp_path)
    assert [path.name for path in emit(compiled, tmp_path)] == ["model_net_1.c", "model_net_1.h"]
    assert c_text.identifier("9 Lives-é!") == "9_lives"
    with pytest.raises(ModelError, match="has no letter or digit"):
        c_text.identifier("éé")


def test_duplicate_names(tmp_path: Path) -> None:
    one = make(tmp_path, Meta(name="my-model"))
    two = make(tmp_path, Meta(name="my model"))
    with pytest.raises(ModelError, match="two models are called 'my_model' in C"):
        emit_registry([one, two], tmp_path)
    assert not (tmp_path / "midge_models.c").exists()


def test_registry_shares_one_arena(tmp_path: Path) -> None:
    one, two = make(tmp_path, Meta(name="one")), make(tmp_path, Meta(name="two"))
    two.program.arena_bytes = one.program.arena_bytes + 100
    text = emit_registry([one, two], tmp_path).read_text()
    size = (two.program.arena_bytes + 7) // 8 * 8
    assert f"uint8_t midge_arena[{size}] __attribute__((aligned(8)));" in text
    assert "midge_models_count = 2;" in text
    assert "midge_models_count = 0;" in emit_registry([], tmp_path).read_text()


def test_floats_survive_their_text() -> None:
    values = np.random.default_rng(6).integers(1, 0x7F7FFFFF, 2000).astype(np.uint32)
    for value in values.view(np.float32):
        text = c_text.real(float(value))
        assert text.endswith("f") and re.search(r"[.e]", text)
        assert np.float32(text[:-1]) == value
    assert c_text.real(1) == "1.0f"


def test_least_int32_and_strings() -> None:
    assert c_text.integer(-(2**31)) == "INT32_MIN"
    assert c_text.string('é"?\n') == '"\\303\\251\\042\\077\\012"'
    assert c_text.comment("a\\\n?b\t") == "a___b_"


@pytest.mark.parametrize(
    ("raw", "match"),
    [
        (Raw([1, 2], [0.1, 0.2]), "2 offsets and 2 gains; needed: 1 or 3"),
        (Raw([1], [0.1, 0.2, 0.3]), "1 offsets and 3 gains"),
        (Raw([0], [1e9]), "gain / scale is"),
        (Raw([0], [float("nan")]), "gain / scale is nan"),
        (Raw([1 << 30], [0.1]), "whole counts within"),
        (Raw([float("nan")], [0.1]), "whole counts within"),  # type: ignore[list-item]
    ],
)
def test_unusable_raw_scaling(tmp_path: Path, raw: Raw, match: str) -> None:
    with pytest.raises(ModelError, match=match):
        emit(make(tmp_path, Meta(name="n", raw=raw)), tmp_path)
    assert not list(tmp_path.glob("model_*"))


def test_raw_gains_of_any_size(tmp_path: Path) -> None:
    """The multiplier has 31 bits, or steps of 2**-62 where that is less: never a jump to 0."""
    compiled = make(tmp_path)
    assert compiled.program.inputs[0].quant is not None
    scale = float(compiled.program.inputs[0].quant.scale[0])
    for power in range(-70, 20):
        for gain in (1.999999999999 * 2.0**power, -1.3 * 2.0**power):
            compiled.meta.raw = Raw([0], [gain * scale])
            raw = raw_constants(compiled)
            assert raw is not None
            found = math.ldexp(raw.mult[0], raw.shift[0] - 31)
            assert abs(found - gain) <= max(2.0**-63, abs(gain) * 2.0**-31), gain
            assert -31 <= raw.shift[0] <= 30 and abs(raw.mult[0]) < 2**31


@pytest.mark.parametrize("values", [[1, 2, 3], [200] * 144])
def test_unusable_golden_sample(tmp_path: Path, values: list[int]) -> None:
    with pytest.raises(ModelError, match="needed: 144 of type int8"):
        emit(make(tmp_path, Meta(name="n", golden=values)), tmp_path)


def test_labels_must_fit_the_output(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="2 labels for 4 outputs"):
        make(tmp_path, Meta(name="n", labels=["a", "b"]))
