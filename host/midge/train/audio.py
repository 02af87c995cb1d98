"""More speech out of little: other speeds, levels, microphones, noise and places in the window."""

from __future__ import annotations

import numpy as np

SPEED = 0.28  # natural log: 0.76...1.32 times as fast, and as high
LEVEL_DB = 18.0
TILT_DB = 8.0  # at each of five points from 0 to half the rate, straight lines between
SNR_DB = (10.0, 50.0)
POINTS = 5  # of a random filter's curve
_END = 0.01  # of a window: sound that begins so near to its end reaches it
_NOISE_RMS = 1500.0
_SWELLING, _SWELLS, _SWELL = 0.3, 12, 2.0  # share of noises, points in time, natural log at each
_LOW, _HIGH = -32768, 32767


def augment(counts: np.ndarray, copies: int, rng: np.random.Generator) -> np.ndarray:
    """``copies`` changed versions of each window; int16 ``[copies * n, length, channels]``.

    A copy is played faster or slower about its middle (which changes its pitch too), filtered as
    by another microphone or room, made louder or softer, shifted by at most as much as there is
    silence around it, and lies in noise of some colour. Windows of silence stay noise.

    Args:
        counts: int16 ``[n, length, channels]``.
    """
    made = np.empty((copies, *counts.shape), np.int16)
    for copy in range(copies):
        for number, window in enumerate(counts):
            made[copy, number] = _changed(window.T.astype(np.float64), rng).T
    return made.reshape(copies * len(counts), *counts.shape[1:])


def at_other_speeds(counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each window faster or slower about its middle, which changes its pitch too; nothing else.

    Args:
        counts: int16 ``[n, length, channels]``, as the result.
    """
    made = np.empty_like(counts)
    for window, out in zip(counts, made, strict=True):
        placed, _ = _played(window.T.astype(np.float64), rng)
        out[:] = np.clip(np.rint(placed), _LOW, _HIGH).astype(np.int16).T
    return made


def noises(count: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of many colours, some of it swelling: int16 ``[count, length, 1]``."""
    made = np.empty((count, length, 1), np.int16)
    for out in made:
        noise = _hiss((length,), rng)
        if rng.random() < _SWELLING:
            swell = rng.uniform(-_SWELL, _SWELL, _SWELLS)
            noise *= np.exp(np.interp(np.linspace(0, _SWELLS - 1, length), range(_SWELLS), swell))
        out[:, 0] = np.clip(np.rint(noise / noise.std() * _NOISE_RMS), _LOW, _HIGH)
    return made


def _changed(window: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One copy of float64 ``[channels, length]``, rounded and saturated to int16."""
    length = window.shape[1]
    placed, loud = _played(window, rng)
    spectrum = np.fft.rfft(placed) * _curve(TILT_DB, length, rng)
    out, hiss = np.fft.irfft(spectrum, length), _hiss(window.shape, rng)
    level = max(loud, 1.0) * 10 ** (-rng.uniform(*SNR_DB) / 20) / hiss.std()
    out += hiss * level
    # No louder than full scale: clipped speech would be another thing to learn.
    out *= min(10 ** (rng.uniform(-LEVEL_DB, LEVEL_DB) / 20), _HIGH / max(np.abs(out).max(), 1.0))
    return np.clip(np.rint(out), _LOW, _HIGH).astype(np.int16)


def _played(window: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """The window's sound at another speed and place, and its RMS.

    What reaches an end of the window, such as half of a word, stays at that end: away from it, it
    would be a short word. What fills the window becomes no faster, so that it still does.
    """
    length, speed, shift = window.shape[1], np.exp(rng.uniform(-SPEED, SPEED)), rng.random()
    placed = np.zeros_like(window)
    first, last = _sound(window)
    if first == last:
        return placed, 0.0
    at_start, at_end = first <= length * _END, last >= length * (1 - _END)
    if at_start and at_end:
        speed = min(speed, 1 / speed)
    word = _at_speed(window[:, first:last], speed, length)
    room = length - word.shape[1]
    at = int(np.clip(first + (shift - 0.5) * room, 0, room))
    if at_start or at_end:
        at = 0 if at_start else room
    placed[:, at : at + word.shape[1]] = word
    return placed, float(np.sqrt(np.mean(word**2)))


def _sound(window: np.ndarray) -> tuple[int, int]:
    """Its first sample and the one behind its last: before and behind, nothing changes."""
    moved = np.flatnonzero((window != window[:, :1]).any(axis=0))
    still = np.flatnonzero((window != window[:, -1:]).any(axis=0))
    return (int(moved[0]), int(still[-1]) + 1) if len(moved) else (0, 0)


def _at_speed(word: np.ndarray, speed: float, most: int) -> np.ndarray:
    """Without its mean, and with ``most`` samples at most."""
    word = word - word.mean(axis=1, keepdims=True)
    count = min(max(1, round(word.shape[1] / speed)), most)
    times = np.arange(count) * speed
    return np.stack([np.interp(times, np.arange(word.shape[1]), channel) for channel in word])


def _hiss(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Noise of some colour, along the last axis; of any level."""
    length = shape[-1]
    spectrum = np.fft.rfft(rng.standard_normal(shape)) * _curve(2 * TILT_DB, length, rng)
    return np.asarray(np.fft.irfft(spectrum * falling(length // 2 + 1, rng), length))


def falling(bins: int, rng: np.random.Generator) -> np.ndarray:
    """Gains of a noise's spectrum: its power falls by 0 to 2 powers of frequency, as that of
    rooms, traffic and wind does."""
    return np.asarray((1 + np.arange(bins)) ** (-rng.uniform(0, 2) / 2))


def _curve(db: float, length: int, rng: np.random.Generator) -> np.ndarray:
    """Gains of the bins of a spectrum, straight lines in dB between random points."""
    bins = np.linspace(0, POINTS - 1, length // 2 + 1)
    return np.asarray(10 ** (np.interp(bins, range(POINTS), rng.uniform(-db, db, POINTS)) / 20))


def mask(features: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same with some rows and some columns of each window at its least value.

    SpecAugment (Park et al., arXiv:1904.08779) without its time warping: up to 8 rows and up to
    three columns in twenty. ``features``: ``[n, rows, columns]``, changed in place.
    """
    rows, columns = features.shape[1:]
    widest = 3 * columns // 20
    for window in features:
        least = window.min()
        at, count = rng.integers(rows), rng.integers(9)
        window[at : at + count] = least
        at, count = rng.integers(columns), rng.integers(widest + 1)
        window[:, at : at + count] = least
    return features
