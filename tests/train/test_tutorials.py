"""The tutorials, followed to the letter: every console block is run, on the emulated Pico."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.firmware]

_TIMEOUT_S = 1500  # the first build compiles all of MicroPython


def commands(page: Path) -> list[str]:
    """The lines after ``$`` in the page's console blocks."""
    blocks = re.findall(r"^```console\n(.*?)^```", page.read_text("utf-8"), flags=re.M | re.S)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@pytest.fixture
def shell(tmp_path, root):
    """Runs a script as a user's shell would, ``midge`` on the path; returns what it printed."""
    pytest.importorskip("tensorflow", reason="the tutorials train: pip install .[train]")
    tools = tmp_path / "bin"
    tools.mkdir()
    program = tools / "midge"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nfrom midge.cli import main\nsys.exit(main())\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    env = os.environ | {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(
            filter(None, [str(root / "host"), os.environ.get("PYTHONPATH")])
        ),
    }
    work = tmp_path / "work"
    work.mkdir()

    def run(lines: list[str], folder: Path = work) -> str:
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", "\n".join(lines)],
            cwd=folder, env=env, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    return run, work


def run_all(run, folder: Path, windows: int) -> list[dict]:
    """Runs the script for so many windows; every one must equal the PC's, bit for bit."""
    import midge
    from midge.agreement import compare
    from midge.project import load_project
    from midge.train.stream import project_stream

    script = (folder / "main.py").read_text("utf-8")
    assert "WINDOWS = 16 " in script
    longer = script.replace("WINDOWS = 16 ", f"WINDOWS = {windows} ").replace(
        "_S = 300", "_S = 900"
    )
    (folder / "longer.py").write_text(longer, "utf-8")
    report = json.loads(run(["midge run longer.py --json"], folder))
    project = load_project(folder)
    stream = project_stream(project)
    model = midge.load(str(project.model_path))
    agreement = compare(report["records"], stream.counts, model, project.window.length)
    assert agreement.windows == windows
    assert agreement.complete, str(agreement)
    kinds = [record["k"] for record in report["records"]]
    assert kinds.count("error") == 0
    end = report["records"][-1]
    assert end["k"] == "end"
    assert end["overruns"] == 0
    assert end["alerts"] == kinds.count("alert") > 0
    return report["records"]


def test_gesture(shell, root):
    from midge.project import load_project
    from midge.timeline import timeline
    from midge.train.stream import project_stream

    run, work = shell
    said = run(commands(root / "docs/tutorials/gesture.md"))
    folder = work / "wrist"
    assert (folder / "build" / "run.png").stat().st_size > 20_000
    accuracy = json.loads((folder / "build" / "wrist.json").read_text())["extra"]["accuracy"]
    assert accuracy["int8"] >= 0.95
    assert f"accuracy {accuracy['int8']:.1%} in int8" in said
    assert "alert   label Running" in said
    # All 40 test recordings through the sensor: 79 windows, every second one a whole recording.
    records = run_all(run, folder, windows=79)
    stream = project_stream(load_project(folder))
    right, judged = timeline(records, stream, length=100, hop=50).judged()
    assert judged >= 40
    assert right >= 0.95 * judged
    end = records[-1]
    # It sleeps: far more of the time than it is awake (measured: 2% awake).
    assert end["awake_ms"] < 0.1 * end["asleep_ms"]

    # The recording made by record.py is what the sensor played, sample by sample.
    recorded = np.loadtxt(
        folder / "recordings/standing/1.csv", delimiter=",", skiprows=1, dtype=np.int16
    )
    assert (recorded == stream.counts[:300]).all()


def test_spikes(shell, root):
    run, work = shell
    said = run(commands(root / "docs/tutorials/spikes.md"))
    folder = work / "probe"
    assert (folder / "build" / "run.png").stat().st_size > 20_000
    assert "fits RPI_PICO" in said
    assert "alert   label spikes" in said
    run_all(run, folder, windows=20)
