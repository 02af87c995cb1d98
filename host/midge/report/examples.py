"""Windows as pictures: the worst answers, and what the model looks at."""

from __future__ import annotations

import numpy as np

from midge.report import kit
from midge.report.evidence import Evidence
from midge.report.kit import Html, Section
from midge.report.occlusion import Looks, Map
from midge.report.pictures import LANES, Pictures, times_lower

_SHOWN = 8
_UNSURE = 0.9  # of right answers, those are shown whose score leads by less


def worst(evidence: Evidence) -> Section:
    """The surest mistakes, then the least sure right answers."""
    n = np.arange(len(evidence.truth))
    others = evidence.scores.copy()
    others[n, evidence.truth] = -np.inf
    lead = evidence.scores[n, evidence.truth] - others.max(axis=1)
    # a tie that was called right stands behind the mistakes
    order = np.lexsort((n, lead, evidence.right))[:_SHOWN]
    order = np.array([i for r, i in enumerate(order) if r < 3 or lead[i] < _UNSURE])
    pictures = Pictures(evidence.views)
    wrong = int((~evidence.right).sum())
    if not wrong:
        words = f"No window of {len(n):,} is called wrong; these were decided by least."
    elif wrong >= _SHOWN:
        words = f"{wrong:,} of {len(n):,} windows are called wrong; the surest mistakes."
    else:
        words = f"{wrong:,} of {len(n):,} windows are called wrong; they come first."
    parts = [_answer(evidence, int(i), pictures) for i in order]
    body = kit.tag("p", words) + kit.panels(parts) + _axis_note(evidence)
    return Section("examples", "Worst examples", body)


def _answer(evidence: Evidence, window: int, pictures: Pictures) -> Html:
    labels, scores = evidence.data.labels, evidence.scores[window]
    truth, said = int(evidence.truth[window]), int(evidence.said[window])
    called = f"called {labels[said]} ({scores[said]:.2f})"
    if truth != said:
        title = kit.tag("b", called, cls="wrong") + kit.esc(
            f", is {labels[truth]} ({scores[truth]:.2f})"
        )
    else:
        second = int(np.argsort(scores, kind="stable")[-2])
        title = kit.tag("b", called) + kit.esc(f", before {labels[second]} ({scores[second]:.2f})")
    where = f"test window {window}"
    if evidence.data.test.groups is not None:
        kind = evidence.project.data.group or "recording"
        name = str(evidence.data.test.groups[window])
        where += f", {name}" if name.startswith(f"{kind} ") else f", {kind} {name}"
    return kit.panel(title, Html(pictures.draw(window)), kit.note(where))


def _axis_note(evidence: Evidence) -> Html:
    if all(view.image for view in evidence.views):
        return kit.note("Pictures as the model sees them.")
    words = "Signals in sensor counts, each channel at the same scale in all pictures."
    if not all(view.plain for view in evidence.views):
        words += " Below each signal: the features that the model sees, dark is high."
    if max(len(view.channels) for view in evidence.views) > LANES:
        words += f" The first {LANES} channels are drawn."
    return kit.note(words)


def looks(evidence: Evidence, found: Looks) -> Section | None:
    """A map for each class, and accuracy without each channel or group of features."""
    pictures = Pictures(evidence.views)
    parts = []
    for label, one in zip(evidence.data.labels, found.maps, strict=True):
        if one is not None:
            picture = pictures.draw(one.example, (found, one))
            parts.append(kit.panel(kit.tag("b", label), Html(picture), _most(found, one)))
    if not parts:
        return None
    body = [
        kit.tag("p", "Orange is what a class hangs on: how far its odds fall on average when that "
                "part of the input is replaced by its mean, on the integer model itself. The "
                "signal is the surest example of the class."),
        kit.panels(parts),
        _without(evidence, found),
    ]  # fmt: skip
    return Section("looks", "What it looks at", kit.join(body))


def _most(found: Looks, one: Map) -> Html:
    """What the darkest part is, in words."""
    over = f"mean over {one.windows} window{'s' * (one.windows > 1)}"
    if one.top <= 0:
        return kit.note(f"No part alone matters; {over}.")
    best = int(np.argmax([falls.max() for falls in one.falls]))
    group, there = found.groups[best], " there" if len(one.falls[best]) > 1 else ""
    return kit.note(
        f"Darkest: without {group.name}{there}, odds {times_lower(one.top)} times lower; {over}."
    )


def _without(evidence: Evidence, found: Looks) -> Html:
    if len(found.groups) < 2 or all(view.image for view in evidence.views):
        return Html("")  # a column of pixels by itself is no channel
    most = max(found.whole.value - s.value for s in found.without)
    rows = []
    for group, share in zip(found.groups, found.without, strict=True):
        lost = found.whole.value - share.value
        rows.append((
            group.name, kit.percent(share.value), f"{-100 * lost + 0.0:+.1f}",
            kit.bar(max(0.0, lost) / most if most > 0 else 0.0),
        ))  # fmt: skip
    what = "channel" if all(view.plain for view in evidence.views) else "features"
    return kit.table(
        (f"without {what}", "accuracy", "points", ""), rows, left=(0, 3), id="without-table"
    ) + kit.note(
        f"On {found.whole.total:,} test windows, {kit.percent(found.whole.value)} with all. "
        "What another one says as well costs nothing when it is hidden alone."
    )  # fmt: skip
