"""How many false alarms a threshold means, when it is set on held-out normal windows.

Split conformal prediction (Papadopoulos et al., ECML 2002; Vovk et al., Algorithmic Learning in a
Random World, 2005, ch. 2): of n held-out windows and a new one of the same kind, each is equally
likely to have the k-th largest score. So a threshold just above the
``ceil((n + 1) (1 - rate))``-th smallest score is reached by a new window with a chance of ``rate``
at most, whatever the scores' distribution. What it is for one set of held-out windows varies: it
has the beta distribution of an order statistic. Both take windows to be independent; those that
overlap or are of one machine are not, so the true range is wider for them.
"""

from __future__ import annotations

import math

_SURE = 0.9  # of the range
_ROUNDING = 1e-9  # (n + 1) (1 - rate) is not exact in binary


def rank(n: int, rate: float) -> int:
    """Which of ``n`` scores, from 1 for the smallest, lies just below the threshold; ``n``, the
    largest, where they are too few for ``rate`` (see :func:`needed`)."""
    return max(1, min(n, math.ceil((n + 1) * (1 - rate) - _ROUNDING)))


def needed(rate: float) -> int | None:
    """Held-out windows with which ``rate`` can be kept; None: no number is enough for 0."""
    return math.ceil(1 / rate - 1 - _ROUNDING) if rate > 0 else None


def expected(n: int, alarms: int) -> float:
    """The chance that a new window reaches a threshold that ``alarms`` of ``n`` do."""
    return (alarms + 1) / (n + 1)


def likely(n: int, alarms: int) -> tuple[float, float]:
    """The range in which the share of new windows over such a threshold lies with 90%."""
    from scipy.stats import beta

    low, high = beta.ppf([(1 - _SURE) / 2, (1 + _SURE) / 2], alarms + 1, max(1, n - alarms))
    return float(low), float(high)


def too_few(n: int, rate: float) -> str:
    """What to tell where ``n`` windows cannot keep ``rate``; "" where they can."""
    enough = needed(rate)
    if enough is not None and n >= enough:
        return ""
    wanted = "no number is enough for that" if enough is None else f"needed: {enough}"
    return (
        f"{n} normal windows held out are too few for {rate:.2%} of false alarms ({wanted}): the "
        f"threshold lies above all of them, which means {expected(n, 0):.1%}, at most "
        f"{likely(n, 0)[1]:.1%} with 95%; record normal for longer, or want more false alarms"
    )
