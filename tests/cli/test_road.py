"""The commands on real models: sizes, limits, firmware, cycles, and the whole of `make demo`."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from small_models import pair_model, relu_model

from midge import demo, exits
from midge.cli import main
from midge.commands.common import firmware_of
from midge.commands.run import sensors_of
from midge.links import open_link
from midge.meta import Meta, sidecar
from midge.project import load_project
from midge.train.stream import project_stream


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project whose model is ``relu``: 6 values in, 6 out."""
    compiled = relu_model(tmp_path)
    folder = tmp_path / "relu"
    (folder / "build").mkdir(parents=True)
    model = folder / "build" / "relu.tflite"
    shutil.move(compiled.program.path, model)
    compiled.meta.save(sidecar(model))
    (folder / "midge.toml").write_text('[project]\nname = "relu"\n[budget]\nram_kb = 1\n')
    (folder / "main.py").write_text("import midge\nprint(midge.load('relu').check())\n")
    monkeypatch.chdir(folder)
    return folder


def result(capsys) -> dict:
    return json.loads(capsys.readouterr().out)


def test_check_prints_sizes(project, capsys):
    assert main(["check", "--json"]) == 0
    report = result(capsys)
    assert report["model"] == "relu" and report["board"] == "RPI_PICO"
    assert 6 <= report["arena_bytes"] <= 12 + 2 * 4  # two buffers of 6 bytes, or one in place
    assert [layer["macs"] for layer in report["layers"]] == [0]
    assert main(["check"]) == 0
    assert "fits RPI_PICO" in capsys.readouterr().out


@pytest.mark.parametrize(("key", "what"), [("ram_kb", "the arena"), ("flash_kb", "in flash")])
def test_over_budget_exits_with_3_and_says_by_how_many_bytes(project, capsys, key, what):
    limit = 0.001  # KiB: one byte
    (project / "midge.toml").write_text(f'[project]\nname = "relu"\n[budget]\n{key} = {limit}\n')
    assert main(["check", "--json"]) == exits.BUDGET
    error = result(capsys)["error"]
    assert what in error["what"] and "the budget is 1 B" in error["what"]
    assert "B too much" in error["what"] and key in error["where"]
    assert f"nearest that it keeps: {key} = 0." in error["do"]


def test_build_refuses_before_it_builds(project, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("MIDGE_CACHE", str(tmp_path / "nothing"))  # a build would fetch sources
    (project / "midge.toml").write_text('[project]\nname = "relu"\n[budget]\nram_kb = 0.001\n')
    assert main(["build"]) == exits.BUDGET
    assert not (tmp_path / "nothing" / "sources").exists()


def test_run_without_firmware_says_build_first(project, capsys):
    assert main(["run", "--device", "emulator"]) == exits.BOARD
    assert "`midge build`" in capsys.readouterr().err


def test_run_on_a_port_that_is_not_there(project, capsys):
    assert main(["run", "--device", "/dev/ttyNOWHERE"]) == exits.BOARD
    assert "/dev/ttyNOWHERE" in capsys.readouterr().err


def test_a_picture_is_refused_before_the_run(project, capsys):
    assert main(["run", "--device", "emulator", "--picture", "run.png"]) == exits.ERROR
    assert "[data] source" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.firmware
def test_build_run_bench(project, capsys):
    pair = Path(pair_model(project).program.path)
    Meta(name="pair").save(sidecar(pair))
    assert main(["build", "build/relu.tflite", str(pair), "--json"]) == 0
    built = result(capsys)
    assert built["models"] == ["relu", "pair"] and built["boot_test"] == "passed"
    assert built["memory"]["flash_used"] == Path(built["bin"]).stat().st_size

    assert main(["run", "--device", "emulator", "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["lines"] == ["True"]
    assert "no sensor wired to it" in shown.err

    assert main(["bench", "--json"]) == 0
    first = result(capsys)
    for key in ("cycles", "macs", "per_op", "arena_bytes", "weights_bytes", "code_bytes", "ms"):
        assert key in first
    assert first["cycles"] == sum(op["cycles"] for op in first["per_op"]) > 0
    assert main(["bench", "--json"]) == 0
    assert result(capsys)["cycles"] == first["cycles"], "the emulator counts alike every time"

    (project / "midge.toml").write_text(
        '[project]\nname = "relu"\n[budget]\nlatency_ms = 0.000001\n'
    )
    assert main(["bench", "--json"]) == exits.BUDGET
    assert "latency_ms" in result(capsys)["error"]["where"]


@pytest.mark.slow
@pytest.mark.firmware
def test_script_that_fails_exits_with_1(project, capsys):
    assert main(["build", "--no-boot-test"]) == 0
    (project / "main.py").write_text("print('before')\n1 / 0\n")
    capsys.readouterr()
    assert main(["run", "--device", "emulator"]) == exits.ERROR  # the board itself is fine
    shown = capsys.readouterr()
    assert "before" in shown.out and "ZeroDivisionError" in shown.err


@pytest.mark.slow
@pytest.mark.firmware
def test_demo_reaches_the_alerts(tmp_path, capsys):
    pytest.importorskip("tensorflow", reason="the demo trains: pip install .[train]")
    assert demo.main(["--folder", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "all 16 windows equal the PC's prediction, bit for bit" in shown
    assert "alerts    Running" in shown
    picture = tmp_path / "gesture" / "build" / "demo.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    readme_script_decides(tmp_path)
    assert demo.main(["--folder", str(tmp_path)]) == 0
    assert "trained before with the same data" in capsys.readouterr().out


def readme_script_decides(folder: Path) -> None:
    """The README's board script on the demo's firmware: its first decision is the right one."""
    project = load_project(folder / demo.EXAMPLE)
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```", readme, flags=re.M | re.S)
    assert block.count('midge.load("walk")') == 1
    script = folder / "readme.py"
    script.write_text(block.replace('"walk"', f'"{demo.EXAMPLE}"'))
    stream = project_stream(project)
    with open_link("emulator", firmware_of(project), sensors_of(project)) as link:
        label, score = next(iter(link.run(script, 300.0))).split()
    assert label == stream.labels[stream.classes[0]] and 0.5 < float(score) <= 1.0
