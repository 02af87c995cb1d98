"""How good the model is: accuracy, float against int8, confusion, curves, groups, calibration."""

from __future__ import annotations

import dataclasses

import numpy as np

from midge.report import figures, kit, svg
from midge.report.evidence import Evidence
from midge.report.figures import Share
from midge.report.kit import Html, Section


def accuracy(evidence: Evidence) -> Section:
    """Every way the accuracy was computed, with its interval."""
    kind = evidence.project.model.quantization
    rows: list[tuple[str, Share, str]] = []
    if (in_float := evidence.float_accuracy) is not None:
        rows.append(("float", in_float, "as training measured it"))
    rows.append((f"{kind}, Midge", evidence.accuracy, "the C code that the board runs"))
    if evidence.oracle is not None:
        right = dataclasses.replace(evidence.oracle.right, independent=evidence.independent)
        same = f"{evidence.oracle.equal:,} of {len(evidence.truth):,} windows equal in every bit"
        rows.append((f"{kind}, LiteRT reference", right, same))
    if (board := evidence.on_board) is not None:
        same = f"{board.equal:,} of {board.right.total:,} windows equal in every bit"
        rows.append((f"{kind}, emulated {evidence.board.description}", board.right, same))
    start = kit.start_of(share for _, share, _ in rows)
    shown = [
        (name, kit.percent(s.value), kit.between(s), kit.whiskers(s, start), what)
        for name, s, what in rows
    ]
    body = [
        kit.table(
            ("computed in", "accuracy", "95% interval", f"{kit.percent(start, 0)} to 100%", ""),
            shown, left=(0, 4), id="accuracy-table",
        ),
        kit.note(_interval_of(evidence)),
    ]  # fmt: skip
    if evidence.float_accuracy is None:
        body.append(kit.note("The accuracy in float is not known of these windows."))
    if evidence.on_board is None:
        body.append(kit.note(
            kit.tag("code", "midge report --on-board 20"), "also runs some on the emulated board."
        ))  # fmt: skip
    if evidence.oracle is None and evidence.classical:
        body.append(kit.note("A classical model: float is scikit-learn's own answer."))
    elif evidence.oracle is None:
        body.append(kit.note(
            "Not compared with LiteRT's reference kernels: ai-edge-litert is not installed, or "
            "has none for an operation of this model."
        ))  # fmt: skip
    return Section("accuracy", "Accuracy", kit.join(body))


def _interval_of(evidence: Evidence) -> str:
    """What the interval is of."""
    n, many = len(evidence.truth), evidence.independent
    words = f"On {n:,} windows that training did not see. The interval is Wilson's"
    groups = evidence.data.test.groups
    if many is None or groups is None:
        words += ", for independent windows"
        if groups is None:
            return words + "; where windows are of the same recording or person, it is too narrow."
        return words + f"; they are all of {groups[0]}, so it says nothing of others."
    kind = evidence.project.data.group or "recording"
    if len(np.unique(groups)) == n:
        return words + f", for independent windows: each is of a {kind} of its own."
    if evidence.accuracy.right in (0, n):
        return words + (
            f" for as many windows as there are {kind}s, {many:.0f}: those of one are alike, and "
            "where all are right nobody knows how much."
        )
    return words + (
        f" for {many:.3g} independent windows: so much do these, of {len(np.unique(groups))} "
        f"{kind}s, tell of others (design effect; Korn and Graubard 1998)."
    )


def confusion(evidence: Evidence) -> Section:
    """The confusion matrix, and what each class makes of it."""
    labels = evidence.data.labels
    found = figures.confusion(evidence.truth, evidence.said, len(labels))
    totals = found.sum(axis=1)
    head: list[object] = ["is \\ called", *labels, "windows"]
    rows = []
    for k, label in enumerate(labels):
        cells = [_cell(int(n), int(totals[k]), k == j) for j, n in enumerate(found[k])]
        rows.append(
            kit.tag("tr", kit.tag("th", label, cls="left") + kit.join(cells)
                    + kit.tag("td", f"{totals[k]:,}"))
        )  # fmt: skip
    top = kit.join(
        kit.tag("th", name, cls="left" if i == 0 else "") for i, name in enumerate(head)
    )
    parts = kit.tag("thead", kit.tag("tr", top)) + kit.tag("tbody", kit.join(rows))
    matrix = kit.tag("table", parts, cls="matrix", id="confusion-table")
    body = [kit.tag("div", matrix, cls="wide"), _classes(labels, found)]
    return Section("confusion", "What is taken for what", kit.join(body))


def _cell(count: int, total: int, right: bool) -> Html:
    share = count / total if total else 0.0
    ink = "0, 114, 178" if right else "213, 94, 0"
    depth = 0.5 * share if right else (0.12 + 0.5 * share) * (count > 0)
    return kit.tag(
        "td", f"{count:,}" if count else "\u00b7", style=f"background:rgba({ink}, {depth:.2f})"
    )


def _classes(labels: list[str], found: np.ndarray) -> Html:
    recalls, rows = [], []
    for k, _ in enumerate(labels):
        recalls.append(Share(int(found[k, k]), int(found[k].sum())))
    start = kit.start_of(recalls)
    for k, label in enumerate(labels):
        precision = Share(int(found[k, k]), int(found[:, k].sum()))
        both = recalls[k].total + precision.total
        f1 = 2 * int(found[k, k]) / both if both else float("nan")
        rows.append((
            label, kit.percent(recalls[k].value), kit.whiskers(recalls[k], start),
            kit.percent(precision.value), kit.percent(f1),
        ))  # fmt: skip
    return kit.table(
        ("class", "recall", f"{kit.percent(start, 0)} to 100%", "precision",
         "F1"), rows, id="class-table",
    )  # fmt: skip


def curves(evidence: Evidence) -> Section | None:
    """ROC and precision-recall, each class against the rest, with the thresholds on them."""
    labels = evidence.data.labels
    found = [
        figures.curves(evidence.truth == k, evidence.scores[:, k]) for k in range(len(labels))
    ]
    shown = range(1, 2) if evidence.outputs.shape[1] == 1 else range(len(labels))
    if all(found[k] is None for k in shown):
        return None
    roc = svg.Plot("false alarms: share of the other windows", "hits: share of the class")
    roc.line([(0, 0), (1, 1)], svg.FAINT, dashes="2 4", width=1)
    precision = svg.Plot("hits (recall)", "precision")
    operating = evidence.operating()
    for k in shown:
        one, point = found[k], operating[k]
        if one is None:
            continue
        roc.line(_steps(one.false_alarms, one.hits), svg.colour(k), dashes=svg.dash(k))
        precision.line(
            list(zip(one.hits.tolist(), one.precision.tolist(), strict=True)),
            svg.colour(k), dashes=svg.dash(k),
        )  # fmt: skip
        if point is not None:
            tip = f"{labels[k]}: threshold {point.threshold:.3f}"
            roc.dot(point.false_alarms.value, point.hits.value, svg.colour(k), tip)
            if point.precision.total:
                precision.dot(point.hits.value, point.precision.value, svg.colour(k), tip)
    rows = [
        (labels[k], f"{one.area:.4f}", f"{one.average_precision:.4f}")
        for k, one in enumerate(found) if k in shown and one is not None
    ]  # fmt: skip
    body = [
        kit.legend(labels) if len(shown) > 1 else "",
        kit.panels([
            kit.panel("ROC", Html(roc.render("ROC curves"))),
            kit.panel("Precision and recall", Html(precision.render("precision-recall curves"))),
            kit.panel("Area under ROC, average precision (AP)",
                      kit.table(("class", "ROC", "AP"), rows, id="curve-table")),
        ]),
        kit.note("Each class against all others. Dots: the thresholds below."),
    ]  # fmt: skip
    return Section("curves", "Hits and false alarms", kit.join(body))


def _steps(x: np.ndarray, y: np.ndarray) -> list[svg.Point]:
    """The corners of a curve, without the points on a straight line between two others."""
    points: list[svg.Point] = []
    for here in zip(x.tolist(), y.tolist(), strict=True):
        if len(points) > 1 and any(points[-2][i] == points[-1][i] == here[i] for i in (0, 1)):
            points.pop()
        points.append(here)
    return points


def groups(evidence: Evidence) -> Section | None:
    """Accuracy of each person, machine, session or recording of the test split."""
    names = evidence.data.test.groups
    if names is None or len(np.unique(names)) == len(names):  # of one window each
        return None
    found = figures.by_group(names, evidence.right)
    kind = evidence.project.data.group or "recording"
    start = kit.start_of(found.values())
    order = sorted(found.items(), key=lambda item: (item[1].value, item[0]))
    rows = [
        (name, f"{s.total:,}", kit.percent(s.value), kit.between(s), kit.whiskers(s, start))
        for name, s in order[:_MOST_GROUPS]
    ]
    values = np.array([share.value for share in found.values()])
    words = [f"{len(found)} in the test split."]
    if len(found) > 1:
        words.append(
            f"Worst first. Mean over them {kit.percent(float(values.mean()))}, lowest "
            f"{kit.percent(float(values.min()))}, highest {kit.percent(float(values.max()))}."
        )
    if len(found) > _MOST_GROUPS:
        words.append(f"{len(found) - _MOST_GROUPS} better ones are not shown.")
    body = [
        kit.table(
            (kind, "windows", "accuracy", "95% interval", f"{kit.percent(start, 0)} to 100%"),
            rows, id="group-table",
        ),
        kit.note(*words),
    ]  # fmt: skip
    return Section("groups", f"Each {kind}", kit.join(body))


_MOST_GROUPS = 30


def calibration(evidence: Evidence) -> Section:
    """Do scores mean what they say, and where to put a threshold."""
    if not evidence.chances:
        said = kit.note("This model's scores are no chances, 0 to 1: there is no calibration.")
        return Section("calibration", "Thresholds", said + _thresholds(evidence))
    bins = figures.calibration(evidence.top, evidence.right)
    plot = svg.Plot("score of the class that is called", "share of right windows")
    most = max(one.right.total for one in bins)
    for one in bins:
        tip = f"{one.low:.1f} to {one.high:.1f}: {one.right.total:,} windows"
        plot.bar(one.low + 0.01, 0.08, 0.22 * one.right.total / most, "#cfd8e0", tip)
    plot.line([(0, 0), (1, 1)], svg.FAINT, dashes="2 4", width=1)
    for one in bins:
        plot.whisker(one.score, *one.right.interval, svg.COLOURS[0])
        plot.dot(one.score, one.right.value, svg.COLOURS[0], f"right: {kit.ratio(one.right)}")
    error = figures.calibration_error(bins)
    body = [
        kit.panels([
            kit.panel("Calibration", Html(plot.render("calibration")), kit.note(
                "Dots on the dashed line: the score is the chance to be right. Grey: how many "
                f"windows. They are {100 * error:.1f} points apart on average (expected "
                "calibration error)."
            )),
            kit.panel("Deciding only when sure", Html(_coverage(evidence)), kit.note(
                kit.tag("b", "Solid:", style=f"color:{svg.COLOURS[2]}"),
                "right among the windows that are decided.",
                kit.tag("b", "Dashed:", style=f"color:{svg.COLOURS[1]}"), "share that is decided.",
            )),
        ]),
        _thresholds(evidence),
    ]  # fmt: skip
    return Section("calibration", "Scores and thresholds", kit.join(body))


def _coverage(evidence: Evidence) -> str:
    plot = svg.Plot("least score to decide", "share of windows")
    rows = figures.coverage(evidence.top, evidence.right)
    decided: list[svg.Point] = [(0.0, 1.0)]
    right: list[svg.Point] = [(0.0, rows[0][2])]
    for level, part, good in rows:
        decided += [(level, decided[-1][1]), (level, part)]
        right += [(level, right[-1][1]), (level, good)]
    plot.line(decided, svg.COLOURS[1], dashes="5 3")
    plot.line(right, svg.COLOURS[2])
    return plot.render("accuracy and share of decided windows over the least score")


def _of_normal(evidence: Evidence) -> str:
    """Where the threshold of a recipe that learnt normal alone comes from."""
    said = evidence.compiled.meta.extra.get("anomaly", {})
    wanted = kit.percent(float(said.get("wanted_false_alarms", np.nan)), 2)
    words = [
        f"Set in training on {len(evidence.held_truth):,} held-out normal windows, for {wanted} "
        "of false alarms: the score is 0.5 there."
    ]
    if "likely_false_alarms" in said:
        low, high = (kit.percent(share) for share in said["likely_false_alarms"])
        words.append(
            f"By so many windows it is about {kit.percent(said['expected_false_alarms'])}, with "
            f"90% {low} to {high} (split conformal; more where windows are alike)."
        )
    return " ".join([*words, "Measured here on the test windows."])


def _thresholds(evidence: Evidence) -> Html:
    rows = []
    for label, point in zip(evidence.data.labels, evidence.operating(), strict=True):
        if point is not None:
            rows.append((
                label, f"{point.threshold:.3f}", kit.ratio(point.hits),
                kit.ratio(point.false_alarms), kit.ratio(point.precision),
            ))  # fmt: skip
    if evidence.outputs.shape[1] == 1 and not evidence.anomaly:  # one output has one threshold
        rows = rows[1:]
    if not rows:
        return kit.note("No threshold was chosen: no windows were held out from training.")
    table = kit.table(
        ("class", "threshold", "hits", "false alarms", "right when over it"), rows,
        id="threshold-table",
    )  # fmt: skip
    if evidence.anomaly:
        return table + kit.note(_of_normal(evidence))
    return table + kit.note(
        f"Chosen by {len(evidence.held_truth):,} windows that training held out (largest F1, the "
        "middle of the gap), measured here on the test windows. For",
        kit.tag("code", "midge.Smoother(threshold=...)"), "on the board; accuracy is that of the "
        "largest score.",
    )  # fmt: skip
