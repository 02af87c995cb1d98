"""Training on features: what it sees is what the int8 model gets, and what firmware computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

PROJECT = """
[project]
name = "spiky"
[data]
source = "spikes"
[sensor]
rate_hz = 100
channels = ["adc"]
[window]
length = 64
[features]
blocks = [
    {block = "spectrum", bands = 8},
    {block = "statistics", names = ["std", "peak_to_peak", "kurtosis", "crest"]},
]
[model]
recipe = "dense"
epochs = 6
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("tensorflow", reason="needs midge[train]")
    from midge.project import load_project
    from midge.train import train

    folder = tmp_path_factory.mktemp("spiky")
    (folder / "midge.toml").write_text(PROJECT, encoding="utf-8")
    return train(load_project(folder))


def test_a_model_of_features(trained: Path) -> None:
    import midge
    from midge.features.pipeline import SCALE
    from midge.meta import load_meta

    meta = load_meta(trained)
    assert meta.raw is None and meta.features is not None
    accuracy = meta.extra["accuracy"]
    assert accuracy["int8"] > 0.9 and abs(accuracy["int8"] - accuracy["float"]) < 0.02
    model = midge.load(str(trained))
    (port,) = model.info()["inputs"]
    assert port["shape"] == (1, 1, 12)
    assert (port["scale"], port["zero_point"]) == (pytest.approx(SCALE, rel=1e-6), 0)
    assert model.check()


def test_a_stream_gives_what_was_trained_on(trained: Path) -> None:
    import midge
    from midge.train import spikes

    model = midge.load(str(trained))
    counts = spikes.make_windows(6, seed=3).counts
    pipeline = model.compiled.features[0].pipeline
    stream = model.stream(rate_hz=100, channels=1)
    for window in counts:
        assert stream.push_from(window) == 64 and stream.ready()
        want = model.predict(pipeline.quantized(window[None]).reshape(-1))
        assert np.array_equal(model.predict(stream), want)


def test_check_draws_it(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from midge.cli import main

    assert main(["check", "--project", str(trained.parents[1])]) == 0
    said = capsys.readouterr().out
    assert "features of int16 [64, 1] (adc) at 100 Hz" in said
    assert "spectrum (bands 8," in said and "-> 8 values a step" in said
    assert "quantize -> int8 [1, 12]" in said and "B scratch" in said


def test_int16_models_take_no_features(tmp_path: Path) -> None:
    from midge.errors import ModelError
    from midge.project import load_project
    from midge.train import train

    text = PROJECT + 'quantization = "int16x8"\n'
    (tmp_path / "midge.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="features are int8"):
        train(load_project(tmp_path))
