"""Writes the pages of docs/ that come from the code: cli.md, midge-toml.md, ops.md.

``python scripts/make_docs.py`` after a change; a test compares them.
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import os
import typing
from pathlib import Path

from midge import exits
from midge.cli import make_parser
from midge.ops import markdown
from midge.project import sections
from midge.several import NamedSensor

DOCS = Path(__file__).resolve().parents[1] / "docs"
_NOTE = "<!-- made by scripts/make_docs.py from {}: change it there -->\n"


def cli_page() -> str:
    """Every command's --help, and the exit codes."""
    os.environ["COLUMNS"] = "90"  # argparse wraps to the terminal
    parser = make_parser()
    lines = [
        _NOTE.format("host/midge/commands/ and host/midge/exits.py"),
        "# Commands\n",
        "With `--json` the result is one JSON object on stdout and progress stays on stderr; an",
        'error then prints `{"error": {"what", "where", "do", "exit_code"}}`.\n',
        "```text",
        parser.format_help().rstrip(),
        "```",
    ]
    for name, command in subparsers(parser).items():
        lines += [f"\n## midge {name}\n", "```text", command.format_help().rstrip(), "```"]
    lines += ["\n## Exit codes\n", "| code | meaning |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in exits.MEANING.items()]
    return "\n".join(lines) + "\n"


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Command name to its parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("midge has no commands")


def toml_page() -> str:
    """Every section and key of midge.toml."""
    lines = [
        _NOTE.format("host/midge/project.py"),
        "# midge.toml\n",
        "A key that is not listed here is an error. Paths are relative to the file.",
    ]
    shown = sections()
    shown["[sensors]"] = NamedSensor  # [[sensors]]
    for name, kind in shown.items():
        hints = typing.get_type_hints(kind)
        about = inspect.cleandoc(kind.__doc__ or "").split(": ", 1)[1]
        lines += [f"\n## [{name}]\n", about[0].upper() + about[1:] + "\n"]
        lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
        for field in dataclasses.fields(kind):
            if not field.metadata:  # [sensors.window], [sensors.features]
                continue
            meaning = field.metadata["doc"]
            if field.metadata["choices"]:
                meaning += ": " + ", ".join(map(str, field.metadata["choices"]))
            lines.append(
                f"| `{field.name}` | {_type_name(hints[field.name])} | {_default(field)} "
                f"| {meaning} |"
            )
    return "\n".join(lines) + "\n"


def _type_name(hint: object) -> str:
    names = {"str": "string", "int": "whole number", "float": "number"}
    text = str(hint).replace("<class '", "").replace("'>", "").replace(" | None", "")
    names |= {"list[str]": "list of strings", "list[int]": "list of whole numbers"}
    if text in names:
        return names[text]
    return "list of tables" if text.startswith("list") else "table"


def _default(field: dataclasses.Field[object]) -> str:
    if field.default_factory is not dataclasses.MISSING:
        return f"`{field.default_factory()}`".replace("'", '"')
    if field.default is dataclasses.MISSING:
        return "needed"
    return "none" if field.default is None else f"`{field.default!r}`".replace("'", '"')


def ops_page() -> str:
    """Which operations are supported."""
    return (
        _NOTE.format("host/midge/ops.py")
        + "\n# Operations\n\n"
        + "What a `.tflite` may contain. Exact: equal to LiteRT's reference kernels, "
        + "bit for bit.\n\n"
        + markdown()
    )


PAGES = {"cli.md": cli_page, "midge-toml.md": toml_page, "ops.md": ops_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
