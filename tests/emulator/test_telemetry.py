"""Telemetry lines, as the board prints them and the host reads them."""

from __future__ import annotations

import importlib

import pytest

from midge import telemetry


def test_a_record_survives() -> None:
    line = telemetry.format_line("window", 1234, label="walking", score=0.5, raw=[1, -2])
    assert line == '@midge {"k":"window","t":1234,"label":"walking","score":0.5,"raw":[1,-2]}'
    assert telemetry.parse(line) == {
        "k": "window", "t": 1234, "label": "walking", "score": 0.5, "raw": [1, -2],
    }  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "", "hello", "midge {}", "@midge", "@midge ", "@midge 5", "@midge []",
        '@midge {"k":"end"}', '@midge {"k":"window","t":12', ' @midge {"k":"end","t":1}',
    ],
)  # fmt: skip
def test_other_output_is_not_telemetry(line: str) -> None:
    assert telemetry.parse(line) is None


def test_the_boards_side_prints_what_the_hosts_side_reads() -> None:
    import midge

    device = importlib.import_module(f"{midge.device.__name__}.telemetry")
    lines: list[str] = []
    device.Telemetry(write=lines.append).send("alert", label="idle", score=0.25)
    record = telemetry.parse(lines[0])
    assert record is not None and (record["k"], record["label"]) == ("alert", "idle")
    assert device.PREFIX == telemetry.PREFIX and device.KINDS == telemetry.KINDS
