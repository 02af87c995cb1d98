"""The command line itself: help, exit codes, errors, JSON."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from midge import exits
from midge.cli import COMMANDS, guarded, main
from midge.errors import BudgetError, BuildError, LinkError, MidgeError, ModelError
from midge.firmware.files import drafts, write_whole

PROJECT = '[project]\nname = "walk"\n'


def midge(*argv: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "midge.cli", *argv], cwd=cwd, capture_output=True, text=True
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert f"examples:\n  midge {command}" in text
    assert "--json" in text


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from midge.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted(m for m in sys.modules if '.' not in m), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "midge" in done.stdout
    loaded = set(json.loads(done.stderr.strip().splitlines()[-1].replace("'", '"')))
    foreign = {name for name in loaded if not name.startswith("_")} - sys.stdlib_module_names
    # "sitecustomize" and editable-install hooks are the environment's, not ours
    foreign = {name for name in foreign if "editable" not in name and "site" not in name}
    assert foreign <= {"midge", "distutils-precedence", "usercustomize"}


def test_version_is_the_packages(root):
    import tomllib

    declared = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    assert midge("--version").stdout == f"midge {declared}\n"


@pytest.mark.parametrize("argv", [[], ["trian"], ["check", "--bord", "X"], ["convert"]])
def test_wrong_command_line_exits_with_2(argv):
    done = midge(*argv)
    assert done.returncode == exits.USAGE
    assert "usage:" in done.stderr and done.stdout == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MidgeError("x"), exits.ERROR),
        (ModelError("x"), exits.ERROR),
        (BudgetError("x"), exits.BUDGET),
        (LinkError("x"), exits.BOARD),
        (BuildError("x"), exits.BUILD),
        (MidgeError("x", exit_code=9), 9),
        (KeyboardInterrupt(), exits.INTERRUPTED),
        (ZeroDivisionError("x"), exits.BUG),
        (FileNotFoundError(2, "No such file", "gone"), exits.ERROR),
    ],
)
def test_exit_code_of_each_kind_of_error(error, code):
    def fail(args):
        raise error

    args = argparse.Namespace(command="check", debug=False, json=False)
    assert guarded(fail, args) == code


def test_a_full_disk_is_named_with_what_to_do(tmp_path, capsys):
    (tmp_path / f".x.{os.getpid()}").symlink_to("/dev/full")  # the temporary name

    def build(args):
        write_whole(tmp_path / "x", b"1")

    args = argparse.Namespace(command="build", debug=False, json=False)
    assert guarded(build, args) == exits.ERROR
    said = capsys.readouterr().err
    assert f"{tmp_path}/x: No space left on device\n  -> make room" in said
    assert list(tmp_path.iterdir()) == []


def test_an_array_that_was_not_written_whole_is_named(tmp_path):
    said = r"model\.npz: cannot write it: 9 requested and 1 written"
    with pytest.raises(MidgeError, match=said), drafts(tmp_path / "build" / "model.npz"):
        raise OSError("9 requested and 1 written")  # as numpy does
    assert list((tmp_path / "build").iterdir()) == []


def test_a_folder_is_no_file(tmp_path):
    for command in ("check", "bench", "build", "run", "flash"):
        done = midge(command, ".", cwd=tmp_path)
        assert done.returncode == exits.ERROR and "a folder, needed: a file" in done.stderr


@pytest.mark.parametrize("limit", ["0", "-3", "nan", "inf", "soon"])
def test_a_time_limit_is_a_number_above_0(limit):
    done = midge("run", "x.py", f"--timeout={limit}")
    assert done.returncode == exits.USAGE and "--timeout" in done.stderr


def test_what_is_no_npy(tmp_path):
    (tmp_path / "m.keras").touch()
    (tmp_path / "x.npy").write_text("1,2,3\n")
    done = midge("convert", "m.keras", "--data", "x.npy", cwd=tmp_path)
    assert done.returncode == exits.ERROR
    assert "x.npy: not a .npy file" in done.stderr and "pickle" not in done.stderr


def test_no_such_project_folder(tmp_path):
    done = midge("check", "--project", str(tmp_path / "gone"))
    assert done.returncode == exits.ERROR and f"{tmp_path}/gone: no such folder" in done.stderr


def test_error_is_one_message_without_traceback(tmp_path):
    done = midge("check", cwd=tmp_path)
    assert done.returncode == exits.ERROR
    assert done.stderr.startswith("midge check: error: ")
    assert "\n  -> " in done.stderr and "Traceback" not in done.stderr


def test_debug_shows_where_it_comes_from(tmp_path):
    done = midge("check", "--debug", cwd=tmp_path)
    assert done.returncode == 1 and "Traceback" in done.stderr


def test_json_error_is_json_on_stdout(tmp_path):
    done = midge("check", "--json", cwd=tmp_path)
    error = json.loads(done.stdout)["error"]
    assert error["exit_code"] == done.returncode == exits.ERROR
    assert "midge new" in error["do"]


def test_untrained_project_says_train_first(tmp_path):
    (tmp_path / "midge.toml").write_text(PROJECT)
    done = midge("check", cwd=tmp_path)
    assert done.returncode == 1
    assert "not trained yet" in done.stderr and "`midge train`" in done.stderr


@pytest.mark.parametrize("command", ["train", "check", "build", "run", "bench"])
def test_broken_midge_toml_names_file_and_key(command, tmp_path):
    (tmp_path / "midge.toml").write_text(PROJECT + "[window]\nlenght = 3\n")
    done = midge(command, cwd=tmp_path)
    assert done.returncode == 1
    assert "midge.toml" in done.stderr and "did you mean length?" in done.stderr


def test_not_a_tflite(tmp_path):
    (tmp_path / "x.tflite").write_text("hello")
    done = midge("check", "x.tflite", cwd=tmp_path)
    assert done.returncode == 1
    assert "x.tflite" in done.stderr and "Traceback" not in done.stderr


def test_unknown_board_names_the_known_ones(tmp_path):
    (tmp_path / "midge.toml").write_text(PROJECT)
    done = midge("check", "--board", "PICOO", cwd=tmp_path)
    assert done.returncode == 1 and "RPI_PICO" in done.stderr


def test_a_closed_pipe_is_no_error():
    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$0" -m midge.cli doctor | true', sys.executable],
        capture_output=True, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert "Traceback" not in done.stderr and "Broken" not in done.stderr
