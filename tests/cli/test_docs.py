"""The pages: made ones are current, shown commands parse, links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from midge.cli import COMMANDS, make_parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])


def shown_commands(page: Path) -> list[str]:
    """The lines after ``$`` of a page's console blocks."""
    blocks = re.findall(r"^```console\n(.*?)^```", page.read_text("utf-8"), flags=re.M | re.S)
    return [line[2:] for block in blocks for line in block.splitlines() if line[:2] == "$ "]


def make_docs():
    """scripts/make_docs.py as a module."""
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "scripts" / "make_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cli.md", "midge-toml.md", "ops.md"])
def test_made_pages_are_current(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    made = make_docs().PAGES[name]()
    shown = (ROOT / "docs" / name).read_text("utf-8")
    assert shown == made, "run: python scripts/make_docs.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_shown_commands_parse(page):
    for command in shown_commands(page):
        for part in re.split(r"&&|;|\||>", command.split("#")[0]):
            words = shlex.split(part)
            if words[:1] == ["midge"]:
                make_parser().parse_args(words[1:])  # exits, which fails the test, if wrong
            elif words[:1] == ["make"]:
                targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.M)
                assert set(words[1:]) <= set(targets), command


def test_pages_show_commands():
    shown = [command for page in PAGES for command in shown_commands(page)]
    used = {command.split()[1] for command in shown if command.startswith("midge ")}
    assert used >= set(COMMANDS), f"no page shows {set(COMMANDS) - used}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_readme_script_runs_as_far_as_its_first_window(monkeypatch, tmp_path):
    """The README's board script, on the PC: `machine` and the sensor are stand-ins."""
    import sys
    import types

    import midge
    import midge.device

    class Bus:
        def __init__(self, number, sda, scl): ...

    class Model:
        def classify(self, buffer):
            raise StopIteration(len(buffer))  # enough seen

    class Imu:
        """Takes what the real driver takes."""

        def __init__(self, i2c, addr=0x68, accel_range=2, gyro_range=250, init=True): ...

    machine = types.SimpleNamespace(I2C=Bus, Pin=lambda number: number)
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.setitem(sys.modules, "midge.mpu6050", types.SimpleNamespace(MPU6050=Imu))
    monkeypatch.setattr(midge, "load", lambda name: Model(), raising=False)
    monkeypatch.setattr(
        midge, "Sampler", lambda sensor, rate_hz: iter([[0] * 6] * 101), raising=False
    )
    (block,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    with pytest.raises(StopIteration, match="600"):
        exec(compile(block, "README.md", "exec"), {})
