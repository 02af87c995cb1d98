"""The descriptions by which mip and firmware builds take the device package."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from device_runner import DEVICE, ROOT
from device_runner import micropython as run_micropython

DESCRIPTIONS = (ROOT / "device" / "package.json", ROOT / "device" / "mpu6050.json")


def _version() -> str:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def test_mip_packages_hold_every_module_once() -> None:
    listed = []
    for path in DESCRIPTIONS:
        for target, source in json.loads(path.read_text(encoding="utf-8"))["urls"]:
            assert (path.parent / source).is_file(), source
            assert target == source
            listed.append(target)
    assert sorted(listed) == sorted(f"midge/{path.name}" for path in DEVICE.glob("*.py"))


def test_versions_agree() -> None:
    for path in DESCRIPTIONS:
        assert json.loads(path.read_text(encoding="utf-8"))["version"] == _version()
    manifest = (ROOT / "device" / "manifest.py").read_text(encoding="utf-8")
    assert f'version="{_version()}"' in manifest


@pytest.mark.firmware
def test_classes_are_imported_when_asked_for(micropython: Path) -> None:
    code = (
        "import sys, midge\n"
        "before = [m for m in sys.modules if m.startswith('midge.')]\n"
        "midge.Window\n"
        "print(before, [m for m in sys.modules if m.startswith('midge.')])\n"
    )
    assert run_micropython(micropython, "-c", code).strip() == "[] ['midge.window']"


@pytest.mark.firmware
def test_firmware_without_models_says_so(micropython: Path) -> None:
    code = (
        "import sys\n"
        "sys.modules['_midge'] = None\n"  # as if the C module were not compiled in
        "import midge\n"
        "try:\n    midge.load('x')\n"
        "except AttributeError as err:\n    print(err)\n"
    )
    out = run_micropython(micropython, "-c", code)
    assert "midge.load" in out and "midge build" in out


def test_telemetry_is_what_the_pc_reads() -> None:
    from midge.device.telemetry import KINDS, PREFIX, Telemetry

    from midge import telemetry

    assert (PREFIX, KINDS) == (telemetry.PREFIX, telemetry.KINDS)
    lines: list[str] = []
    Telemetry(lines.append).send("alert", label="walk", score=0.5)
    record = telemetry.parse(lines[0])
    assert record is not None and record["label"] == "walk" and record["t"] >= 0
