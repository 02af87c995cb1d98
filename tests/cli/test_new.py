"""``midge new``: a project that reads back, whole or not at all."""

from __future__ import annotations

import json

import pytest

from midge.cli import main
from midge.commands import new
from midge.project import load_project


@pytest.mark.parametrize("example", new.TEMPLATES)
def test_makes_a_project_that_reads_back(example, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "walk", "--example", example, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "walk"
    project = load_project(tmp_path / "walk")
    assert project.name == "walk" and project.script_path.is_file()
    script = project.script_path.read_text()
    assert 'midge.load("walk")' in script and f'midge.load("{example}")' not in script
    assert not (project.root / "build").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["walk"]


def test_never_overwrites(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "walk").mkdir()
    (tmp_path / "walk" / "mine.txt").write_text("mine")
    assert main(["new", "walk"]) == 1
    assert "is there already" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "walk").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", ["Walk", "2fast", "a-b", "ünder"])
def test_refuses_a_name_the_board_could_not_use(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", name]) == 1
    assert repr(name) in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_unknown_board(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "walk", "--board", "PICOO"]) == 1
    assert "RPI_PICO" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_interrupted_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(new, "rename", stop)
    assert main(["new", "walk"]) == 130
    assert list(tmp_path.iterdir()) == []
