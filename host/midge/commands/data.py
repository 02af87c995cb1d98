"""``midge data``: what the recordings hold, what is wrong with them, and bringing others in."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from midge.commands.common import add_command, add_project, emit_json, need_file, need_project, say

if TYPE_CHECKING:
    from midge.project import Project
    from midge.recordings import Layout, Recording
    from midge.recordings.check import Finding

_EXAMPLES = """\
  midge data
  midge data tuesday.wav wednesday.csv
  midge data --into recordings --label idle tuesday.wav
  midge data --into recordings --rate 8000 --json digits.npz
"""


def add_parser(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    parser = add_command(
        sub, "data", "check recordings, and bring files into the project", do_data, _EXAMPLES
    )
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE",
        help="CSV, WAV, NPZ or Parquet; default: the project's recordings",
    )  # fmt: skip
    parser.add_argument(
        "--into", type=Path, metavar="FOLDER", help="store the files there as the project's own"
    )
    parser.add_argument("--label", help="the class of files that do not say it")
    parser.add_argument(
        "--rate", type=float, metavar="HZ", help="resample to that many samples a second"
    )
    add_project(parser)


def do_data(args: argparse.Namespace) -> int:
    """Reads, examines, and with ``--into`` stores; nothing is stored if a file cannot be read."""
    from midge.recordings import DataError, check, read_file, read_folder
    from midge.recordings.store import resample
    from midge.train.data import layout, reader

    project = need_project(args)
    how = layout(project)
    if args.into and not args.files:
        raise DataError("--into needs files to store", do="name them: `midge data --into DIR F`")
    if args.rate is not None and not args.rate > 0:
        raise DataError(f"--rate is {args.rate:g}, needed: above 0 Hz", do="give samples a second")
    if args.files:
        paths = [need_file(path, "name a recording") for path in args.files]
        recordings = [r for path in paths for r in read_file(path, how, args.label)]
    else:
        recordings = (reader(project) or read_folder)(_folder(project), how)
    if args.rate:
        recordings = [resample(recording, args.rate) for recording in recordings]
    if args.into or not args.files:
        check.rates(recordings, how, str(project.root / "midge.toml"))
    findings = check.examine(recordings, how)
    if not args.files:
        findings = _of_classes(project, how, recordings) + findings
    report = summary(project, recordings)
    report["findings"] = [vars(finding) for finding in findings]
    say(args, table(report))
    for finding in findings:
        say(args, f"{'error' if finding.serious else 'warning'}: {finding}")
    if args.into:
        report["stored"] = _store(recordings, how, args.into)
        for path in report["stored"]:
            say(args, f"wrote {path}")
    emit_json(args, report)
    serious = next((finding for finding in findings if finding.serious), None)
    if serious and not args.files:
        raise DataError(serious.what, where=serious.recording, do=serious.do)
    return 0


def _of_classes(project: Project, how: Layout, recordings: list[Recording]) -> list[Finding]:
    """What is wrong with the classes, also on one side of the split only."""
    from midge.recordings import DataError, classes
    from midge.recordings.check import Finding
    from midge.train import anomaly
    from midge.train.data import reader
    from midge.train.recordings import parts_of

    if project.model.recipe == anomaly.RECIPE:
        project = anomaly.split_names(project)
    data = project.data
    findings = classes.findings(recordings, data.labels, data.others)
    found = sorted(classes.found_in(recordings))
    if len(found) < 2 or any(finding.serious for finding in findings):
        return findings
    folder, where = _folder(project), str(project.root / "midge.toml")
    names = [name for name in data.labels or found if name != data.others]
    try:
        parts = parts_of(folder, how, data.group, data.test_groups, where, reader=reader(project))
        if not data.others:
            classes.check(folder, names, data.others, parts)
    except DataError as err:
        return [Finding("", err.what, err.do, serious=True), *findings]
    return findings


def _folder(project: Project) -> Path:
    from midge.recordings import DataError

    folder = project.root / project.data.source
    if not project.data.source or not folder.is_dir():
        raise DataError(
            f"{project.data.source!r} is no folder of recordings",
            where=f"{project.root / 'midge.toml'}: [data] source",
            do="name the folder that holds them, or name files: `midge data FILE`",
        )
    return folder


def summary(project: Project, recordings: list[Recording]) -> dict[str, Any]:
    """What ``--json`` prints: per class the recordings, samples, seconds, windows and groups."""
    length, hop, rate = project.window.length, project.hop, project.sensor.rate_hz
    group = project.data.group
    classes: dict[str, dict[str, Any]] = {}
    for recording in recordings:
        for label in recording.labels:
            row = classes.setdefault(
                label, {"recordings": 0, "samples": 0, "windows": 0, "groups": set()}
            )
            row["recordings"] += 1
            row["groups"].add(recording.context.get(group, "") if group else recording.name)
        for span in recording.spans:
            row = classes[span.label]
            row["samples"] += len(span)
            row["windows"] += max(0, (len(span) - length) // hop + 1)
    for row in classes.values():
        row["seconds"] = row["samples"] / rate
        row["groups"] = sorted(row["groups"]) if group else len(row["groups"])
    return {
        "recordings": len(recordings),
        "rate_hz": rate,
        "group": group,
        "classes": {name: classes[name] for name in sorted(classes)},
    }


def table(report: dict[str, Any]) -> str:
    """The summary for people."""
    group = report["group"]
    rows = [("class", "recordings", "seconds", "windows", group or "")]
    for name, row in report["classes"].items():
        groups = ", ".join(row["groups"]) if group else ""
        rows.append(
            (name, str(row["recordings"]), f"{row['seconds']:.1f}", str(row["windows"]), groups)
        )
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(row[i].rjust(widths[i]) for i in (1, 2, 3)), row[4]]
        ).rstrip()
        for row in rows
    )


def _store(recordings: list[Recording], layout: Layout, folder: Path) -> list[Path]:
    from midge.recordings import DataError
    from midge.recordings.store import store

    by_file: dict[Path, list[Recording]] = {}
    for recording in recordings:
        by_file.setdefault(recording.path, []).append(recording)
    targets = {path: folder / f"{path.stem}.npz" for path in by_file}
    sources = {path.resolve() for path in by_file}
    for path, target in targets.items():
        taken = target.exists() or list(targets.values()).count(target) > 1
        if taken or target.resolve() in sources:
            raise DataError(
                f"would be overwritten by {path}",
                where=str(target),
                do="rename the file, or delete what is there",
            )
    for path, some in by_file.items():
        store(some, layout, targets[path])
    return list(targets.values())
