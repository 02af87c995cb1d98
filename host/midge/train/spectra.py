"""More log-mel spectra of speech out of few, changed after the filter bank.

A louder word, another microphone or a room adds to logarithms; noise adds to the energies below
them; a word later or earlier is another row. So all of this is done to spectra, new for each copy,
and only other speeds, which change a voice's pitch and formants, are played and analysed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from midge.dsp import speech
from midge.features import Pipeline
from midge.features.pipeline import SCALE
from midge.features.steps import LogMel
from midge.train import audio
from midge.train.audio import LEVEL_DB, POINTS, SNR_DB, TILT_DB

SPEEDS = 8  # versions of each window at other speeds, besides its own
NOISES = 200  # kinds of noise
# Of noise as long as the recording only: words are cut out of recordings, around them is nothing,
# and so what a recorder hisses begins and ends with the word, as if it were a part of it.
OWN_SNR_DB = (15.0, 45.0)
OWN_SHARE = 0.6
OWN_TILT_DB = 20.0  # from the lowest to the middle, and to the highest band
_LOG2_DB = 10 * np.log10(2)  # of energy
_FRACTION = 1 << speech.LogMel.frac  # of a logarithm's int16
_NOTHING = 1.0  # log2 of energy: less than a count
_NEVER = np.float32(-30.0)


def suits(pipeline: Pipeline | None) -> bool:
    """Whether rows are log-mel bands of one channel, and nothing else."""
    return (
        pipeline is not None
        and len(pipeline.channels) == 1
        and [isinstance(one, LogMel) for one in pipeline.blocks if one.gives_columns] == [True]
    )


def augment(
    pipeline: Pipeline, windows: np.ndarray, copies: int, rng: np.random.Generator
) -> np.ndarray:
    """``copies`` changed versions of each window as the model sees them.

    Args:
        pipeline: fitted; :func:`suits` is true of it.
        windows: int16 ``[n, length, 1]``.

    Returns:
        float32 ``[copies * n, rows, bands]``, copy after copy.
    """
    if not copies:
        return np.empty((0, *pipeline.shape), np.float32)
    bare = _without_floor(pipeline)
    played = (audio.at_other_speeds(windows, rng) for _ in range(min(copies, SPEEDS)))
    heard = np.stack([_logarithms(bare, one) for one in (windows, *played)])
    noises = _logarithms(bare, audio.noises(NOISES, windows.shape[1], rng))
    made = np.empty((copies, len(windows), *pipeline.shape), np.float32)
    for copy in made:
        version = rng.integers(len(heard), size=len(windows))
        spectra = heard[version, np.arange(len(windows))].astype(np.float32)
        copy[:] = audio.mask(_seen(pipeline, _changed(spectra, noises, rng)), rng)
    return made.reshape(-1, *pipeline.shape)


def _without_floor(pipeline: Pipeline) -> Pipeline:
    """Noise may be far below the floor and still add to what is just above it."""
    given = pipeline.as_dict()
    blocks = [{**one, "floor": 0.0} if "floor" in one else one for one in given["blocks"]]
    return Pipeline.from_dict({**given, "blocks": blocks}, pipeline.where)


def _logarithms(pipeline: Pipeline, windows: np.ndarray) -> np.ndarray:
    """log2 of energies; float16 has steps of 1/64 at the loudest, a tenth of the int8 input's."""
    return (pipeline.values(windows) / np.float32(_FRACTION)).astype(np.float16)


def _seen(pipeline: Pipeline, spectra: np.ndarray) -> np.ndarray:
    """What the int8 input holds of the logarithms, behind the floor."""
    (block,) = (one for one in pipeline.blocks if isinstance(one, LogMel))
    values = np.maximum(spectra, block.floor) * _FRACTION
    real = (values - np.asarray(pipeline.offset)) * np.asarray(pipeline.gain)
    return (np.clip(np.rint(real / SCALE), -128, 127) * SCALE).astype(np.float32)


def _changed(spectra: np.ndarray, noises: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One copy of each of log2 spectra ``[n, rows, bands]``."""
    count, _, bands = spectra.shape
    spectra = _moved(spectra, rng)
    sound = _sounding(spectra)
    spectra += np.where(sound[:, :, None], _curves(count, bands, rng), 0)
    own = _at(noises, _level(spectra) - _log2(rng.uniform(*OWN_SNR_DB, count)), rng)
    tilt = _log2(rng.uniform(-OWN_TILT_DB, OWN_TILT_DB, count))
    own += (tilt[:, None] * np.linspace(-1, 1, bands))[:, None]
    hisses = sound & (rng.random((count, 1)) < OWN_SHARE)
    spectra = np.logaddexp2(spectra, np.where(hisses[:, :, None], own, _NEVER))
    around = _at(noises, _level(spectra) - _log2(rng.uniform(*SNR_DB, count)), rng)
    spectra = np.logaddexp2(spectra, around)
    return np.asarray(spectra + _log2(rng.uniform(-LEVEL_DB, LEVEL_DB, (count, 1, 1))))


def _moved(spectra: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each moved in time by no more than the silence before and behind its sound; what reaches an
    end of the window stays there, see :mod:`midge.train.audio`."""
    rows = spectra.shape[1]
    sound = _sounding(spectra)
    first = np.where(sound.any(axis=1), sound.argmax(axis=1), 0)
    last = np.where(sound.any(axis=1), rows - 1 - sound[:, ::-1].argmax(axis=1), rows - 1)
    by = rng.integers(-first, rows - last)
    by[(first == 0) | (last == rows - 1)] = 0
    at = np.arange(rows) - by[:, None]
    there = (at >= 0) & (at < rows)
    moved = np.take_along_axis(spectra, np.clip(at, 0, rows - 1)[:, :, None], axis=1)
    return np.where(there[:, :, None], moved, np.float32(0))


def _sounding(spectra: np.ndarray) -> np.ndarray:
    """Rows with more than the silence around a word, bool ``[n, rows]``."""
    return np.asarray(spectra.max(axis=2) > _NOTHING)


def _curves(count: int, bands: int, rng: np.random.Generator) -> np.ndarray:
    """What microphones and rooms add: straight lines between random points, [count, 1, bands]."""
    points = _log2(rng.uniform(-TILT_DB, TILT_DB, (count, POINTS)))
    at = np.linspace(0, POINTS - 1, bands)
    low = np.minimum(at.astype(int), POINTS - 2)
    curves = points[:, low] + (points[:, low + 1] - points[:, low]) * (at - low)
    return curves[:, None].astype(np.float32)


def _at(noises: np.ndarray, levels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noise of some kind for each level, a log2 of mean energy."""
    drawn = noises[rng.integers(len(noises), size=len(levels))].astype(np.float32)
    return np.asarray(drawn + (levels - _level(drawn))[:, None, None].astype(np.float32))


def _level(spectra: np.ndarray) -> np.ndarray:
    """log2 of the mean energy of each."""
    return np.asarray(np.log2(np.exp2(spectra).mean(axis=(1, 2)) + 1))


def _log2(db: Any) -> np.ndarray:
    return np.asarray(db / _LOG2_DB)
