"""A run on one time axis, as text and as a picture, and the comparison with the PC."""

from __future__ import annotations

import binascii
import struct
from types import SimpleNamespace

import numpy as np
import pytest

from midge.agreement import compare
from midge.errors import MidgeError
from midge.picture import draw
from midge.timeline import summary, timeline
from midge.train.stream import Stream

LENGTH, HOP = 10, 5
START_MS = 700  # of the first reading, after the script's start


def recording() -> Stream:
    rng = np.random.default_rng(1)
    classes = np.repeat([0, 1, 0], 20)
    counts = rng.normal(0, 100 + 900 * classes[:, np.newaxis], (60, 4)).astype(np.int16)
    return Stream(counts, classes, ["rest", "run"], ["a", "b", "c", "d"], rate_hz=10.0)


def report(stream: Stream, labels: str) -> list[dict]:
    """What a board would print that says "rest" or "run" (r, R) for each window in turn."""
    records = []
    for n, letter in enumerate(labels):
        end = n * HOP + LENGTH - 1
        window = stream.counts[end - LENGTH + 1 : end + 1]
        record = {"k": "window", "t": START_MS + 100 * end, "n": n}
        record |= {"label": "run" if letter == "R" else "rest"}
        record |= {"scores": [-128 + 51, 127 - 51] if letter == "R" else [127, -128]}
        record |= {"awake_ms": 300 + 50 * n, "asleep_ms": 1300 + 450 * n}  # 10% between windows
        records.append(record | {"crc": binascii.crc32(window.astype("<i2").tobytes())})
        if letter == "R" and labels[n - 1] != "R":
            records.append({"k": "alert", "t": record["t"] + 3, "label": "run"})
    end = {"k": "end", "t": records[-1]["t"] + 5, "awake_ms": 600, "asleep_ms": 11400}
    return [*records, end]


def line_of(labels: str):
    stream = recording()
    return timeline(report(stream, labels), stream, length=LENGTH, hop=HOP), stream


def test_timeline():
    line, _ = line_of("rrrRRRrrrrr")
    # The last sample of window 0 came 0.9 s after the first sample.
    assert [round(w.end_s, 3) for w in line.windows[:3]] == [0.9, 1.4, 1.9]
    assert [w.truth for w in line.windows] == [
        "rest", "rest", "rest", "", "run", "run", "run", "", "rest", "rest", "rest",
    ]  # fmt: skip
    assert line.truth == [(0.0, 2.0, "rest"), (2.0, 4.0, "run"), (4.0, line.seconds, "rest")]
    assert line.seconds == pytest.approx(6.0)
    assert line.judged() == (8, 9)
    assert [(round(a.at_s, 3), a.label) for a in line.alerts] == [(2.403, "run")]
    assert line.windows[3].scores == [51 / 256, 204 / 256]
    assert line.awake_share == 0.05
    assert [span[2] for span in line.awake] == [300 / 1600] + [0.1] * 10
    assert line.awake[0][:2] == pytest.approx((0.0, 0.9))
    assert line.awake[1][:2] == pytest.approx((0.9, 1.4))


def test_text():
    line, _ = line_of("rrrRRRrrrrr")
    text = summary(line).splitlines()
    assert text[:3] == ["truth   RRR.UUU.RRR", "board   RRRUUURRRRR", "alert      !"]
    assert text[-1] == ("8 of 9 windows of one class right, 1 alert, 6 s, awake 5.0% of the time")


def test_text_of_a_run_without_windows():
    stream = recording()
    line = timeline([{"k": "error", "t": 3, "what": "no sensor"}], stream, length=10, hop=5)
    assert summary(line).splitlines()[-1] == "0 of 0 windows of one class right, 0 alerts, 0 s"


def test_picture_is_a_png_with_the_classes_colours(tmp_path):
    pytest.importorskip("matplotlib", reason="the picture needs the extra: pip install .[train]")
    line, stream = line_of("rrrRRRrrrrr")
    out = draw(line, stream, tmp_path / "new" / "run.png", title="test")
    content = out.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    assert (width, height) == (1440, 792)
    from matplotlib import image

    pixels = (image.imread(out)[..., :3] * 255).round().astype(int)
    # The score bars' colours, each on more than 2% of the picture.
    for colour in ((0x56, 0xB4, 0xE9), (0xD5, 0x5E, 0x00)):
        assert (pixels == colour).all(axis=-1).mean() > 0.02
    assert [p.name for p in out.parent.iterdir()] == ["run.png"]


def test_nothing_to_draw(tmp_path):
    stream = recording()
    with pytest.raises(MidgeError, match="the run reported no window"):
        draw(timeline([], stream, length=10, hop=5), stream, tmp_path / "run.png")
    assert not list(tmp_path.iterdir())


class SumModel:
    """Stands in for a model: two scores made of the window's sum."""

    compiled = SimpleNamespace(features=[])

    def predict(self, window):
        total = int(np.asarray(window, np.int64).sum())
        return np.array([total % 251 - 125, total % 241 - 120], np.int8)


def test_agreement_sees_every_bit():
    stream = recording()
    records = [r for r in report(stream, "rrrRRRrrrrr") if r["k"] == "window"]
    for n, record in enumerate(records):
        window = stream.counts[n * HOP : n * HOP + LENGTH]
        record["scores"] = SumModel().predict(window).tolist()
    result = compare(records, stream.counts, SumModel(), LENGTH)
    assert result.complete
    assert str(result) == "all 11 windows equal the PC's prediction, bit for bit"

    records[4]["scores"][1] ^= 1
    records[7]["crc"] ^= 1
    result = compare(records, stream.counts, SumModel(), LENGTH)
    assert (result.windows, result.found, result.equal) == (11, 10, 9)
    assert not result.complete


def test_no_windows_is_no_agreement():
    assert not compare([], recording().counts, SumModel(), LENGTH).complete
