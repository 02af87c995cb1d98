"""Building, caching and calling the core from Python."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import numpy as np
import pytest

from midge import abi, core
from midge.errors import BuildError, ModelError


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIDGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def lookup_words(size: int) -> np.ndarray:
    kernel = abi.load().kernels["lookup"]
    values = {"in": 0, "out": 0, "table": ~0, "size": size}
    return np.array(
        [kernel.opcode, len(kernel.fields), *(values[f.name] for f in kernel.fields)], np.int32
    )


def test_is_built_once_and_again_when_a_flag_changes(empty_cache: Path) -> None:
    first = core.build()
    changed = first.stat().st_mtime_ns
    assert core.build() == first
    assert first.stat().st_mtime_ns == changed
    assert core.build(sanitize=True) != first
    assert first.is_relative_to(empty_cache)


def test_simultaneous_builds_leave_one_whole_file(empty_cache: Path) -> None:
    errors: list[BaseException] = []

    def build() -> None:
        try:
            core.build()
        except BaseException as err:
            errors.append(err)

    threads = [threading.Thread(target=build) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert [path.suffix for path in (empty_cache / "core").iterdir()] == [".so"]


def test_missing_compiler_says_what_to_install(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(BuildError, match="no-such-compiler") as caught:
        core.build()
    assert "apt install gcc" in caught.value.do


def test_failing_compiler_leaves_nothing(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "badcc"
    fake.write_text("#!/bin/sh\necho 'x.c:1: error: out of luck' >&2\nexit 1\n", encoding="utf-8")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("CC", str(fake))
    with pytest.raises(BuildError, match="out of luck"):
        core.build()
    assert list((empty_cache / "core").iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_read_only_cache_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o500)
    monkeypatch.setenv("MIDGE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(BuildError, match="cannot write"):
        core.build()


def test_a_cache_that_is_a_file_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("", encoding="utf-8")
    monkeypatch.setenv("MIDGE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(BuildError, match="MIDGE_CACHE"):
        core.build()


def test_runs_a_packed_list() -> None:
    table = bytes((i * 7 + 1) & 255 for i in range(256))
    arena = core.aligned_array(np.arange(32, dtype=np.uint8))
    core.Core(sanitize=True).run(lookup_words(30), table, arena)
    assert arena[:30].tolist() == [table[i] for i in range(30)]
    assert arena[30:].tolist() == [30, 31]


@pytest.mark.parametrize("cut", [1, 3])
def test_unknown_opcode_or_length_is_refused(cut: int) -> None:
    arena = core.aligned_array(np.zeros(8, np.uint8))
    good = lookup_words(4)
    with pytest.raises(ModelError, match="op 2 "):
        core.load().run(np.concatenate([good, good[:-cut]]), bytes(256), arena)
    bad = good.copy()
    bad[0] = 9999
    with pytest.raises(ModelError, match="op 1 "):
        core.load().run(bad, bytes(256), arena)
    assert arena.tolist() == [0] * 8


def test_wrong_arrays_are_refused() -> None:
    arena = core.aligned_array(np.zeros(8, np.uint8))
    words = lookup_words(4)
    with pytest.raises(ValueError, match="int64"):
        core.load().run(words.astype(np.int64), bytes(256), arena)
    with pytest.raises(ValueError, match="int8"):
        core.load().run(words, bytes(256), arena.view(np.int8))
    with pytest.raises(ValueError, match="multiple of 8"):
        core.load().run(words, bytes(256), arena[1:])


def test_quantize_raw_in_integers() -> None:
    """round_half_up((count - offset) * mult * 2**(shift - 31)) + zero_point, clamped."""
    rng = np.random.default_rng(1)
    counts = rng.integers(-32768, 32768, (50, 3)).astype(np.int16)
    offset, shift = [0, 1000, -40], [-3, -8, 2]
    mult = [2**30, 1_500_000_000, 2**31 - 1]
    for dtype, zero_point in (("int8", -7), ("uint8", 131)):
        found = core.load().quantize_raw(
            counts, np.array(offset), np.array(mult), np.array(shift), zero_point, dtype
        )
        ends = np.iinfo(dtype)
        for sample, row in zip(counts.tolist(), found.tolist(), strict=True):
            for c, (count, q) in enumerate(zip(sample, row, strict=True)):
                bits = 31 - shift[c]
                value = ((count - offset[c]) * mult[c] + (1 << (bits - 1))) >> bits
                assert q == min(max(value + zero_point, ends.min), ends.max)
    with pytest.raises(ValueError, match="whole number of samples"):
        core.load().quantize_raw(
            counts.ravel()[:4], np.array(offset), np.array(mult), np.array(shift), 0
        )
