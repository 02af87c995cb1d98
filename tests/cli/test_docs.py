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
