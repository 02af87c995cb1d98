"""Makes a project of a point of the front: midge.toml, the board's scripts, the trained model."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from midge.errors import MidgeError
from midge.project import FILE, load_project, sections

if TYPE_CHECKING:
    from midge.project import Project


def toml(project: Project, note: str) -> str:
    """``midge.toml`` of a project: every key that is not its default."""
    lines = [f"# {note}"]
    for name, kind in sections().items():
        section = getattr(project, name)
        given = {
            field.name: value
            for field in dataclasses.fields(kind)
            if (value := getattr(section, field.name)) != _default(field)
        }
        if given:
            lines += ["", f"[{name}]", *(f"{key} = {_text(v)}" for key, v in given.items())]
    return "\n".join(lines) + "\n"


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _text(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def write(candidate: Project, folder: Path, note: str) -> Project:
    """Writes the project of a candidate into a new folder, and trains it on all its data.

    Args:
        candidate: with the root of the project that was searched for.
        folder: is not there yet, and appears whole or not at all.
        note: the first line of its ``midge.toml``.

    Raises:
        MidgeError: the folder is there already, or training failed.
    """
    from midge.train import train

    if folder.exists():
        raise MidgeError("is there already", where=str(folder), do="name another one by --out")
    folder.parent.mkdir(parents=True, exist_ok=True)
    source, target = candidate.root, folder.resolve()
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".midge-pick-") as draft:
        made = Path(draft) / target.name
        made.mkdir()
        for script in source.glob("*.py"):
            shutil.copy(script, made)
        data = candidate.data
        if (source / data.source).exists() and data.source:
            # the draft lies as deep as the folder that it becomes, once moved
            where = os.path.relpath(source / data.source, target)
            data = dataclasses.replace(data, source=where)
        model = dataclasses.replace(candidate.model, file="")
        changed = dataclasses.replace(candidate, data=data, model=model)
        (made / FILE).write_text(toml(changed, note), encoding="utf-8")
        trained = dataclasses.replace(
            load_project(made), data=dataclasses.replace(data, source=_absolute(candidate))
        )
        train(trained)
        made.rename(target)
    return load_project(target)


def _absolute(project: Project) -> str:
    """[data] source, from wherever the project lies for the moment."""
    path = project.root / project.data.source
    return str(path.resolve()) if project.data.source and path.exists() else project.data.source
