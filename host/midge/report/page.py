"""The page: what was gathered, put together and written."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from midge.firmware.files import drafts
from midge.report import cards, cost, examples, kit, quality
from midge.report.evidence import Evidence, gather
from midge.report.kit import Html, Section
from midge.report.occlusion import look
from midge.report.on_board import try_out
from midge.report.style import STYLE
from midge.version import version

if TYPE_CHECKING:
    from midge.compile import CompiledModel
    from midge.links.base import Progress
    from midge.project import Project

FILE = "report.html"
# Nothing is loaded from anywhere and no script runs, even if markup got through.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def write(
    project: Project,
    out: Path | None = None,
    compiled: CompiledModel | None = None,
    *,
    windows_on_board: int = 0,
    progress: Progress | None = None,
) -> tuple[Path, dict[str, Any]]:
    """Makes the report of a project's model: the file, and its main figures for ``--json``.

    Args:
        out: default: ``report.html`` beside the model. Appears whole or not at all.
        compiled: default: the project's trained model.
        windows_on_board: so many test windows are run on the emulated board too.

    Raises:
        DataError, ModelError: as :func:`midge.report.evidence.gather`.
        BuildError, LinkError: as :func:`midge.report.on_board.try_out`.
    """
    evidence = gather(project, compiled)
    if windows_on_board:
        evidence.on_board = try_out(evidence, windows_on_board, progress)
    path = out or project.model_path.with_name(FILE)
    text = page(evidence)
    with drafts(path) as folder:
        draft = folder / FILE
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)
    return path, figures_of(evidence)


def figures_of(evidence: Evidence) -> dict[str, Any]:
    """The main figures; shares 0...1."""
    share, oracle, board = evidence.accuracy, evidence.oracle, evidence.on_board
    return {
        "accuracy": share.value,
        "interval": list(share.interval),
        "test_windows": share.total,
        "equal_to_oracle": None if oracle is None else oracle.equal,
        "on_board": None if board is None else dataclasses.asdict(board),
        "thresholds": dict(zip(evidence.data.labels, evidence.thresholds, strict=True)),
        "same_data": evidence.same_data,
    }


def page(evidence: Evidence) -> str:
    """The whole page; the same evidence gives the same bytes."""
    costs = cost.costs(evidence)
    sections = [
        quality.accuracy(evidence),
        quality.confusion(evidence),
        quality.groups(evidence),
        quality.curves(evidence),
        quality.calibration(evidence),
        examples.worst(evidence),
        examples.looks(evidence, look(evidence)),
        cost.budget(evidence),
        cost.layers(evidence, costs),
        cost.arena(evidence, costs),
        cost.energy(evidence),
        cost.steps(evidence),
        cards.data(evidence),
        cards.model(evidence, costs),
    ]
    return _assemble(evidence, costs, [one for one in sections if one is not None])


def _assemble(evidence: Evidence, costs: dict[str, Any], sections: list[Section]) -> str:
    meta = evidence.compiled.meta
    made_by = kit.note("Made by", kit.tag("code", "midge report"), "of Midge", version())
    links = kit.join(kit.tag("a", one.title, href=f"#{one.key}") for one in sections)
    title = f"{meta.name} {meta.version} on {evidence.board.description}"
    body = kit.join(
        kit.tag("section", kit.tag("h2", one.title) + one.body, id=one.key) for one in sections
    )
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            kit.tag("title", f"{title}: report"),
            f"<style>{STYLE}</style></head><body>",
            kit.tag("header", kit.tag("h1", title) + _lead(evidence)
                    + kit.tag("div", kit.join(_cards(evidence, costs)), cls="cards")),
            kit.tag("nav", links),
            kit.tag("main", body),
            kit.tag("footer", made_by),
            "</body></html>",
            "",
        ]
    )  # fmt: skip


def _lead(evidence: Evidence) -> Html:
    share = evidence.accuracy
    words = kit.tag(
        "p",
        kit.join([
            f"Right in {share.right:,} of {share.total:,} windows that it was not trained on: ",
            f"{kit.percent(share.value)}, 95% interval\u00a0",
            kit.tag("span", kit.between(share), cls="whole"), ".",
        ]),
        cls="lead",
    )  # fmt: skip
    if not evidence.same_data:
        words += kit.tag(
            "p", "These recordings are not those that the model was trained on: it may have seen "
            "some of the test windows. Train it again.", cls="warn",
        )  # fmt: skip
    return words


def _cards(evidence: Evidence, costs: dict[str, Any]) -> list[Html]:
    kind = evidence.project.model.quantization
    shown = [(kit.percent(evidence.accuracy.value), f"accuracy in {kind}")]
    if (in_float := evidence.float_accuracy) is not None:
        shown.append((kit.percent(in_float.value), "accuracy in float"))
    if costs["cycles"] is not None:
        ms = 1000 * costs["cycles"] / costs["clock_hz"]
        shown.append((f"{ms:.3g} ms", f"an inference, {costs['cycles']:,} cycles"))
    if costs["features_cycles"]:
        ms = 1000 * costs["features_cycles"] / costs["clock_hz"]
        shown.append((f"{ms:.3g} ms", f"its features, {costs['features_cycles']:,.0f} cycles"))
    ram = costs["arena_bytes"] + costs["state_bytes"] + costs["features_ram_bytes"]
    shown += [
        (f"{ram:,} B", "RAM"),
        (f"{costs['model_flash_bytes']:,} B", "flash"),
        (f"{costs['macs']:,}", "multiply-accumulates"),
    ]
    return [kit.tag("div", kit.tag("b", a) + kit.esc(b), cls="card") for a, b in shown]
