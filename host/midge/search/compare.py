"""How sure the accuracy of a network is that was measured on some windows."""

from __future__ import annotations

import numpy as np

_FEWEST = 5


def standard_error(right: np.ndarray, *together: np.ndarray | None) -> float:
    """Of the mean of ``right``, float ``[n]``: the share that is right of each window's copies.

    The larger of two: that of ``n`` windows which are right or wrong by themselves, by Laplace's
    rule of succession, so that it is not 0 where all are right; and that of groups whose windows
    are right or wrong together (a cluster-robust one).

    Args:
        together: group of each window, ``[n]``: the first that has 5 or more groups counts. With
            fewer their differences say little.
    """
    n = len(right)
    share = (right.sum() + 1) / (n + 2)
    alone = share * (1 - share) / n
    for groups in together:
        if groups is None or len(np.unique(groups)) < _FEWEST:
            continue
        _, number = np.unique(groups, return_inverse=True)
        off = np.bincount(number, right - right.mean())
        clustered = len(off) / (len(off) - 1) * (off**2).sum() / n**2
        return float(np.sqrt(max(alone, clustered)))
    return float(np.sqrt(alone))
