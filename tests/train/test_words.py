"""Words for a microphone: a window each, changed copies, background, and the recipe."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from midge.errors import MidgeError
from midge.recordings import word
from midge.train import audio, background
from midge.train.data import Dataset, Windows, load_dataset

RATE, LENGTH = 8000, 800


def tone(hz, n, level=4000):
    return np.rint(level * np.sin(2 * np.pi * hz / RATE * np.arange(n))).astype(np.int16)


def test_short_word_lies_in_silence_without_a_step():
    counts = (tone(440, 300) - 200)[:, None]
    out = word.window(counts, LENGTH)
    assert out.shape == (LENGTH, 1)
    assert out.dtype == np.int16
    assert (out[250:550] == counts).all()
    edges = np.concatenate([out[:250], out[550:]])
    assert (edges == round(float(counts.mean()))).all()


def test_long_word_is_cut_where_it_is_loud():
    counts = np.zeros((5000, 1), np.int16)
    counts[3000:3400, 0] = tone(440, 400)
    out = word.window(counts, LENGTH)
    assert out.shape == (LENGTH, 1)
    assert np.abs(out).astype(int).sum() == np.abs(counts).astype(int).sum()


@pytest.fixture
def project(tmp_path):
    """A project with an NPZ of tones as words: two speakers, three words, five takes."""
    rng = np.random.default_rng(0)
    words, lengths, names, speakers = [], [], [], []
    for who in ("ann", "bob"):
        for name, hz in (("low", 300), ("mid", 900), ("high", 2000)):
            for _ in range(5):
                n = int(rng.integers(300, 700))
                words.append(tone(hz + rng.integers(20), n))
                lengths.append(n)
                names.append(name)
                speakers.append(who)
    np.savez(
        tmp_path / "words.npz", audio=np.concatenate(words), length=lengths, sample_rate=RATE,
        word=names, speaker=speakers,
    )  # fmt: skip

    def make(labels, others=""):
        (tmp_path / "midge.toml").write_text(
            f"""
            [project]
            name = "words"
            [data]
            source = "words.npz"
            label = "word"
            labels = {labels}
            others = "{others}"
            group = "speaker"
            test_groups = ["bob"]
            [sensor]
            kind = "microphone"
            rate_hz = {RATE}
            channels = ["sound"]
            [window]
            length = {LENGTH}
            cut = "word"
            """,
            "utf-8",
        )
        from midge.project import load_project

        return load_project(tmp_path)

    return make


def test_one_window_a_word(project):
    data = load_dataset(project(["low", "mid", "high"]))
    assert data.train.counts.shape == data.test.counts.shape == (15, LENGTH, 1)
    assert set(data.test.groups) == {"bob"}
    assert data.labels == ["low", "mid", "high"]


def test_others_are_other_words_and_background(project):
    data = load_dataset(project(["low", "mid", "other"], others="other"))
    assert data.labels == ["low", "mid", "other"]
    # 5 of "high"; and background, twice as many windows as the 15 words have a class
    assert np.bincount(data.train.classes).tolist() == [5, 5, 15]
    assert np.bincount(data.test.classes).tolist() == [5, 5, 5]
    alone = load_dataset(project(["low", "mid", "high", "other"], others="other"))
    assert np.bincount(alone.train.classes).tolist() == [5, 5, 5, 10]
    assert np.bincount(alone.test.classes).tolist() == [5, 5, 5]


def test_class_of_others_must_be_named(project):
    with pytest.raises(MidgeError, match="other"):
        load_dataset(project(["low", "mid", "high"], others="other"))
    with pytest.raises(MidgeError, match="high"):
        load_dataset(project(["low", "mid"]))


def windows(count=6):
    out = np.zeros((count, LENGTH, 1), np.int16)
    out[:, 250:550, 0] = tone(700, 300)
    return out


def test_copies_differ_and_hold_the_word():
    made = audio.augment(windows(), 3, np.random.default_rng(1))
    assert made.shape == (18, LENGTH, 1)
    assert made.dtype == np.int16
    assert len({one.tobytes() for one in made}) == 18
    again = audio.augment(windows(), 3, np.random.default_rng(1))
    assert (made == again).all()
    # A tone stays the loudest frequency, moved by at most the speeds.
    peaks = np.abs(np.fft.rfft(made[:, :, 0].astype(float))).argmax(1) * RATE / LENGTH
    assert (peaks > 700 * np.exp(-audio.SPEED) - 20).all()
    assert (peaks < 700 * np.exp(audio.SPEED) + 20).all()
    assert peaks.std() > 30
    level = made.astype(float).std(axis=(1, 2))
    assert level.max() > 2 * level.min()


def test_copies_of_silence_are_no_words():
    made = audio.augment(np.full((4, LENGTH, 1), -200, np.int16), 1, np.random.default_rng(1))
    assert np.abs(made).max() < 50


def test_loud_copies_are_not_clipped():
    loud = np.where(windows() > 0, 32767, np.where(windows() < 0, -32768, 0)).astype(np.int16)
    made = audio.augment(loud, 4, np.random.default_rng(2)).astype(int)
    peaks = np.abs(made).max(axis=(1, 2))
    assert peaks.max() == 32767  # some reach full scale,
    assert (peaks < 32000).any()
    for one, peak in zip(made, peaks, strict=True):  # none stays there
        assert (np.abs(one) == peak).sum() < 5


def test_background_is_noise_and_halves():
    words = windows()
    made, _ = background.windows(words, 40, np.random.default_rng(3))
    energy = (words[0].astype(float) ** 2).sum()
    halves = (made[1::3].astype(float) ** 2).sum(axis=(1, 2)) / energy
    assert (halves < 0.95).all()
    assert halves.max() > 0.2
    assert (made[2::3] == words[0][::-1]).all()
    levels = made[::3].astype(float).std(axis=(1, 2))
    assert levels.min() < 10
    assert levels.max() > 300
    split = Windows(words, np.arange(6) % 2)
    data = Dataset("x", ["a", "b", "other"], ["sound"], RATE, split, split)
    more = background.add(data, "other")
    assert np.bincount(more.train.classes).tolist() == [3, 3, 6]
    with pytest.raises(MidgeError, match="rest"):
        background.add(dataclasses.replace(data), "rest")


def test_parts_of_words_are_of_who_said_them():
    words = windows(24)
    words[12:] *= 2  # the second person's are told by their level
    split = Windows(words, np.arange(24) % 2, np.repeat(["ann", "bob"], 12))
    data = Dataset("x", ["a", "b", "other"], ["sound"], RATE, split, split)
    made = background.add(data, "other").train
    backwards = slice(24 + 2, None, 3)
    assert len(made.groups) == len(made)
    loud = np.abs(made.counts[backwards]).max(axis=(1, 2)) == np.abs(words[12:]).max()
    assert (made.groups[backwards] == np.where(loud, "bob", "ann")).all()
    assert set(made.groups[backwards]) == {"ann", "bob"}


def test_ds_cnn():
    pytest.importorskip("tensorflow", reason="needs the extra: pip install .[train]")
    from midge.train.recipes import RECIPES

    model = RECIPES["ds_cnn"](61, 40, 10)
    assert model.output_shape == (None, 10)
    assert 20_000 < model.count_params() < 30_000
    with pytest.raises(ValueError, match="61 of 2"):
        RECIPES["ds_cnn"](61, 2, 10)


def test_mean_norm_takes_the_channel_away():
    pytest.importorskip("tensorflow", reason="needs the extra: pip install .[train]")
    from midge.train.recipes import RECIPES

    rng = np.random.default_rng(4)
    spectrum = rng.standard_normal((3, 16, 8)).astype(np.float32)
    microphone = rng.standard_normal((3, 1, 8)).astype(np.float32)
    options = {"filters": 8, "blocks": 1}
    with_norm = RECIPES["ds_cnn"](16, 8, 3, mean_norm=True, **options)
    plain = RECIPES["ds_cnn"](16, 8, 3, **options)
    assert with_norm.count_params() == plain.count_params()
    plain.set_weights(with_norm.get_weights())
    one, two = (with_norm.predict(x, verbose=0) for x in (spectrum, spectrum + microphone))
    assert np.abs(one - two).max() < 1e-5  # float32 sums
    centred = spectrum - spectrum.mean(1, keepdims=True)
    assert np.abs(plain.predict(centred, verbose=0) - one).max() < 1e-5
    other = plain.predict(spectrum + microphone, verbose=0)
    assert np.abs(other - one).max() > 1e-3


def test_masks_hide_rows_and_columns():
    made = audio.mask(np.ones((200, 61, 20)) + np.eye(61, 20), np.random.default_rng(5))
    hidden = made == 1  # beside the diagonal everything is the least value
    kept = np.diagonal(~hidden, axis1=1, axis2=2)  # rows and columns 0...19
    assert 0.75 < kept.mean() < 0.97
    assert (~kept).sum(1).max() <= 8 + 3


def test_smoothed_targets():
    pytest.importorskip("tensorflow", reason="needs the extra: pip install .[train]")
    import keras

    from midge.train.fit import _loss

    found = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], np.float32)
    target = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]])  # 0.3 spread over three
    loss = np.mean(np.array(_loss(keras, 3, 0.3)(np.array([0, 1]), found)))
    assert loss == pytest.approx(-(target * np.log(found)).sum(1).mean(), abs=1e-6)
    assert _loss(keras, 3, 0.0) == "sparse_categorical_crossentropy"
