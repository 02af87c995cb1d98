"""Recordings in every format: what is read, what is found wrong, how groups are split."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from midge.cli import main
from midge.recordings import DataError, Layout, check, read_file, read_folder, split, store
from midge.train import recordings as train_recordings

LAYOUT = Layout(("x", "y"), rate_hz=100.0)
MONO = Layout(("audio",), rate_hz=8000.0)


def wave(n: int = 400, channels: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-3000, 3000, (n, channels)).astype(np.int16)


def csv(path: Path, counts: np.ndarray, header: str = "x,y", extra: object = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        ",".join([*(str(v) for v in row), *([] if extra is None else [str(extra(i))])])  # type: ignore[operator]
        for i, row in enumerate(counts)
    ]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def parquet(path: Path, **columns: object) -> Path:
    pyarrow = pytest.importorskip("pyarrow", reason="pip install midge[parquet]")
    from pyarrow import parquet as pq

    pq.write_table(pyarrow.table(columns), path)
    return path


# -- the same samples in every format ----------------------------------------------------------


def test_all_formats_give_the_same_recording(tmp_path: Path) -> None:
    counts = wave()
    (tmp_path / "idle").mkdir()
    csv(tmp_path / "idle" / "a.csv", counts)
    wavfile.write(tmp_path / "idle" / "b.wav", 100, counts)
    np.savez(tmp_path / "idle" / "c.npz", samples=counts, rate_hz=100)
    parquet(tmp_path / "idle" / "d.parquet", x=counts[:, 0], y=counts[:, 1])
    found = read_folder(tmp_path, LAYOUT)
    assert [r.path.suffix for r in found] == [".csv", ".wav", ".npz", ".parquet"]
    for recording in found:
        assert recording.counts.dtype == np.int16
        assert (recording.counts == counts).all()
        assert recording.labels == ["idle"]


def test_many_recordings_in_one_npz(tmp_path: Path) -> None:
    counts = wave(60, 1)
    np.savez(
        tmp_path / "f.npz", audio=counts[:, 0], length=[10, 20, 30], digit=[3, 1, 3],
        speaker=["ann", "bob", "ann"], sample_rate=8000,
    )  # fmt: skip
    found = read_file(tmp_path / "f.npz", Layout(("audio",), label="digit"))
    assert [len(r.counts) for r in found] == [10, 20, 30]
    assert [r.labels for r in found] == [["3"], ["1"], ["3"]]
    assert [r.context for r in found] == [{"speaker": s} for s in ("ann", "bob", "ann")]
    assert (np.concatenate([r.counts for r in found]) == counts).all()
    assert {r.rate_hz for r in found} == {8000.0}


def test_several_recordings_in_one_table(tmp_path: Path) -> None:
    names = ["one"] * 5 + ["two"] * 7
    path = parquet(
        tmp_path / "f.parquet", x=range(12), y=range(12), recording=names, label=["a"] * 12
    )
    assert [len(r.counts) for r in read_file(path, LAYOUT)] == [5, 7]
    mixed = parquet(
        tmp_path / "g.parquet", x=[1, 2, 3], y=[1, 2, 3], recording=["one", "two", "one"],
        label=["a"] * 3,
    )  # fmt: skip
    with pytest.raises(DataError, match="recording one is interrupted"):
        read_file(mixed, LAYOUT)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([0, 128, 255], np.uint8), [-32768, 0, 32512]),
        (np.array([-(2**31), 0, 2**31 - 1], np.int32), [-32768, 0, 32767]),
        (np.array([-1.0, 0.5, 1.5], np.float32), [-32768, 16384, 32767]),
    ],
)
def test_wav_of_other_widths(samples: np.ndarray, expected: list[int], tmp_path: Path) -> None:
    wavfile.write(tmp_path / "a.wav", 8000, samples)
    (found,) = read_file(tmp_path / "a.wav", MONO, "yes")
    assert found.counts.reshape(-1).tolist() == expected
    assert found.rate_hz == 8000


# -- time and context --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "of"),
    [
        ("timestamp", lambda i: 5 + i / 100),
        ("timestamp_ms", lambda i: 5000 + 10 * i),
        ("timestamp_us", lambda i: 5_000_000 + 10_000 * i),
        ("timestamp", lambda i: f"1970-01-01T00:00:{5 + i / 100:09.6f}+00:00"),
    ],
)
def test_timestamps_give_rate_start_and_gaps(column: str, of: object, tmp_path: Path) -> None:
    path = csv(
        tmp_path / "a" / "1.csv", wave(90), f"x,y,{column}", lambda i: of(i + 10 * (i >= 40))
    )
    (found,) = read_file(path, LAYOUT, "a")
    assert found.rate_hz == pytest.approx(100, rel=1e-6)  # the times are floats
    assert found.start_s == pytest.approx(5, abs=1e-6)
    assert found.gaps == [40]
    assert [(s.start, s.end) for s in found.spans] == [(0, 40), (40, 90)]


@pytest.mark.parametrize("second", ["5", "4", "nan", "soon"])
def test_times_that_do_not_rise(second: str, tmp_path: Path) -> None:
    path = tmp_path / "1.csv"
    path.write_text(f"x,y,timestamp\n1,2,5\n1,2,{second}\n")
    with pytest.raises(DataError, match=r"1\.csv:3: column timestamp needs rising times"):
        read_file(path, LAYOUT, "a")


def test_context_from_columns_and_names(tmp_path: Path) -> None:
    layout = Layout(("x", "y"), pattern="{label}_{person}_{take}")
    path = csv(tmp_path / "walk_ann_3.csv", wave(4), "x,y,device", lambda i: "pico7")
    (found,) = read_file(path, layout)
    assert found.labels == ["walk"]
    assert found.context == {"person": "ann", "take": "3", "device": "pico7"}
    with pytest.raises(DataError, match=r"does not fit the pattern \{label\}_\{person\}"):
        read_file(csv(tmp_path / "walk.csv", wave(4)), layout)


# -- groups ------------------------------------------------------------------------------------


def people(folder: Path, names: str = "abcd") -> Path:
    for number, person in enumerate(names):
        for label in ("rest", "walk"):
            counts = wave(40, seed=100 * number + (label == "walk"))
            csv(folder / label / f"{person}.csv", counts, "x,y,person", lambda i, p=person: p)
    return folder


def load(folder: Path, **changes: object) -> train_recordings.Dataset:
    settings = {"length": 10, "hop": 5, "group": "person"} | changes
    return train_recordings.load(folder, LAYOUT, **settings)


def test_no_person_on_both_sides(tmp_path: Path) -> None:
    data = load(people(tmp_path))
    train, test = set(data.train.groups), set(data.test.groups)
    assert len(test) == 1 and len(train) == 3 and not train & test
    assert set(load(tmp_path, test_groups=["b", "c"]).test.groups) == {"b", "c"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"group": "machine"}, "does not say its machine; it says person"),
        ({"test_groups": ["e"]}, r"no person e; there are a, b, c, d"),
        ({"test_groups": ["a", "b", "c", "d"]}, "none is left to train on"),
    ],
)
def test_groups_that_are_not_there(changes: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        load(people(tmp_path), **changes)


def test_one_person_only(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="needs at least 2 values of person .* found a"):
        load(people(tmp_path, "a"))


def test_a_person_in_both_folders(tmp_path: Path) -> None:
    for side in ("train", "test"):
        people(tmp_path / side, "ab" if side == "train" else "bc")
    with pytest.raises(DataError, match=r"person b is in train/ and in test/"):
        load(tmp_path)


def test_the_same_recording_on_both_sides(tmp_path: Path) -> None:
    people(tmp_path)
    (tmp_path / "rest" / "a.csv").write_text(
        (tmp_path / "rest" / "b.csv").read_text().replace(",b", ",a")
    )
    with pytest.raises(DataError, match="the same samples as"):
        load(tmp_path, test_groups=["b"])


def test_the_draw_keeps_every_class_on_both_sides(tmp_path: Path) -> None:
    people(tmp_path, "abcdefgh")
    for person in "abcdef":  # only g and h walk
        (tmp_path / "walk" / f"{person}.csv").unlink()
    for seed in range(5):
        parts = split.by_group(read_folder(tmp_path, LAYOUT), "person", [], "x", seed)
        for side in (parts.train, parts.test):
            assert {label for r in side for label in r.labels} == {"rest", "walk"}


# -- what is found wrong -----------------------------------------------------------------------


def test_findings(tmp_path: Path) -> None:
    still = wave(2000)
    still[:, 1] = 7
    clipped = wave(2000, seed=1)
    clipped[100:140, 0] = 3500  # a sensor at its stop, well inside int16
    csv(tmp_path / "a" / "still.csv", still)
    csv(tmp_path / "a" / "clip.csv", clipped)
    csv(tmp_path / "b" / "again.csv", clipped[:50])
    csv(tmp_path / "b" / "twice.csv", clipped[:50])
    found = check.examine(read_folder(tmp_path, LAYOUT), LAYOUT)
    texts = [str(finding) for finding in found]
    assert found[0].serious and "b/twice.csv: the same samples as b/again.csv" in texts[0]
    assert any("still.csv: channel y never leaves 7" in text for text in texts)
    assert any("clip.csv: channel x: 2.0% of the samples" in text for text in texts)
    assert any("40 times as much of a as of b" in text for text in texts)
    assert len(found) == 4


def test_rates(tmp_path: Path) -> None:
    wavfile.write(tmp_path / "a.wav", 8100, wave(100, 1))
    (near,) = read_file(tmp_path / "a.wav", MONO, "yes")
    check.rates([near], MONO, "midge.toml")
    wavfile.write(tmp_path / "b.wav", 16000, wave(100, 1))
    (other,) = read_file(tmp_path / "b.wav", MONO, "yes")
    with pytest.raises(DataError, match=r"recorded at 16000 Hz, .* samples at 8000 Hz"):
        check.rates([other], MONO, "midge.toml")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.wav", b"RIFFxxxx", "not a WAV file"),
        ("a.wav", b"", "not a WAV file"),
        ("a.npz", b"PK\x03\x04", "not an NPZ file"),
        ("a.parquet", b"PAR1", "not a Parquet file"),
        ("a.csv", b"x,y\n", "no samples"),
        ("a.mp3", b"", r"files like '\.mp3' are not read"),
    ],
)
def test_broken_files(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_file(tmp_path / name, LAYOUT, "a")


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"data": [1]}, "needs an array samples"),
        ({"samples": [[1, 2, 3]]}, "has 3 channels, the project 2"),
        ({"samples": [[1.5, 2]]}, "no sensor counts"),
        ({"samples": [[40000, 2]]}, "no sensor counts"),
        ({"samples": [[np.nan, 2]]}, "no sensor counts"),
        ({"samples": [[1, 2]] * 5, "length": [2, 2]}, "sums up to 4 samples in 2 .* there are 5"),
        ({"samples": [[1, 2]], "word": "yes"}, "no array 'label' .* word"),
    ],
)
def test_npz_that_does_not_fit(arrays: dict[str, object], said: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **{k: np.array(v) for k, v in arrays.items()})
    with pytest.raises(DataError, match=said):
        read_file(tmp_path / "a.npz", LAYOUT)


def test_a_nan_in_float_audio(tmp_path: Path) -> None:
    wavfile.write(tmp_path / "a.wav", 8000, np.array([0, np.nan], np.float32))
    with pytest.raises(DataError, match=r"sample 1 is \[nan\]"):
        read_file(tmp_path / "a.wav", MONO, "yes")


# -- storing and the command -------------------------------------------------------------------


def test_resampling_keeps_a_tone_and_its_spans(tmp_path: Path) -> None:
    t = np.arange(16000) / 16000
    tone = np.rint(10000 * np.sin(2 * np.pi * 440 * t)).astype(np.int16)
    wavfile.write(tmp_path / "a.wav", 16000, tone)
    (found,) = read_file(tmp_path / "a.wav", MONO, "yes")
    slow = store.resample(found, 8000)
    assert (slow.rate_hz, len(slow.counts)) == (8000, 8000)
    assert [(s.start, s.end) for s in slow.spans] == [(0, 8000)]
    expected = 10000 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    inner = slice(100, -100)  # the filter sees zeros beyond both ends
    # 1% of the amplitude: the ripple of scipy's default filter
    assert np.abs(slow.counts[inner, 0] - expected[inner]).max() < 100


PROJECT = """[project]
name = "steps"
[data]
source = "recordings"
group = "person"
[sensor]
channels = ["x", "y"]
rate_hz = 100
[window]
length = 10
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    people(tmp_path / "recordings")
    (tmp_path / "midge.toml").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_tells_what_there_is(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["recordings"] == 8 and report["findings"] == []
    assert report["classes"]["walk"] == {
        "recordings": 4, "samples": 160, "windows": 16, "seconds": 1.6, "groups": list("abcd"),
    }  # fmt: skip
    assert main(["data"]) == 0
    assert "walk" in capsys.readouterr().out


def test_the_command_stores_what_it_can_read_again(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    csv(project / "new.csv", wave(200, seed=9), "x,y,timestamp_ms,person", lambda i: f"{20 * i},z")
    store_it = ["data", "--into", "recordings", "--label", "walk", "new.csv"]
    assert main(store_it) != 0  # it is at 50 Hz
    assert not (project / "recordings" / "new.npz").exists()
    assert main([*store_it, "--rate", "100"]) == 0
    (found,) = read_file(project / "recordings" / "new.npz", LAYOUT)
    assert (found.labels, found.context["person"], found.rate_hz) == (["walk"], "z", 100)
    assert len(found.counts) == 400
    capsys.readouterr()
    assert main([*store_it, "--rate", "100"]) != 0
    assert "would be overwritten" in capsys.readouterr().err


def test_the_command_fails_for_duplicates(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (project / "recordings" / "walk" / "a.csv").read_text()
    (project / "recordings" / "walk" / "copy.csv").write_text(text)
    assert main(["data"]) != 0
    assert "walk/copy.csv: the same samples as walk/a.csv" in capsys.readouterr().err
