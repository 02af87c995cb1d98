"""Every function of cases/ runs on CPython and on MicroPython."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable

import pytest
from device_runner import CASES, Results


def _functions() -> list[tuple[str, str]]:
    found = []
    for path in sorted(CASES.glob("*_cases.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        found += [(path.stem, name) for name in names if name.startswith("test_")]
    return found


FUNCTIONS = _functions()
every_case = pytest.mark.parametrize(
    ("module", "function"), FUNCTIONS, ids=[f"{m}-{f}" for m, f in FUNCTIONS]
)


@every_case
def test_cpython(module: str, function: str) -> None:
    from case_kit import Skip

    try:
        getattr(importlib.import_module(module), function)()
    except Skip as why:
        pytest.skip(str(why))


@pytest.mark.firmware
@every_case
def test_micropython(on_micropython: Callable[[str], Results], module: str, function: str) -> None:
    result, why = on_micropython(module).get(function, ("missing", "it did not run"))
    if result == "skip":
        pytest.skip(why)
    assert result == "pass", why
