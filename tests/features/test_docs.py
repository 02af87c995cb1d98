"""docs/features.md: what it declares and computes, run."""

from __future__ import annotations

import contextlib
import io
import re
import tomllib
from pathlib import Path

import pytest

from midge.features import Pipeline
from midge.project import load_project

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "features.md").read_text(encoding="utf-8")
TOML = re.findall(r"```toml\n(.*?)```", TEXT, flags=re.S)


@pytest.mark.parametrize("text", TOML)
def test_declarations(text: str, tmp_path: Path) -> None:
    more = "" if "[window]" in text else "[sensor]\nrate_hz = 1000\n[window]\nlength = 512\n"
    assert "features" in tomllib.loads(text)
    (tmp_path / "midge.toml").write_text(f'[project]\nname = "x"\n{more}{text}', encoding="utf-8")
    pipeline = Pipeline.of_project(load_project(tmp_path))
    assert pipeline is not None and pipeline.shape in ((61, 40), (1, 35))


def test_python() -> None:
    code = next(c for c in re.findall(r"```python\n(.*?)```", TEXT, flags=re.S) if "print" in c)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(code, {})
    assert said.getvalue().strip() == code.split("# ")[-1].strip()


def test_without_features_windows_are_raw(tmp_path: Path) -> None:
    (tmp_path / "midge.toml").write_text('[project]\nname = "x"\n', encoding="utf-8")
    assert Pipeline.of_project(load_project(tmp_path)) is None
    text = '[project]\nname = "x"\n[features]\nkind = "raw"\n'
    (tmp_path / "midge.toml").write_text(text, encoding="utf-8")
    assert Pipeline.of_project(load_project(tmp_path)) is None
