"""The keyword example, small: trained, built, and listening on the emulated Pico."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.firmware]

RATE = 8000
SECONDS = 3
SMALL = {"epochs": 8, "copies": 4, "batch_size": 16}  # of [model]


def spoken(root, folder):
    """Three digits of the spoken ones, 20 takes of two speakers, as NPZ; words to play.

    Both speakers are in training: one alone says nothing about another. What unseen speakers give
    is measured by ``scripts/keyword_figures.py``.
    """
    source = root.parent / "shared" / "data" / "fsdd_4speakers.npz"
    if not source.is_file():
        pytest.skip(f"no {source}: the spoken digits are not part of this repository")
    data = dict(np.load(source))
    ends = np.cumsum(data["length"])
    names = [name for name, values in data.items() if values.shape == data["length"].shape]
    chosen = np.flatnonzero(
        (data["digit"] < 3) & (data["take"] < 20) & np.isin(data["speaker"], ("theo", "jackson"))
    )
    parts = [data["audio"][ends[i] - data["length"][i] : ends[i]] for i in chosen]
    np.savez(
        folder / "words.npz", audio=np.concatenate(parts), sample_rate=RATE,
        **{name: data[name][chosen] for name in names},
    )  # fmt: skip
    settings = {"label": "digit", "group": "", "test_groups": []}
    return "words.npz", ["0", "1", "2", "other"], settings, parts[:2]


def recorded(_root, folder):
    """Chirps up and down and a tone, as WAV files in folders, as a user would have them."""
    from scipy.io import wavfile

    rng = np.random.default_rng(0)
    played = []
    for name, (low, high) in {
        "up": (400, 2500),
        "down": (2500, 400),
        "tone": (1000, 1000),
    }.items():
        (folder / "recordings" / name).mkdir(parents=True)
        for take in range(12):
            t = np.arange(rng.integers(2400, 4800)) / RATE
            scale = rng.uniform(0.9, 1.1)
            phase = 2 * np.pi * scale * (low * t + (high - low) * t**2 / (2 * t[-1]))
            sound = np.sin(phase) * rng.uniform(1500, 6000) + rng.standard_normal(len(t)) * 30
            counts = np.rint(sound).astype(np.int16)
            wavfile.write(folder / "recordings" / name / f"{take}.wav", RATE, counts)
        played.append(counts)
    settings = {"label": "label", "group": "", "test_groups": []}
    return "recordings", ["up", "down", "tone", "other"], settings, played[:2]


@pytest.mark.parametrize("make", [recorded, spoken])
def test_listens_on_the_emulated_pico(make, root, tmp_path):
    pytest.importorskip("tensorflow", reason="training needs the extra: pip install .[train]")
    import midge
    from midge.agreement import compare
    from midge.boards import load_board
    from midge.compile import compile_model
    from midge.emulator.sensors import Sound
    from midge.firmware.build import build
    from midge.links import open_link
    from midge.project import load_project
    from midge.run import run_script
    from midge.train import train

    source, labels, settings, words = make(root, tmp_path)
    text = (root / "examples/keyword/midge.toml").read_text("utf-8")
    changes = {"source": source, "labels": labels, **SMALL, **settings}
    for key, value in changes.items():
        text, found = re.subn(rf"^{key} = .*$", f"{key} = {json.dumps(value)}", text, flags=re.M)
        assert found == 1, key
    (tmp_path / "midge.toml").write_text(text, "utf-8")
    project = load_project(tmp_path)
    model_file = train(project)
    accuracy = json.loads(model_file.with_suffix(".json").read_text())["extra"]["accuracy"]
    assert accuracy["int8"] >= 0.6  # of three words: a third by chance

    played = np.zeros(SECONDS * RATE, np.int16)
    for number, word in enumerate(words):
        at = RATE // 2 + number * 9000
        played[at : at + len(word)] = word[: len(played) - at]
    uf2 = build([compile_model(model_file)], load_board("RPI_PICO"), tmp_path / "built").uf2
    script = tmp_path / "main.py"
    shutil.copy(root / "examples/keyword/main.py", script)
    changed, found = re.subn(
        r"^SECONDS = \d+", f"SECONDS = {SECONDS}", script.read_text(), count=1, flags=re.M
    )
    assert found == 1
    script.write_text(changed)
    with open_link("emulator", uf2, sensors=[Sound(played, RATE)]) as link:
        result = run_script(script, link, 600.0)

    end = result.of_kind("end")[0]
    assert end["overruns"] == 0
    model = midge.load(str(model_file))
    stream = model.stream(rate_hz=RATE, channels=1)
    heard = np.zeros(end["count"], np.int16)  # silence after the recording
    heard[: len(played)] = played
    expected, at = [], 0
    while at < len(heard):
        at += stream.push_from(heard, at)
        if stream.ready():
            scores = np.array(model.predict(stream)).reshape(-1)
            expected.append((at * 1000 // RATE, scores.tolist()))
    windows = result.of_kind("window")
    # Every window that the board heard, bit for bit.
    assert len(windows) == len(expected) >= 6
    assert [(w["heard_ms"], w["scores"]) for w in windows] == expected
    agreement = compare(windows, played[:, np.newaxis], model, 0, silence=True)
    assert agreement.complete, str(agreement)  # as `midge run` says it, features too
    assert len(result.of_kind("alert")) == end["words"]
