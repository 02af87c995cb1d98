"""What ``midge bench`` makes of a measurement: table, page, picture, comparison."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from midge import arena_map, bench_compare
from midge.bench_page import page
from midge.commands.bench import front, table
from midge.errors import MidgeError


@pytest.fixture
def result() -> dict[str, Any]:
    def layer(name: str, cycles: int, macs: int) -> dict[str, Any]:
        return {
            "layer": name, "op": "CONV_2D", "kernel": "conv_2d", "note": "small <8",
            "cycles": cycles, "expected_cycles": cycles + 1, "macs": macs,
            "flash_read_bytes": 100, "xip_misses": 3,
        }  # fmt: skip

    def buffer(name: str, at: int, size: int, first: int, last: int) -> dict[str, Any]:
        return {
            "name": name, "offset": at, "bytes": size, "first": first, "last": last,
            "scratch": name == "s",
        }  # fmt: skip

    return {
        "model": "m<1>", "sha256": "ab", "board": "RPI_PICO", "clock_hz": 125_000_000,
        "cycles": 3000, "predict_cycles": 4000, "macs": 1000, "cycles_per_mac": 3.0,
        "ms": 0.024, "uj": 2.5, "arena_bytes": 240, "weights_bytes": 50, "code_bytes": 60,
        "tables_bytes": 70, "stack_bytes": 80,
        "front": [
            {"arena_bytes": 240, "expected_cycles": 2900},
            {"arena_bytes": 100, "expected_cycles": 5000},
        ],
        "xip": {"misses": 6, "miss_cycles": 56, "ms": 0.027},
        "arena": [
            buffer("a", 0, 100, -1, 0), buffer("b", 120, 120, 0, 2), buffer("s", 0, 40, 1, 1),
        ],
        "per_op": [layer("0 CONV_2D 'x'", 2000, 1000), layer("1 ADD 'y'", 1000, 0)],
    }  # fmt: skip


def test_the_picture_in_letters(result: dict[str, Any]) -> None:
    lines = arena_map.text(result["arena"], 240, 2).splitlines()
    columns = [line.split()[1] for line in lines[:24]]
    assert columns[0] == "bb"  # the top of the arena
    assert columns[-1] == "a#"  # its start
    assert columns[-5] == "a."  # beyond the scratch
    assert lines[-2].split() == ["a", "100", "B", "a"]
    assert lines[-1].split() == ["b", "120", "B", "b"]


def test_the_page_is_whole_and_escaped(result: dict[str, Any]) -> None:
    text = page(result)
    assert "m&lt;1&gt;" in text and "m<1>" not in text and "small &lt;8" in text
    svg = re.search(r"<svg.*?</svg>", text, re.S)
    assert svg is not None
    boxes = ElementTree.fromstring(svg[0]).findall("rect")
    assert len(boxes) == len(result["arena"])
    heights = [float(box.attrib["height"]) for box in boxes]
    assert heights[1] == pytest.approx(3 * heights[2], abs=0.02)  # 120 and 40 bytes; 2 digits
    assert not re.search(r"(src|href)=", text)  # works offline


def test_without_the_flash_model(result: dict[str, Any]) -> None:
    result["xip"] = None
    for row in result["per_op"]:
        row["flash_read_bytes"] = row["xip_misses"] = None
    assert "midge[xip]" in table(result) and "midge[xip]" in page(result)


def test_the_front_shows_which_way_was_measured(result: dict[str, Any]) -> None:
    assert front(result).splitlines() == [
        "*      240 B        2,900",
        "       100 B        5,000",
    ]
    assert "<td><b>240" in page(result) and "<td>100" in page(result)


def test_compare(result: dict[str, Any], tmp_path: Path) -> None:
    before = copy.deepcopy(result)
    before["cycles"] = 2500
    before["per_op"][0]["cycles"] = 1500
    before["per_op"][1]["layer"] = "1 MUL 'y'"
    path = tmp_path / "before.json"
    path.write_text(json.dumps(before))
    rows = bench_compare.compare(bench_compare.load(path), result)
    found = {row["what"]: (row["before"], row["now"], row["percent"]) for row in rows}
    assert found["cycles"] == (2500, 3000, 20.0)
    assert found["arena_bytes"] == (240, 240, 0.0)
    assert found["0 CONV_2D 'x'"][:2] == (1500, 2000)
    assert found["1 MUL 'y'"] == (1000, None, None)
    assert found["1 ADD 'y'"] == (None, 1000, None)
    assert "+20.00%" in bench_compare.table(rows)


@pytest.mark.parametrize(
    ("text", "said"), [(None, "cannot read"), ("{", "not JSON"), ("[]", "lacks"), ("{}", "cycles")]
)
def test_a_file_to_compare_with_that_is_no_report(
    text: str | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "before.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(MidgeError, match=said) as caught:
        bench_compare.load(path)
    assert str(path) in str(caught.value)
