"""Boards as data: what is read, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from midge.boards import load_board, names, read_board
from midge.errors import MidgeError


def test_the_pico_has_what_its_datasheet_and_port_say() -> None:
    board = load_board("RPI_PICO")
    assert "RPI_PICO" in names()
    assert (board.mcu, board.clock_hz) == ("RP2040", 125_000_000)
    assert board.ram_bytes == 264 * 1024
    assert board.firmware_flash_bytes == (2048 - 1408) * 1024
    assert board.model_flash_bytes == 640 * 1024 - board.interpreter_flash_bytes
    assert 64 * 1024 < board.model_ram_bytes < board.ram_bytes - board.heap_min_bytes


def test_an_unknown_board_lists_those_there_are() -> None:
    with pytest.raises(MidgeError, match=r"no board 'RPI_PICO_9'\n.*RPI_PICO"):
        load_board("RPI_PICO_9")


@pytest.mark.parametrize("name", ["", ".", "..", "../boards/RPI_PICO", "RPI_PICO/"])
def test_a_path_is_no_board(name: str) -> None:
    with pytest.raises(MidgeError, match="no board"):
        load_board(name)


@pytest.mark.parametrize(
    ("line", "by", "says"),
    [
        ("clock_hz = 125_000_000", "clock_hz = 125_000_000 MHz", "not TOML: .*line"),
        ("clock_hz = 125_000_000", 'clock_hz = "fast"', "clock_hz needs int, found 'fast'"),
        ("clock_hz = 125_000_000", "clock_hz = true", "clock_hz needs int, found True"),
        ("clock_hz = 125_000_000", "", "lacks clock_hz"),
        ("clock_hz = 125_000_000", "clock_hz = -1", "clock_hz is -1"),
        ("clock_hz = 125_000_000", "clock_hz = 1\nclock = 2", "unknown key 'clock'"),
        ("active_ma = 21.0", 'active_ma = "21"', "active_ma needs float"),
        ('cmake_args = ["-DPICO_NO_PICOTOOL=1"]', "cmake_args = [1]", "needs a list of strings"),
        ("flash_bytes = 2_097_152", "flash_bytes = 1_500_000", "leaves -"),
    ],
)
def test_a_wrong_board_file_is_named_with_its_fault(
    tmp_path: Path, line: str, by: str, says: str
) -> None:
    text = (load_board("RPI_PICO").path / "board.toml").read_text()
    assert line in text
    (tmp_path / "board.toml").write_text(text.replace(line, by, 1))
    with pytest.raises(MidgeError, match=says) as error:
        read_board(tmp_path)
    assert error.value.where == str(tmp_path / "board.toml")
