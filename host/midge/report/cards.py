"""The data card and the model card: what went in, what came out, what it is for."""

from __future__ import annotations

from typing import Any

import numpy as np

from midge.features.draw import draw
from midge.recordings import check
from midge.report import kit
from midge.report.evidence import Evidence
from midge.report.kit import Html, Section
from midge.version import version

_MOST_FINDINGS = 20


def data(evidence: Evidence) -> Section:
    """Sources, classes, groups, seconds, what looks wrong, and the fingerprint."""
    found, project = evidence.data, evidence.project
    seconds = found.train.counts.shape[1] / found.rate_hz
    pairs: list[tuple[object, object]] = [
        ("source", project.data.source),
        *((view.named("channels"), f"{', '.join(view.channels)} at {view.rate_hz:g} Hz")
          for view in evidence.views),
        ("windows", f"of {seconds:.4g} s, every {project.hop / found.rate_hz:.4g} s"),
        ("split", _split(evidence)),
        ("recordings", _recorded(evidence)),
        ("fingerprint", kit.tag("code", found.fingerprint)),
    ]  # fmt: skip
    kind = f"{project.data.group or 'recording'}s"
    head, sides = ["class"], ((found.train, "train"), (found.test, "test"))
    for side, name in sides:
        head += [f"{name}: windows", *([kind] if side.groups is not None else [])]
    recorded = check.samples_of(evidence.recordings)
    if recorded:
        head.append("recorded")
    rows = []
    for k, label in enumerate(found.labels):
        cells: list[object] = [label]
        for side, _ in sides:
            here = side.classes == k
            cells.append(f"{int(here.sum()):,}")
            if side.groups is not None:
                cells.append(f"{len(np.unique(side.groups[here])):,}")
        if recorded:
            cells.append(f"{recorded[label] / found.rate_hz:,.1f} s" if label in recorded else "")
        rows.append(cells)
    body = [kit.facts(pairs), kit.table(head, rows, id="data-table"), _findings(evidence)]
    return Section("data", "Data card", kit.join(body))


def _split(evidence: Evidence) -> str:
    project, found = evidence.project, evidence.data
    words = f"{len(found.train):,} windows to train on, {len(found.test):,} to test with"
    if project.data.group and found.test.groups is not None:
        names = sorted(set(found.test.groups.tolist()))
        few = ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
        words += f"; no {project.data.group} is in both; tested with: {few}"
    elif found.test.groups is not None:
        words += "; no part of a recording is in both"
    return words


def _recorded(evidence: Evidence) -> str:
    if not evidence.recordings:
        return "a data set that Midge knows"
    samples = sum(len(r.counts) for r in evidence.recordings)
    files = len({r.path for r in evidence.recordings})
    return (
        f"{len(evidence.recordings):,} in {files:,} files, "
        f"{samples / evidence.data.rate_hz:,.1f} s together"
    )


def _findings(evidence: Evidence) -> Html:
    found = evidence.findings
    if not evidence.recordings:
        return Html("")
    if not found:
        return kit.tag(
            "p", kit.tag("code", "midge data") + " finds nothing wrong with the recordings."
        )
    items = [kit.tag("li", _finding(one)) for one in found[:_MOST_FINDINGS]]
    if len(found) > _MOST_FINDINGS:
        items.append(kit.tag("li", f"and {len(found) - _MOST_FINDINGS} more"))
    said = kit.tag("code", "midge data") + f" finds {len(found)}:"
    return kit.tag("p", said) + kit.tag("ul", kit.join(items))


def _finding(one: check.Finding) -> str:
    where = f"{one.recording}: " if one.recording else ""
    return f"{where}{one.what}; {one.do}"


def model(evidence: Evidence, cost: dict[str, Any]) -> Section:
    """Name, input, training, size, how to use it, and what it was not tested for."""
    compiled, project = evidence.compiled, evidence.project
    meta, program = compiled.meta, compiled.program
    said = meta.extra
    pairs: list[tuple[object, object]] = [
        ("name", f"{meta.name}, version {meta.version}"),
        ("classes", ", ".join(evidence.data.labels)),
        *((view.named("input"), _port(port))
          for view, port in zip(evidence.views, program.inputs, strict=True)),
        ("output", _port(program.outputs[0])),
        ("trained as", f"{said.get('recipe', project.model.recipe)}, seed "
                       f"{said.get('seed', '?')}, {said.get('epochs', '?')} epochs"),
        ("quantization", project.model.quantization),
        ("board", f"{evidence.board.name}, {evidence.board.description}"),
        ("flash", f"{cost['model_flash_bytes']:,} B, of these {cost['weights_bytes']:,} B "
                  f"constants; kernels {cost['code_bytes']:,} B"),
        ("RAM", f"arena {cost['arena_bytes']:,} B, state {cost['state_bytes']:,} B, features "
                f"{cost['features_ram_bytes']:,} B"),
        ("MACs", f"{cost['macs']:,}"),
        ("SHA-256", kit.tag("code", program.sha256)),
        ("made by", f"Midge {version()}"),
    ]  # fmt: skip
    body = [kit.facts(pairs)]
    for one in compiled.features:
        body += [kit.tag("h3", "Features"), kit.tag("pre", draw(one, evidence.board))]
    body += [kit.tag("h3", "Not shown here"), _limits(evidence)]
    return Section("model", "Model card", kit.join(body))


def _port(port: Any) -> str:
    words = f"{port.dtype} {list(port.shape)}"
    if port.quant is None:
        return words
    return f"{words}, scale {float(port.quant.scale[0]):.4g}, zero point " + str(
        int(port.quant.zero_point[0])
    )


def _limits(evidence: Evidence) -> Html:
    if evidence.anomaly:
        unknown = (
            "Faults that leave a window's input as normal ones have it are not seen; those that "
            "were tested with, if any, are of the kinds in the data card."
        )
    else:
        unknown = (
            "Signals unlike all of these classes get one of their names all the same: only a "
            "threshold, or a class for the rest, can refuse them."
        )
    items = [
        unknown,
        "Scores are of single windows. What a Smoother makes of them on the board, and how many "
        "false alarms an hour that is, depends on how often each class occurs there.",
        "Other sensors, mountings, places and people than those of the recordings.",
    ]
    if not evidence.project.data.group:
        items.append(
            "Windows are of the same people and machines as those trained on, unless you "
            "recorded otherwise: [data] group keeps them apart."
        )
    return kit.tag("ul", kit.join(kit.tag("li", one) for one in items))
