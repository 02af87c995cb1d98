"""Changed copies of log-mel spectra."""

import numpy as np
import pytest

from midge.features import Pipeline
from midge.train import audio, spectra

RATE, LENGTH, FLOOR = 8000, 2048, 10.0


def pipeline(**more):
    block = {"block": "logmel", "bands": 12, "low_hz": 100, "high_hz": 3800, "floor": FLOOR}
    blocks = [{"block": "highpass", "hz": 80}, {**block, **more}]
    given = {"length": LENGTH, "frame": 256, "step": 128, "scaling": "block"}
    return Pipeline(blocks, rate_hz=RATE, channels=["sound"], **given)


def words(count=12):
    """A tone of 900 Hz in the middle of silence."""
    made = np.zeros((count, LENGTH, 1), np.int16)
    time = np.arange(600) / RATE
    made[:, 700:1300, 0] = 3000 * np.sin(2 * np.pi * 900 * time) * np.hanning(600)
    return made


def test_copies_are_of_the_same_word():
    heard = words()
    fitted = pipeline().fit(heard)
    made = spectra.augment(fitted, heard, 20, np.random.default_rng(1))
    assert made.shape == (240, *fitted.shape)
    assert made.dtype == np.float32
    assert len({one.tobytes() for one in made}) == len(made)
    again = spectra.augment(fitted, heard, 20, np.random.default_rng(1))
    assert (made == again).all()
    steps = made * 32  # of the int8 input
    assert (steps == np.rint(steps)).all()
    assert steps.min() >= -128
    assert steps.max() <= 127
    tone = fitted.real(heard)[0].max(axis=0).argmax()
    loudest = made.max(axis=1).argmax(axis=1)
    assert (np.abs(loudest - tone) <= 2).mean() > 0.8  # some are masked, or in loud noise
    assert spectra.augment(fitted, heard, 0, np.random.default_rng(1)).shape[0] == 0


def test_nothing_changed_is_what_the_board_sees():
    heard = words(2)
    fitted = pipeline().fit(heard)
    bare = spectra._without_floor(fitted)
    same = spectra._seen(fitted, spectra._logarithms(bare, heard).astype(np.float32))
    # float16's steps of 1/64, and the board's own rounding: one step of the int8 input at most
    assert np.abs(same - fitted.real(heard)).max() <= 1 / 32


def rows_with_sound(first, last, rows=16):
    """One spectrum, loud from row ``first`` to ``last``."""
    made = np.zeros((1, rows, 4), np.float32)
    made[0, first : last + 1] = np.arange(20, 21 + last - first)[:, None]
    return made


def test_words_move_in_their_silence_and_halves_stay_at_their_end():
    rng = np.random.default_rng(2)
    starts = set()
    for _ in range(200):
        (moved,) = spectra._moved(rows_with_sound(5, 9), rng)
        (sounding,) = np.nonzero(moved[:, 0])
        starts.add(int(sounding[0]))
        assert moved[sounding, 0].tolist() == [20, 21, 22, 23, 24]
    assert starts == set(range(12))
    for half in (rows_with_sound(0, 6), rows_with_sound(9, 15), rows_with_sound(0, 15)):
        assert (spectra._moved(half, rng) == half).all()
    silence = np.zeros((1, 16, 4), np.float32)
    assert (spectra._moved(silence, rng) == 0).all()


def test_own_noise_lasts_as_long_as_the_recording(monkeypatch):
    monkeypatch.setattr(spectra, "SNR_DB", (300.0, 300.0))  # none around
    monkeypatch.setattr(spectra, "OWN_SHARE", 1.0)
    monkeypatch.setattr(spectra, "OWN_SNR_DB", (0.0, 0.0))
    rng = np.random.default_rng(3)
    noises = rng.uniform(9, 11, (20, 16, 4)).astype(np.float16)
    word = rows_with_sound(5, 9)
    word[0, 5:10, 2] = 2.0  # a band with nearly nothing in it
    made = spectra._changed(np.repeat(word, 50, axis=0), noises, rng)
    sounding = made.max(axis=2) > made.min(axis=(1, 2))[:, None] + 8
    assert (sounding.sum(axis=1) == 5).all()
    weakest = made[:, :, 2][sounding] - np.repeat(made.max(axis=(1, 2)), 5)
    assert np.median(weakest) > -10  # the noise is heard there


def test_which_features_are_spectra():
    assert spectra.suits(pipeline())
    assert not spectra.suits(None)
    both = [{"block": "logmel", "bands": 12}, {"block": "statistics", "names": ["std"]}]
    given = {"length": LENGTH, "frame": 256, "step": 128}
    assert not spectra.suits(Pipeline(both, rate_hz=RATE, channels=["sound"], **given))
    mfcc = [{"block": "mfcc", "coefficients": 8, "bands": 12}]
    assert not spectra.suits(Pipeline(mfcc, rate_hz=RATE, channels=["sound"], **given))
    two = Pipeline([{"block": "logmel", "bands": 12}], rate_hz=RATE, channels=["a", "b"], **given)
    assert not spectra.suits(two)


@pytest.mark.parametrize("end", ["start", "end"])
def test_half_a_word_stays_at_its_end_at_other_speeds(end):
    heard = np.zeros((30, LENGTH, 1), np.int16)
    at = slice(0, 500) if end == "start" else slice(LENGTH - 500, LENGTH)
    heard[:, at, 0] = 2000 * np.sin(np.arange(500) + 1)
    made = audio.at_other_speeds(heard, np.random.default_rng(4))[:, :, 0] != 0
    lengths = made.sum(axis=1)
    assert lengths.min() < 450 < 550 < lengths.max()
    assert made[:, 0 if end == "start" else -1].all() or made[:, 1 if end == "start" else -2].all()


def test_noise_fills_the_window_at_any_speed():
    noise = audio.noises(20, LENGTH, np.random.default_rng(5))
    assert noise.shape == (20, LENGTH, 1)
    made = audio.at_other_speeds(noise, np.random.default_rng(6))
    assert (made != noise).any(axis=1).all()
    assert (np.abs(made[:, -50:]).max(axis=1) > 0).all()
