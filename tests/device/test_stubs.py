"""The .pyi files say what the modules are: names and signatures, on CPython and MicroPython."""

from __future__ import annotations

import ast
import importlib
import json
from pathlib import Path

import pytest
from device_runner import DEVICE
from device_runner import micropython as run_micropython

MODULES = sorted(path.stem for path in DEVICE.glob("*.py") if path.stem != "__init__")

# A stub's names: plain ones map to None, functions to their parameters, classes to a dict.
Names = dict[str, object]


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[tuple[str, bool]]:
    """(name, whether it has a default) of each parameter; keyword-only ones have a *."""
    args = node.args
    plain = args.posonlyargs + args.args
    first_default = len(plain) - len(args.defaults)
    found = [(arg.arg, i >= first_default) for i, arg in enumerate(plain)]
    if args.vararg:
        found.append(("*" + args.vararg.arg, False))
    found += [
        ("* " + arg.arg, default is not None)
        for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
    ]
    if args.kwarg:
        found.append(("**" + args.kwarg.arg, False))
    return found


def _public(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))


def _is_protocol(node: ast.stmt) -> bool:
    return isinstance(node, ast.ClassDef) and any(
        isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases
    )


def _names(body: list[ast.stmt]) -> Names:
    """Functions, classes and plain names that a body defines, without what it imports."""
    found: Names = {}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = _parameters(node)
        elif isinstance(node, ast.ClassDef) and not _is_protocol(node):
            found[node.name] = _names(node.body)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = None
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = None
        elif isinstance(node, ast.Try):
            found.update(_names(node.body + [n for h in node.handlers for n in h.body]))
    return {name: value for name, value in found.items() if _public(name)}


def _attributes(tree: ast.ClassDef) -> set[str]:
    """Public names that a class's methods assign to self, or that its body defines."""
    targets = [
        target
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
    ]
    return {
        target.attr
        for target in targets
        if isinstance(target, ast.Attribute)
        and isinstance(target.value, ast.Name)
        and target.value.id == "self"
        and _public(target.attr)
    } | set(_names(tree.body))


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_every_module_has_a_stub() -> None:
    stubs = {path.stem for path in DEVICE.glob("*.pyi")}
    assert stubs == {*MODULES, "__init__", "_midge"}


@pytest.mark.parametrize("module", MODULES)
def test_functions_and_methods(module: str) -> None:
    stub = _names(_parse(DEVICE / f"{module}.pyi").body)
    real = _names(_parse(DEVICE / f"{module}.py").body)
    for name, value in stub.items():
        if name == "Event":  # a namedtuple there, a NamedTuple here: its fields are checked below
            continue
        if isinstance(value, list):
            # clock.py has lightsleep from elsewhere: no parameters to compare
            assert (real[name] or value) == value, name
        if isinstance(value, dict):
            methods = {k: v for k, v in value.items() if v is not None}
            there = {k: v for k, v in _class(real, name).items() if v is not None}
            assert methods == there, name
    classes = {name for name, value in real.items() if isinstance(value, dict)}
    assert classes <= set(stub), "a public class without a stub"


def _class(names: Names, name: str) -> Names:
    value = names[name]
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("module", MODULES)
def test_attributes(module: str) -> None:
    stub = {
        n.name: n for n in _parse(DEVICE / f"{module}.pyi").body if isinstance(n, ast.ClassDef)
    }
    for node in _parse(DEVICE / f"{module}.py").body:
        if isinstance(node, ast.ClassDef) and _public(node.name):
            assert _attributes(node) == set(_names(stub[node.name].body)), node.name


@pytest.mark.parametrize("module", MODULES)
def test_names_exist_on_cpython(module: str) -> None:
    real = importlib.import_module(f"midge.device.{module}")
    for name, value in _names(_parse(DEVICE / f"{module}.pyi").body).items():
        assert hasattr(real, name), name
        if isinstance(value, dict) and name != "Event":
            methods = [attr for attr, what in value.items() if what is not None]
            assert [attr for attr in methods if not hasattr(getattr(real, name), attr)] == []


@pytest.mark.firmware
def test_names_exist_on_micropython(micropython: Path) -> None:
    wanted = {
        module: {
            name: [attr for attr, what in value.items() if what is not None and attr[0] != "_"]
            if isinstance(value, dict)
            else []
            for name, value in _names(_parse(DEVICE / f"{module}.pyi").body).items()
        }
        for module in MODULES
    }
    code = (
        "import json\n"
        f"wanted = json.loads({json.dumps(wanted)!r})\n"
        "missing = []\n"
        "for module, names in wanted.items():\n"
        "    real = __import__('midge.' + module, None, None, ('*',))\n"
        "    for name, attrs in names.items():\n"
        "        if not hasattr(real, name):\n"
        "            missing.append(name)\n"
        "        missing += [a for a in attrs if not hasattr(getattr(real, name), a)]\n"
        "print(missing)\n"
    )
    assert run_micropython(micropython, "-c", code).strip() == "[]"


def test_event_has_the_stub_s_fields() -> None:
    from midge.device.smoother import Event

    stub = next(
        node
        for node in _parse(DEVICE / "smoother.pyi").body
        if isinstance(node, ast.ClassDef) and node.name == "Event"
    )
    assert tuple(_names(stub.body)) == Event._fields


def test_package_stub_names_what_the_package_gives() -> None:
    package = importlib.import_module("midge.device")
    imports = [
        alias.asname
        for node in _parse(DEVICE / "__init__.pyi").body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert set(imports) == {*_classes_of(package), "clock", "Model", "Stream", "load", "models"}
    for name in imports:
        if name not in ("Model", "Stream", "load", "models"):  # those are the firmware's
            assert getattr(package, name).__name__.endswith(name)


def _classes_of(package: object) -> set[str]:
    return {name for name in vars(package)["_attrs"] if name != "clock"}


@pytest.mark.firmware
def test_c_module_has_the_stub_s_names(micropython: Path) -> None:
    code = (
        "try:\n import _midge\n print([n for n in dir(_midge) if n[0] != '_'])\n"
        " print([n for n in dir(_midge.Model) if n[0] != '_'])\n"
        "except ImportError: print('absent')"
    )
    lines = run_micropython(micropython, "-c", code).splitlines()
    if lines == ["absent"]:
        pytest.skip("this MicroPython has no _midge")
    stub = _names(_parse(DEVICE / "_midge.pyi").body)
    assert set(ast.literal_eval(lines[0])) == set(stub)
    assert set(ast.literal_eval(lines[1])) == set(_class(stub, "Model"))


def test_host_model_has_the_same_methods() -> None:
    stub = _class(_names(_parse(DEVICE / "_midge.pyi").body), "Model")
    model = pytest.importorskip("midge.model", reason="the host's Model is not here").Model
    for name, parameters in stub.items():
        assert isinstance(parameters, list)
        code = getattr(model, name).__code__
        count = code.co_argcount + code.co_kwonlyargcount
        assert [arg.lstrip("* ") for arg, _ in parameters] == list(code.co_varnames[:count]), name
