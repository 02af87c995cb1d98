"""What a microphone hears when nobody says a keyword: noise, silence, parts of words, and words
played backwards, which sound like speech and are no keywords."""

from __future__ import annotations

import dataclasses

import numpy as np

from midge.errors import MidgeError
from midge.train import audio
from midge.train.data import Dataset, Windows

LOUDEST = 3000.0  # RMS of noise, counts
CUT = (0.35, 0.65)  # of a window, that a word is moved by: about half of it is left
_SEED = 7


def add(data: Dataset, label: str) -> Dataset:
    """The data with background to train on, twice as many windows as a class has on average.

    None to test with: accuracy is that of recordings.

    Raises:
        MidgeError: ``label`` is not one of the data's.
    """
    if label not in data.labels:
        raise MidgeError(
            f"names {label!r}, the classes are {', '.join(data.labels)}", where="[data] others",
            do="add it to [data] labels",
        )  # fmt: skip
    kind, rng = data.labels.index(label), np.random.default_rng(_SEED)
    return dataclasses.replace(data, train=_extended(data.train, kind, rng))


def _extended(split: Windows, kind: int, rng: np.random.Generator) -> Windows:
    count = max(3, 2 * len(split) // len(np.unique(split.classes)))
    made, words = windows(split.counts, count, rng)
    # halves of a person's words are that person's, whoever splits by persons again
    whole = split.take(np.append(np.arange(len(split)), words))
    whole.counts[len(split) :], whole.classes[len(split) :] = made, kind
    return whole


def windows(
    words: np.ndarray, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """``count`` windows int16 ``[count, length, channels]``: noise of some colour and level,
    halves of ``words``, and words backwards, in turn; and the index of the word drawn for each,
    int64 ``[count]``, for noise too."""
    length, channels = words.shape[1:]
    made = np.empty((count, length, channels), np.int16)
    drawn = np.empty(count, np.int64)
    for number in range(count):
        drawn[number] = rng.integers(len(words))
        word = words[drawn[number]]
        if number % 3 == 0:
            made[number] = noise(length, channels, rng)
        else:
            made[number] = half(word, rng) if number % 3 == 1 else word[::-1]
    return made, drawn


def half(word: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A window moved so far that about half of the word in its middle is left at one end."""
    length = len(word)
    by = round(rng.uniform(*CUT) * length)
    rest = np.broadcast_to(word[:1], (by, word.shape[1]))
    return np.concatenate([word[by:], rest] if rng.random() < 0.5 else [rest, word[:-by]])


def noise(length: int, channels: int, rng: np.random.Generator) -> np.ndarray:
    """Noise whose spectrum falls by 0 to 2 powers of frequency, from silence to LOUDEST."""
    spectrum = np.fft.rfft(rng.standard_normal((channels, length)))
    out = np.fft.irfft(spectrum * audio.falling(spectrum.shape[1], rng), length)
    level = np.exp(rng.uniform(0, np.log(LOUDEST))) - 1
    return np.clip(np.rint(out / out.std() * level), -32768, 32767).astype(np.int16).T
