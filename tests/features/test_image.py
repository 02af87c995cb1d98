"""[features] kind = "image": a camera's picture, cropped, resized, normalized."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from midge.dsp import image
from midge.errors import FeatureError
from midge.features import Pipeline
from midge.features.pipeline import SCALE
from midge.project import load_project
from midge.train.data import Dataset, Windows
from midge.train.inputs import Inputs

TOML = """
[project]
name = "x"
[sensor]
kind = "camera"
channels = ["pixels"]
[window]
length = {length}
[features]
kind = "image"
width = 24
height = 20
"""


def project(folder: Path, length: int, more: str = "") -> Pipeline:
    (folder / "midge.toml").write_text(TOML.format(length=length) + more, "utf-8")
    found = Pipeline.of_project(load_project(folder))
    assert found is not None
    return found


def words(n: int, length: int = 480) -> np.ndarray:
    rng = np.random.default_rng(2)
    return rng.integers(-32768, 32768, (n, length, 1)).astype(np.int16)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("form", image.FORMATS)
def test_is_the_reference_normalized(tmp_path: Path, form: str, channels: int) -> None:
    gray = form == "gray"
    more = f'format = "{form}"\nout_height = 9\nout_width = 7\nchannels = {channels}\n'
    more += "crop = [2, 3, 16, 18]\n"
    if gray and channels == 3:
        with pytest.raises(FeatureError, match="3 channels from gray"):
            project(tmp_path, 240, more)
        return
    given = words(6, 240 if gray else 480)
    pipeline = project(tmp_path, given.shape[1], more).fit(given)
    assert pipeline.shape == (9, 7 * channels) and len(pipeline.offset or ()) == channels
    pixels = []
    for one in given:
        if gray:
            pixels.append(one.view(np.uint8).reshape(20, 24, 1))
        else:
            word = one.reshape(20, 24).view(np.uint16)
            rgb = image.colours(word.byteswap() if form == "rgb565_big" else word)
            pixels.append(image.gray(rgb) if channels == 1 else rgb)
    wanted = np.stack([image.reference(p, image.Crop(2, 3, 16, 18), (9, 7)) for p in pixels])
    values = pipeline.values(given).reshape(wanted.shape)
    assert np.abs(values - wanted).max() <= 2.6  # as tests/dsp/test_accuracy.py
    mean, std = wanted.mean((0, 1, 2)), wanted.std((0, 1, 2))
    real = pipeline.real(given).reshape(wanted.shape)
    error = np.abs(real - np.clip((wanted - mean) / std, -4, 127 * SCALE))
    # half a step of the input, and what the pixels differ by
    assert error.max() <= SCALE / 2 + 2.8 / std.min()
    assert pipeline.from_dict(pipeline.as_dict(), "x").as_dict() == pipeline.as_dict()


@pytest.mark.parametrize(
    ("length", "more", "says"),
    [
        (479, "", "20 lines of 24 in rgb565 is 960 bytes, found 958"),
        (240, "", "960 bytes, found 480"),
        (480, 'format = "yuv"\n', "no format is called 'yuv'"),
        (480, "crop = [1, 2, 3]\n", "crop has 3 numbers, needed 4"),
        (480, "crop = [0, 0, 20, 25]\n", "a crop from 0 to 25 of a picture of 24 pixels"),
        (480, "channels = 2\n", "2 channels from rgb565"),
        (480, "out_width = 0\n", "the output's size is 0"),
        (480, 'bilinear = "no"\n', "needs true or false, found 'no'"),
        (480, 'blocks = [{block = "clamp", low = 0, high = 9}]\n', "2 blocks and 1 channels"),
        (480, 'blocks = [{block = "statistics"}]\n', "statistics and image: .* by themselves"),
    ],
)
def test_refused(tmp_path: Path, length: int, more: str, says: str) -> None:
    with pytest.raises(FeatureError, match=says):
        project(tmp_path, length, more)


def test_changed_copies_stay_pictures(tmp_path: Path) -> None:
    given = words(8)
    split = Windows(given, np.arange(8) % 2)
    data = Dataset("x", ["a", "b"], ["pixels"], 1.0, split, split)
    inputs: Any = Inputs(data, project(tmp_path, 480))
    rng = np.random.default_rng(1)
    made = inputs.more(np.arange(8), 2, rng)
    assert made.shape == (16, 48, 48) and made.dtype == np.float32
    real = np.tile(inputs.real(given), (2, 1, 1))
    same = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(made, real, strict=True)]
    assert len({round(x, 3) for x in same}) > 8  # moved by other amounts
    assert inputs.describe()["features"][0]["blocks"][0]["block"] == "image"
