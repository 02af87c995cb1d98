"""A user's CSV recordings: what is read, how it is split, and each mistake's message."""

from __future__ import annotations

import pytest

from midge.recordings import DataError, Layout, read_file
from midge.train import recordings
from midge.train.data import load_dataset

LAYOUT = Layout(("x", "y"), rate_hz=10.0)


def write(path, rows, header="x,y"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def samples(start, count):
    return [f"{start + i},{-i}" for i in range(count)]


def load(folder, **changes):
    settings = {"length": 10, "hop": 5} | changes
    return recordings.load(folder, LAYOUT, **settings)


@pytest.fixture
def folder(tmp_path):
    """Four recordings of 40 samples a class, the class in the folder's name."""
    for kind, base in (("idle", 0), ("drill", 10000)):
        for number in range(4):
            write(tmp_path / kind / f"{number}.csv", samples(base + 1000 * number, 40))
    return tmp_path


def test_splits_by_recording(folder):
    data = load(folder)
    assert data.labels == ["drill", "idle"]
    # 3 of 4 recordings: 7 windows each, 5 apart; the other: 4 windows that do not overlap.
    assert data.train.counts.shape == (2 * 3 * 7, 10, 2)
    assert data.test.counts.shape == (2 * 4, 10, 2)
    recording = [{int(w[0, 0]) // 1000 for w in s.counts} for s in (data.train, data.test)]
    assert not recording[0] & recording[1]
    assert data.train.groups is not None and data.test.groups is not None
    train, test = set(data.train.groups), set(data.test.groups)
    assert train | test == {f"{kind}/{n}.csv" for kind in ("idle", "drill") for n in range(4)}
    assert len(test) == 2 and not train & test
    assert load(folder).fingerprint == data.fingerprint


def test_a_recording_with_gaps_stays_on_one_side(tmp_path):
    """Gaps cut it into pieces, and those are no recordings of their own."""
    for kind in ("idle", "drill"):
        for number in range(4):
            base = 1000 * number + 10000 * (kind == "drill")
            rows = [f"{base + i},0,{i * 100 + 5000 * (i // 30)}" for i in range(120)]
            write(tmp_path / kind / f"{number}.csv", rows, header="x,y,timestamp_ms")
    data = load(tmp_path)
    assert not {*data.train.groups} & {*data.test.groups}
    assert len({*data.test.groups}) == 2
    # 30 samples between gaps: 5 windows of each of 4 pieces, 3 that do not overlap
    assert (len(data.train), len(data.test)) == (2 * 3 * 4 * 5, 2 * 4 * 3)


def test_recordings_of_several_classes_stay_whole_if_that_can_be(tmp_path):
    for number in range(5):
        rows = [f"{1000 * number + i},0,{'walk' if i < 30 else 'rest'}" for i in range(60)]
        write(tmp_path / f"{number}.csv", rows, header="x,y,label")
    data = load(tmp_path)
    assert not {*data.train.groups} & {*data.test.groups} and len({*data.test.groups}) == 1
    assert {*data.train.classes} == {*data.test.classes} == {0, 1}
    write(tmp_path / "run.csv", [f"{i},0,run" for i in range(80)], header="x,y,label")
    data = load(tmp_path)  # one recording of a class: that one is cut in time
    assert data.labels == ["rest", "run", "walk"]
    both = {*data.train.groups} & {*data.test.groups}
    assert "run.csv" in both
    run = [side.counts[side.classes == 1][..., 0] for side in (data.train, data.test)]
    assert run[0].max() < 60 <= run[1].min()


def test_the_only_recording_is_cut_in_time(tmp_path):
    for kind in ("idle", "drill"):
        rows = [f"{i},0,{i * 100 + 5000 * (i // 40)}" for i in range(160)]
        write(tmp_path / kind / "day.csv", rows, header="x,y,timestamp_ms")
    data = load(tmp_path)
    assert data.train.counts[..., 0].max() < 120 <= data.test.counts[..., 0].min()


def test_labels_follow_the_values(folder):
    data = load(folder)
    for split in (data.train, data.test):
        for window, kind in zip(split.counts, split.classes, strict=True):
            assert data.labels[kind] == ("drill" if window[0, 0] >= 10000 else "idle")


def test_own_split(tmp_path):
    for split in ("train", "test"):
        for kind in ("a", "b"):
            write(tmp_path / split / kind / "1.csv", samples(100 if split == "test" else 0, 20))
    data = load(tmp_path)
    assert data.train.counts[..., 0].max() < 100 <= data.test.counts[..., 0].min()


def test_label_column_cuts_a_recording(tmp_path):
    rows = [f"{i},0,{'walk' if 20 <= i < 40 else 'rest'}" for i in range(60)]
    write(tmp_path / "day.csv", rows, header="x,y,label")
    data = load(tmp_path, length=5, hop=5)
    for split in (data.train, data.test):
        for window, kind in zip(split.counts, split.classes, strict=True):
            assert all((20 <= x < 40) == (data.labels[kind] == "walk") for x in window[:, 0])


def test_a_single_recording_is_split_in_time(tmp_path):
    write(tmp_path / "a" / "1.csv", samples(0, 40))
    write(tmp_path / "b" / "1.csv", samples(0, 40))
    data = load(tmp_path)
    assert data.train.counts[..., 0].max() < 30 <= data.test.counts[..., 0].min()


def test_columns_by_name_in_any_order(tmp_path):
    write(tmp_path / "1.csv", ["7,2,1,up", "8,4,3,up"], header="time,y,x,label")
    (recording,) = read_file(tmp_path / "1.csv", LAYOUT)
    assert recording.counts.tolist() == [[1, 2], [3, 4]]
    assert recording.labels == ["up"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,2,3", r"bad\.csv:4: needs 2 columns, found 3"),
        ("1", r"bad\.csv:4: needs 2 columns, found 1"),
        ("1,nan", r"bad\.csv:4: column y needs a sensor count, found 'nan'"),
        ("1,", r"bad\.csv:4: column y needs a sensor count, found ''"),
        ("one,2", r"bad\.csv:4: column x needs a sensor count, found 'one'"),
        ("1,0.5", r"bad\.csv:4: column y needs a sensor count, found '0.5'"),
        ("40000,2", r"bad\.csv:4: column x needs a sensor count, found '40000'"),
        ("inf,2", r"bad\.csv:4: column x needs a sensor count, found 'inf'"),
    ],
)
def test_wrong_line(folder, row, message):
    write(folder / "idle" / "bad.csv", ["1,2", "1,2", row, "1,2"])
    with pytest.raises(DataError, match=message):
        load(folder)


def test_missing_column(folder):
    write(folder / "idle" / "bad.csv", ["1,2"], header="x,z")
    with pytest.raises(DataError, match=r"bad\.csv:1: needs columns x, y; y missing from x, z"):
        load(folder)


def test_empty_and_binary_files(folder):
    bad = write(folder / "idle" / "bad.csv", [])
    with pytest.raises(DataError, match=r"bad\.csv: no samples"):
        load(folder)
    bad.write_bytes(bytes(range(128, 256)))
    with pytest.raises(DataError, match=r"bad\.csv: not a CSV text file"):
        load(folder)


def test_no_recordings(tmp_path):
    with pytest.raises(DataError, match=r"no recordings: needs .csv, .*files, found none"):
        load(tmp_path)


def test_one_class_only(tmp_path):
    write(tmp_path / "idle" / "1.csv", samples(0, 40))
    with pytest.raises(DataError, match="needs at least 2 classes, found only 'idle'"):
        load(tmp_path)


def test_no_label(tmp_path):
    write(tmp_path / "1.csv", samples(0, 40))
    with pytest.raises(DataError, match=r"1\.csv: no label"):
        load(tmp_path)


def test_too_short_for_a_window(folder):
    with pytest.raises(DataError, match=r"longest recording here has 40 samples, .* needs 41"):
        load(folder, length=41)


def test_label_without_recording_and_the_reverse(folder):
    with pytest.raises(DataError, match="no recording of saw"):
        load(folder, labels=["idle", "drill", "saw"])
    write(folder / "saw" / "1.csv", samples(0, 40))
    with pytest.raises(DataError, match=r"recordings of saw, which .* labels does not name"):
        load(folder, labels=["idle", "drill"])


PROJECT = """[project]
name = "tool"
[data]
source = "recordings"
{labels}
[sensor]
channels = ["x", "y"]
rate_hz = 10
[window]
length = 10
hop = 5
[model]
recipe = "conv1d"
"""


def test_from_a_project(folder, tmp_path_factory):
    from midge.project import load_project

    root = tmp_path_factory.mktemp("tool")
    folder.rename(root / "recordings")
    (root / "midge.toml").write_text(PROJECT.format(labels='labels = ["idle", "drill"]'))
    data = load_dataset(load_project(root))
    assert data.labels == ["idle", "drill"]
    assert all(
        (w[0, 0] >= 10000) == k for w, k in zip(data.train.counts, data.train.classes, strict=True)
    )


def test_unknown_source(tmp_path):
    from midge.project import load_project

    (tmp_path / "midge.toml").write_text(PROJECT.format(labels=""))
    with pytest.raises(DataError, match=r"\[data\] source: needs a folder .* found 'recordings'"):
        load_dataset(load_project(tmp_path))


def test_project_and_data_disagree(tmp_path, root):
    from midge.project import load_project

    text = (root / "examples/spikes/midge.toml").read_text()
    (tmp_path / "midge.toml").write_text(text.replace("length = 64", "length = 32"))
    with pytest.raises(DataError, match=r"\[window\] length: spikes has 64, the project 32"):
        load_dataset(load_project(tmp_path))
