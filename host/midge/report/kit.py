"""Pieces of HTML. Whatever is not :class:`Html` is escaped."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

from midge.report import svg
from midge.report.figures import Share


class Html(str):
    """Markup that was made here; any other text is escaped."""

    __slots__ = ()

    def __add__(self, other: object) -> Html:
        return Html(str.__add__(self, esc(other)))


def esc(value: object) -> Html:
    """Text as markup."""
    return value if isinstance(value, Html) else Html(svg.esc(value))


def tag(name: str, inside: object = "", **attributes: object) -> Html:
    """An element; ``cls`` stands for ``class``."""
    named = "".join(
        f' {("class" if key == "cls" else key)}="{svg.esc(value)}"'
        for key, value in attributes.items()
        if value != ""
    )
    return Html(f"<{name}{named}>{esc(inside)}</{name}>")


def join(parts: Iterable[object], between: str = "") -> Html:
    """Pieces one after the other."""
    return Html(esc(between).join(esc(part) for part in parts))


def note(*words: object) -> Html:
    """A remark in small print."""
    return tag("p", join(words, " "), cls="small")


def table(
    head: Sequence[object], rows: Iterable[Sequence[object]], *, left: Sequence[int] = (0,),
    **attributes: object,
) -> Html:  # fmt: skip
    """A table that scrolls by itself where the page is narrower. ``left``: columns of words."""
    top = _row("th", head, left)
    body = join(_row("td", row, left) for row in rows)
    whole = tag("table", join([tag("thead", top), tag("tbody", body)]), **attributes)
    return tag("div", whole, cls="wide")


def _row(kind: str, cells: Sequence[object], left: Sequence[int]) -> Html:
    return tag(
        "tr",
        join(
            tag(kind, cell, cls="left") if i in left else tag(kind, cell)
            for i, cell in enumerate(cells)
        ),
    )


def facts(pairs: Iterable[tuple[object, object]]) -> Html:
    """Names with their values."""
    return tag("dl", join(tag("dt", name) + tag("dd", value) for name, value in pairs))


def fold(title: object, *inside: object) -> Html:
    """What is shown when its title is clicked."""
    return tag("details", join([tag("summary", title), *inside]))


def panel(title: object, *inside: object) -> Html:
    """A picture with its title; panels stand beside each other where there is room."""
    return tag("figure", join([tag("figcaption", title), *inside]))


def panels(parts: Iterable[object]) -> Html:
    """Panels in a row, or below each other."""
    return tag("div", join(parts), cls="panels")


def legend(names: Sequence[object]) -> Html:
    """Class names with their colours and dashes, in the order of the classes."""
    return tag("ul", join(_key(i, name) for i, name in enumerate(names)), cls="legend")


def _key(number: int, name: object) -> Html:
    stroke = svg.polyline([(1, 5), (25, 5)], svg.colour(number), width=3, dashes=svg.dash(number))
    return tag(
        "li", Html(f'<svg width="26" height="10" aria-hidden="true">{stroke}</svg>') + esc(name)
    )


def bar(share: float) -> Html:
    """A bar in a cell, ``share`` of its width."""
    return Html(f'<span class="bar" style="width:{100 * share:.1f}px"></span>')


def percent(share: float, digits: int = 1) -> str:
    """A share for people."""
    return "\u2013" if math.isnan(share) else f"{100 * share:.{digits}f}%"


def ratio(share: Share) -> str:
    """A share with the numbers behind it."""
    if not share.total:
        return percent(share.value)
    return f"{percent(share.value)} ({share.right:,} of {share.total:,})"


def between(share: Share) -> str:
    """Its interval."""
    low, high = share.interval
    return f"{percent(low)}\u2013{percent(high)}"


def whiskers(share: Share, start: float) -> Html:
    """Its interval as a picture, on a line from ``start``."""
    if not share.total:
        return Html("")
    low, high = share.interval
    return Html(svg.interval(low, share.value, high, start, f"{ratio(share)}, {between(share)}"))


def start_of(shares: Iterable[Share]) -> float:
    """Where a line for all these intervals may begin: a tenth below the lowest end."""
    lowest = min((share.interval[0] for share in shares if share.total), default=0.0)
    return max(0.0, math.floor(10 * lowest) / 10)


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the page: ``key`` is what links lead to."""

    key: str
    title: str
    body: Html
