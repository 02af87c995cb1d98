"""Which windows the converter measures the tensors' ranges on."""

from __future__ import annotations

import numpy as np


def choose(real: np.ndarray, classes: np.ndarray, most: int, seed: int = 0) -> np.ndarray:
    """Indices of at most ``most`` windows of ``real`` ``[n, ...]``; all of them where few.

    The ranges must hold what the board may see, so the choice is not left to chance: the windows
    with the smallest and the largest value of each channel; then of each class alike many, those
    farthest from the ones taken before (of each channel the mean, deviation and extremes are
    compared), so that rare kinds of windows are there too.
    """
    if len(real) <= most:
        return np.arange(len(real))
    flat = real.reshape(len(real), -1, real.shape[-1])
    low, high = flat.min(axis=1), flat.max(axis=1)
    taken = list(dict.fromkeys([*low.argmin(axis=0), *high.argmax(axis=0)]))[: most // 2]
    looks = np.concatenate([low, high, flat.mean(axis=1), flat.std(axis=1)], axis=1)
    looks = looks / np.maximum(looks.std(axis=0), 1e-9)
    kinds, sizes = np.unique(classes, return_counts=True)
    kinds = kinds[np.argsort(sizes, kind="stable")]  # what rare ones leave goes to the others
    rng = np.random.default_rng(seed)
    for number, kind in enumerate(kinds):
        members = np.setdiff1d(np.flatnonzero(classes == kind), taken)
        share = (most - len(taken)) // (len(kinds) - number)
        taken += list(_farthest(looks, members, taken, share, rng))
    return np.sort(np.array(taken))


def _farthest(
    looks: np.ndarray, members: np.ndarray, taken: list[int], count: int, rng: np.random.Generator
) -> list[int]:
    """Half of ``count`` each the farthest from those before, half at random: the usual ones."""
    chosen: list[int] = []
    spread = min(count // 2, len(members))
    distance = np.full(len(members), np.inf)
    for old in taken:
        distance = np.minimum(distance, np.linalg.norm(looks[members] - looks[old], axis=1))
    for _ in range(spread):
        best = int(distance.argmax())
        chosen.append(int(members[best]))
        distance = np.minimum(
            distance, np.linalg.norm(looks[members] - looks[members[best]], axis=1)
        )
        distance[best] = -1.0
    rest = rng.permutation(np.setdiff1d(members, chosen))
    return [*chosen, *(int(one) for one in rest[: count - spread])]
