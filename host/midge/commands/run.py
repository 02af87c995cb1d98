"""``midge run``: a script on the board, or on the emulated Pico where there is none."""

from __future__ import annotations

import argparse
import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from midge import telemetry
from midge.commands.common import (
    Progress,
    add_command,
    add_project,
    emit_json,
    firmware_of,
    need_file,
    project_or_none,
    say,
)
from midge.errors import MidgeError

if TYPE_CHECKING:
    import numpy as np

    from midge.agreement import Agreement
    from midge.emulator.sensors import Sensor
    from midge.project import Project, SensorSection

_NEVER_S = 7 * 24 * 3600.0  # a week
_FOR_PROGRAMS = ("crc", "at", "since", "asleep_ms", "awake_ms")  # --json has them
_EXAMPLES = """\
  midge run
  midge run --picture build/run.png
  midge run main.py --device /dev/ttyACM0
  midge run main.py --device emulator --firmware build/midge-RPI_PICO-walk-0.1.0.uf2
"""


def add_parser(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    parser = add_command(
        sub, "run", "run a script on the board, or on the emulated Pico", do_run, _EXAMPLES
    )
    parser.add_argument("script", nargs="?", type=Path, help="default: the project's [run] script")
    parser.add_argument(
        "--device", default="auto", metavar="PORT",
        help="a serial port, `emulator`, or `auto`: the first board, else the emulator (default)",
    )  # fmt: skip
    parser.add_argument(
        "--firmware", type=Path, metavar="UF2", help="for the emulator (default: the project's)"
    )
    parser.add_argument(
        "--timeout", type=seconds, metavar="SECONDS", help="give up after so long (default: never)"
    )
    parser.add_argument(
        "--picture", type=Path, metavar="FILE.png",
        help="draw what the emulated sensor played, the scores and the alerts (needs [train])",
    )  # fmt: skip
    add_project(parser)


def seconds(text: str) -> float:
    """A time limit from the command line, above 0."""
    value = float(text)
    if not 0 < value < math.inf:  # refuses nan too
        raise argparse.ArgumentTypeError(f"needs a number of seconds above 0, found {text}")
    return value


def do_run(args: argparse.Namespace) -> int:
    """Prints the script's lines as they come."""
    project = project_or_none(args)
    script = args.script or (project.script_path if project else None)
    if script is None:
        raise MidgeError("no script named and no project here", do="name a .py file")
    need_file(script, "check [run] script or the name")
    if args.picture:
        need_picture(project, args.picture)
    uf2 = args.firmware or _built(project)
    timeout_s = args.timeout or (project.run.timeout_s if project else 0) or _NEVER_S
    from midge.links import open_link
    from midge.links.emulated import EmulatedLink
    from midge.run import run_script

    sensors = sensors_of(project) if args.device in ("auto", "emulator") else []
    with (
        Progress("run") as progress,
        open_link(args.device, uf2, sensors=sensors, progress=progress) as link,
    ):
        emulated = isinstance(link, EmulatedLink)
        if args.picture and not emulated:
            raise MidgeError(
                "a picture shows what the emulated sensor played, this is a real board",
                where=link.description, do="leave out --picture, or take --device emulator",
            )  # fmt: skip
        unwired = ", no sensor wired to it: see [data] and [run]" if not sensors else ""
        progress(f"{script.name} on {link.description}{unwired if emulated else ''}")
        progress.done()
        result = run_script(
            script, link, timeout_s,
            on_line=lambda line: say(args, line),
            on_record=lambda record: say(args, shown(record)),
        )  # fmt: skip
    if args.picture:
        draw_run(need_picture(project, args.picture), result.records, args.picture)
        say(args, f"{args.picture}")
    other = [line for line in result.lines if telemetry.parse(line) is None]
    report: dict[str, Any] = {"script": script, "device": link.description}
    agreement = agreement_of(project, result.records) if emulated else None
    if agreement:
        say(args, f"{project.name if project else ''}: {agreement}")
        report["agreement"] = dataclasses.asdict(agreement)
    emit_json(args, {**report, "records": result.records, "lines": other})
    return 0


def agreement_of(project: Project | None, records: list[dict[str, Any]]) -> Agreement | None:
    """How the run's windows compare with the PC's own; None where they cannot be compared."""
    from midge.agreement import comparable, compare

    windows = [record for record in records if comparable(record)]
    if project is None or not windows or not project.model_path.is_file():
        return None
    if not (project.run.recording or project.data.source):
        return None
    import midge
    from midge import several

    model = midge.load(str(project.model_path))
    silence = project.sensor.kind == "microphone"
    counts = _counts(project)
    signals = several.unpack(project, counts) if several.branches(project) else counts
    return compare(windows, signals, model, project.window.length, silence=silence)


def need_picture(project: Project | None, out: Path) -> Project:
    """The project, if its emulated sensor plays what a picture can be drawn of.

    Raises:
        MidgeError: it plays nothing, or a recording without labels.
    """
    if project is None or not project.data.source or project.run.recording:
        raise MidgeError(
            "a picture needs a project whose emulated sensor plays labelled data",
            where=str(out), do="set [data] source in midge.toml, and no [run] recording",
        )  # fmt: skip
    return project


def draw_run(project: Project, records: list[dict[str, Any]], out: Path) -> None:
    """The picture of a run over the data that its emulated sensor played."""
    from midge.picture import draw
    from midge.timeline import timeline
    from midge.train.stream import project_stream

    stream = project_stream(project)
    line = timeline(records, stream, length=project.window.length, hop=project.hop)
    draw(line, stream, out, title=f"{project.name} on {project.board}, emulated")


def _built(project: Project | None) -> Path | None:
    """The firmware for the emulator, if there is any: a real board has its own."""
    try:
        return firmware_of(project)
    except MidgeError:
        return None


def shown(record: dict[str, Any]) -> str:
    """A telemetry record as a line for people: seconds, kind, label and score, then the rest."""
    order = {"label": 0, "score": 1}
    keys = sorted(record.keys() - {"k", "t"}, key=lambda key: (order.get(key, 2), key))
    if record["k"] == "window":
        keys = [key for key in keys if key not in _FOR_PROGRAMS]
    texts = (f"{key} {_short(record[key])}" for key in keys)
    return f"{record['t'] / 1000:8.1f} s  {record['k']:<6}  " + "  ".join(texts)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return "[" + " ".join(map(_short, value)) + "]"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def sensors_of(project: Project | None) -> list[Sensor]:
    """What the emulated Pico's sensors play: the project's recording, or its test windows.

    None where there is no project, or a project without data. Several ADC sensors are at GP26,
    GP27, ... in their order.
    """
    if project is None or not (project.run.recording or project.data.source):
        return []
    if project.sensor.kind == "camera":  # none is emulated
        return []
    from midge import several
    from midge.emulator.sensors import AdcSource

    counts = _counts(project)
    if not project.sensors:
        return [_emulated(project.sensor, counts)]
    parts = several.played(project, counts)
    made: list[Sensor] = []
    for sensor, part in zip(project.sensors, parts, strict=True):
        channel = sum(isinstance(one, AdcSource) for one in made)
        made.append(_emulated(sensor, part, channel))
    return made


def _emulated(sensor: SensorSection, counts: np.ndarray, adc_channel: int = 0) -> Sensor:
    from midge.emulator.sensors import AdcSource, Mpu6050, Sound

    if sensor.kind == "mpu6050":
        return Mpu6050(counts, sensor.rate_hz, accel_g=sensor.accel_g, gyro_dps=sensor.gyro_dps)
    if sensor.kind == "microphone":
        return Sound(counts.reshape(-1), sensor.rate_hz)
    return AdcSource(counts.reshape(-1), sensor.rate_hz, channel=adc_channel)


def _counts(project: Project) -> np.ndarray:
    """Raw counts, int16 (samples, channels)."""
    if not project.run.recording:
        from midge.train.stream import project_stream

        return project_stream(project).counts
    import numpy as np

    path = project.root / project.run.recording
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError) as err:
        raise MidgeError(
            f"not a recording: {err}", where=str(path), do="check [run] recording in midge.toml"
        ) from err
