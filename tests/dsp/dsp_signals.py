"""Signals that every block must survive: 20 at the edges, and random ones of many kinds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

FULL, LOW = 32767, -32768


def edges(n: int) -> list[np.ndarray]:
    """20 int16 [n]."""
    t = np.arange(n)
    sine = np.sin(2 * np.pi * t * 5 / max(n, 20))
    made = [
        np.zeros(n),
        np.full(n, FULL),
        np.full(n, LOW),
        np.where(t % 2, FULL, LOW),
        np.where(t % 2, LOW, FULL),
        np.where(t // 2 % 2, FULL, LOW),
        np.where(t // 16 % 2, FULL, LOW),
        np.where(t == 0, FULL, 0),
        np.where(t == n - 1, LOW, 0),
        np.where(t == n // 2, LOW, FULL),
        np.full(n, 1),
        np.full(n, -1),
        np.where(t % 2, 1, -1),
        np.where(t == n // 3, 1, 0),
        np.clip(4 * FULL * sine, LOW, FULL),
        np.round(FULL * sine),
        np.round(FULL * np.cos(np.pi * t * t / max(n, 1))),
        np.where(t < n // 2, LOW, FULL),
        np.linspace(LOW, FULL, n),
        np.where(np.random.default_rng(7).integers(0, 2, n), FULL, LOW),
    ]
    return [np.round(signal).astype(np.int16) for signal in made]


def _noise(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.integers(LOW, FULL + 1, n)


def _quiet(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.normal(0, 2.0 ** rng.uniform(-1, 15), n)


def _sparse(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.where(rng.random(n) < 0.03, rng.integers(LOW, FULL + 1, n), 0)


def _tones(rng: np.random.Generator, n: int) -> np.ndarray:
    t = np.arange(n)
    size = 2.0 ** rng.uniform(2, 16)
    return sum(size * np.sin(rng.uniform(0, np.pi) * t + rng.uniform(0, 6)) for _ in range(3))


def _offset(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.integers(LOW, FULL + 1) + rng.normal(0, 2.0 ** rng.uniform(0, 10), n)


def _walk(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.cumsum(rng.normal(0, 2.0 ** rng.uniform(0, 12), n))


KINDS: list[Callable[[np.random.Generator, int], np.ndarray]] = [
    _noise, _quiet, _sparse, _tones, _offset, _walk,
]  # fmt: skip


def random(n: int, count: int, seed: int) -> list[np.ndarray]:
    """``count`` int16 [n]."""
    rng = np.random.default_rng(seed)
    made = [KINDS[i % len(KINDS)](rng, n) for i in range(count)]
    return [np.clip(np.round(signal), LOW, FULL).astype(np.int16) for signal in made]


def as_dtype(signal: np.ndarray, dtype: str) -> np.ndarray:
    """The same course in the range of what a later block gets."""
    wide = signal.astype(np.int64)
    if dtype == "uint32":  # power
        return (wide * wide * 2).astype(np.uint32)
    if dtype == "uint64":  # energies of bands
        return (np.abs(wide).astype(np.uint64) ** 2) << np.uint64(11)
    if dtype == "int32":  # statistics
        return (wide << 14).astype(np.int32)
    if dtype == "uint8":  # pictures
        return ((wide >> 8) + 128).astype(np.uint8)
    return signal
