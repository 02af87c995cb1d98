"""The page of a small model: its figures, its form, and that nothing of a user gets through."""

from __future__ import annotations

import base64
import dataclasses
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import oracle
import pytest
from report_kit import LABELS, LENGTH, Parsed, project, two_sensors

from midge.cli import main
from midge.features import Pipeline
from midge.features.columns import column_names
from midge.meta import load_meta, sidecar
from midge.project import Project
from midge.report import Evidence, cost, gather, page, write
from midge.report.answers import Answers
from midge.report.figures import Share
from midge.report.occlusion import look
from midge.report.pictures import Pictures
from midge.report.views import View
from midge.train.data import load_dataset


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return project(tmp_path_factory.mktemp("tool"))


@pytest.fixture(scope="module")
def evidence(tool: Project) -> Evidence:
    return gather(tool)


@pytest.fixture(scope="module")
def parsed(evidence: Evidence) -> Parsed:
    return Parsed(page(evidence))


@pytest.fixture(scope="module")
def scores(tool: Project) -> np.ndarray:
    """LiteRT's own, int8 [n, 3], from inputs quantized here in float."""
    real = load_dataset(tool).test.counts * 0.01
    inputs = np.clip(np.rint(real / 0.05) + 5, -128, 127).astype(np.int8)
    content = tool.model_path.read_bytes()
    found = oracle.reference(content, [[one[np.newaxis]] for one in inputs])
    return np.array([outputs[0][0] for outputs in found])


def test_the_windows_are_neither_all_right_nor_all_wrong(evidence: Evidence) -> None:
    assert 0.6 < evidence.accuracy.value < 0.95  # or the tests below would show little
    assert len(evidence.truth) == 2 * 3 * 7


def test_accuracy_and_the_oracle(parsed: Parsed, tool: Project, scores: np.ndarray) -> None:
    truth = load_dataset(tool).test.classes
    right = f"{100 * (scores.argmax(1) == truth).mean():.1f}%"
    rows = {row[0]: row[1:] for row in parsed.tables["accuracy-table"]}
    assert rows["int8, Midge"][0] == rows["int8, LiteRT reference"][0] == right
    assert rows["int8, LiteRT reference"][3] == "42 of 42 windows equal in every bit"
    assert "float" not in rows  # nobody measured it
    share = (scores.argmax(1) == truth).sum()
    assert f"Right in {share} of 42 windows" in "".join(parsed.words)


def test_confusion(parsed: Parsed, tool: Project, scores: np.ndarray) -> None:
    truth, said = load_dataset(tool).test.classes, scores.argmax(1)
    rows = parsed.tables["confusion-table"]
    assert rows[0][1:-1] == [row[0] for row in rows[1:]] == LABELS
    for k, row in enumerate(rows[1:]):
        counts = [int(((truth == k) & (said == j)).sum()) for j in range(3)]
        assert row[1:-1] == [str(n) if n else "·" for n in counts]
        assert row[-1] == str(sum(counts))
    for k, row in enumerate(parsed.tables["class-table"][1:]):
        both = ((truth == k) & (said == k)).sum()
        recall, precision = both / (truth == k).sum(), both / (said == k).sum()
        f1 = 2 / (1 / recall + 1 / precision)
        assert [row[1], row[3], row[4]] == [f"{100 * v:.1f}%" for v in (recall, precision, f1)]


def test_groups(parsed: Parsed, tool: Project, scores: np.ndarray) -> None:
    data = load_dataset(tool).test
    assert data.groups is not None
    rows = {row[0]: row[1:3] for row in parsed.tables["group-table"][1:]}
    assert set(rows) == {"bob <i>", "dan"}
    for name, found in rows.items():
        here = data.groups == name
        share = (scores.argmax(1) == data.classes)[here].mean()
        assert found == [str(here.sum()), f"{100 * share:.1f}%"]


def test_recordings_of_one_window_are_no_groups(evidence: Evidence) -> None:
    names = np.array([f"recording {i}" for i in range(len(evidence.truth))])
    test = dataclasses.replace(evidence.data.test, groups=names)
    data = dataclasses.replace(evidence.data, test=test)
    group = dataclasses.replace(evidence.project.data, group="")
    alone = dataclasses.replace(
        evidence, data=data, project=dataclasses.replace(evidence.project, data=group)
    )
    parsed = Parsed(page(alone))
    assert "group-table" not in parsed.tables
    words = " ".join(parsed.words)
    assert "each is of a recording of its own" in words and "recording recording" not in words
    share = alone.accuracy
    assert share.interval == Share(share.right, share.total).interval


def test_curves_and_thresholds(
    parsed: Parsed, evidence: Evidence, tool: Project, scores: np.ndarray
) -> None:
    truth = load_dataset(tool).test.classes
    for k, row in enumerate(parsed.tables["curve-table"][1:]):
        column = scores[:, k].astype(int)
        above = column[truth == k][:, np.newaxis] - column[truth != k]
        assert row[1] == f"{((above > 0) + 0.5 * (above == 0)).mean():.4f}"
    for k, row in enumerate(parsed.tables["threshold-table"][1:]):
        threshold = evidence.thresholds[k]
        assert threshold is not None and row[1] == f"{threshold:.3f}"
        said = (scores[:, k].astype(int) + 128) / 256 >= threshold
        for cell, part in ((row[2], truth == k), (row[3], truth != k)):
            assert cell == f"{100 * said[part].mean():.1f}% ({said[part].sum()} of {part.sum()})"


def test_thresholds_come_from_held_out_training_windows(evidence: Evidence, tool: Project) -> None:
    train = load_dataset(tool).train
    # Of each class two recordings are left to train on: too few, so the last window of seven.
    assert evidence.held_truth.tolist() == [0, 0, 1, 1, 2, 2]
    held = {tuple(row) for row in np.round(evidence.held_scores, 6).tolist()}
    answers = Answers(evidence.compiled)
    known = answers.scores(answers.outputs(answers.inputs([train.counts])))
    assert held <= {tuple(row) for row in np.round(known, 6).tolist()}


def test_layers_add_up(parsed: Parsed, evidence: Evidence) -> None:
    steps = evidence.compiled.program.steps
    rows = parsed.tables["layer-table"][1:]
    assert [row[0] for row in rows] == [step.layer for step in steps]
    cycles = [int(row[2].replace(",", "")) for row in rows]
    assert cycles == [round(step.cycles or 0) for step in steps]
    words = " ".join(parsed.words)
    assert f"arena {evidence.compiled.program.arena_bytes:,} B" in words


def test_budget_and_battery(parsed: Parsed, evidence: Evidence) -> None:
    rows = {row[0]: row[1:] for row in parsed.tables["budget-table"]}
    assert rows["accuracy, share"] == ["0.999", f"{evidence.accuracy.value:,.4g}", "not kept"]
    assert rows["RAM, KiB"][2] == "kept"
    # asleep 1.5 mA but for some microseconds: 1000 mAh at the board's 5 V
    assert re.search(r"1000 mAh at 5 V: 27\.[78] days", " ".join(parsed.words))


def test_the_data_card(parsed: Parsed, evidence: Evidence) -> None:
    words = " ".join(parsed.words)
    assert evidence.data.fingerprint in words
    assert "12 in 12 files, 67.2 s together" in words  # 12 of 56 samples at 10 Hz
    rows = parsed.tables["data-table"][1:]
    assert [row[1:] for row in rows] == [["14", "2", "14", "2", "22.4 s"]] * 3


def test_scores_before_the_softmax(evidence: Evidence) -> None:
    """Log-odds agree with the scores, where these are fine enough."""
    odds = Answers(evidence.compiled).log_odds(evidence.inputs)
    # int8 scores are 1/256 apart, and TFLite's softmax is within one step of the true one
    assert np.abs(1 / (1 + np.exp(-odds)) - evidence.scores).max() <= 1 / 256
    assert len(np.unique(odds)) > len(np.unique(evidence.scores))


def test_it_looks_where_the_weights_are(evidence: Evidence) -> None:
    found = look(evidence)
    assert [group.name for group in found.groups] == ["x", "y<z>"]
    for k, one in enumerate(found.maps):
        assert one is not None and one.windows > 1
        # the class in the middle is what a hidden x looks like
        x, y = one.falls
        assert (x[: LENGTH // 2] * (-1 if k == 1 else 1) > 0).all()
        assert (x[LENGTH // 2 + 1 :] == 0).all()  # a neighbour is hidden with each part
        assert (y == 0).all()
    assert found.without[1] == found.whole
    assert (found.whole.right, found.whole.total) == (evidence.right.sum(), len(evidence.truth))
    # without x all windows look alike: one class of three is right
    assert found.without[0].value == pytest.approx(1 / 3)


def test_form(evidence: Evidence) -> None:
    text = page(evidence)
    assert page(evidence) == text  # the same every time
    parsed = Parsed(text)
    assert "script" not in parsed.tags and "link" not in parsed.tags
    pictures = re.findall(r"<svg.*?</svg>", text, re.S)
    assert len(pictures) > 20
    for picture in pictures:
        ElementTree.fromstring(picture)
    ids = [value for _, name, value in parsed.attributes if name == "id"]
    assert len(set(ids)) == len(ids)
    for tag, name, value in parsed.attributes:
        assert not name.startswith("on")
        if name in ("href", "src"):
            assert value.startswith("data:image/png;base64,") or value[1:] in ids, (tag, value)
        assert "url(" not in value
    assert "default-src 'none'" in text and "@import" not in text and "url(" not in text


def test_what_users_wrote_is_escaped(evidence: Evidence) -> None:
    evidence.compiled.meta.extra["steps"] = [
        {"name": "<u>prune</u>", "detail": "<u>a half</u>", "kept": True, "why": "a <u>b</u>",
         "cycles": 1234567, "accuracy": {"float": 0.5, "int8": None}},
    ]  # fmt: skip
    try:
        text = page(evidence)
    finally:
        del evidence.compiled.meta.extra["steps"]
    for markup in ("<b>idle", "<u>", "bob <i>", "y<z>"):
        assert markup not in text
    row = Parsed(text).tables["step-table"][1]
    assert row == [
        "<u>prune</u> <u>a half</u>",
        "50.0%",
        "–",
        "–",
        "–",
        "1,234,567",
        "kept",
        "a <u>b</u>",
    ]
    assert 'aria-label="d"rill' not in text


def test_pictures_of_pixels() -> None:
    """Another decoder sees the pixels that were meant."""
    image = pytest.importorskip("PIL.Image", reason="needs the extra: pip install .[train]")
    from midge.report import png

    values = np.array([[0.0, 0.5, 1.0], [0.25, np.nan, 7.0]])
    content = base64.b64decode(png.data_uri(values, "importance").split(",")[1])
    pixels = np.array(image.open(io.BytesIO(content)))
    assert (pixels == png.colours(values, "importance")).all()
    assert png.hexed(1.0, "importance") == "#" + pixels[0, 2].tobytes().hex()
    light = png.colours(np.linspace(0, 1, 50), "input").sum(axis=1).astype(int)
    assert (np.diff(light) < 0).all()


@pytest.mark.slow
@pytest.mark.firmware
def test_windows_on_the_emulated_board(tool: Project, tmp_path: Path) -> None:
    out, found = write(tool, tmp_path / "r.html", windows_on_board=5)
    board = found["on_board"]
    assert board["equal"] == board["right"]["total"] == 5
    tables = Parsed(out.read_text()).tables
    rows = {row[0]: row[1:] for row in tables["accuracy-table"]}
    assert rows["int8, emulated Raspberry Pi Pico"][3] == "5 of 5 windows equal in every bit"
    right = f"{100 * board['right']['right'] / 5:.1f}%"
    assert rows["int8, emulated Raspberry Pi Pico"][0] == right
    shown = [int(row[2].replace(",", "")) for row in tables["layer-table"][1:]]
    assert shown == board["cycles"] and sum(shown) > 100


# -- other models, and the command -------------------------------------------------------------


def test_a_single_output(tmp_path: Path) -> None:
    evidence = gather(project(tmp_path, ["no", "yes"], single=True))
    assert evidence.outputs.shape[1] == 1 and evidence.scores.shape[1] == 2
    assert (evidence.said == (evidence.outputs[:, 0] >= 0)).all()
    odds = Answers(evidence.compiled).log_odds(evidence.inputs)
    assert np.abs(1 / (1 + np.exp(-odds)) - evidence.scores).max() <= 1 / 256
    tables = Parsed(page(evidence)).tables
    for name in ("curve-table", "threshold-table"):
        assert [row[0] for row in tables[name][1:]] == ["yes"]


def test_scores_that_are_no_chances(tmp_path: Path, evidence: Evidence) -> None:
    found = gather(project(tmp_path, sums=True))
    assert not found.chances and (found.said == evidence.said).mean() > 0.9  # ties of int8 softmax
    parsed = Parsed(page(found))
    assert any("no calibration" in words for words in parsed.words)
    for k, row in enumerate(parsed.tables["threshold-table"][1:]):
        threshold = found.thresholds[k]
        assert threshold is not None
        assert row[2].startswith(
            f"{100 * (found.scores[found.truth == k, k] >= threshold).mean():.1f}%"
        )


def test_two_sensors(tmp_path: Path) -> None:
    evidence = gather(two_sensors(tmp_path))
    assert [one.shape[1:] for one in evidence.inputs] == [(8, 2), (4, 2)]
    assert evidence.oracle is not None and evidence.oracle.equal == len(evidence.truth) == 14
    assert evidence.accuracy.value > 0.8
    found = look(evidence)
    assert [group.name for group in found.groups] == ["imu x", "imu y", "mic mean", "mic std"]
    for one in found.maps:
        assert one is not None
        assert [bool(falls.any()) for falls in one.falls] == [False, False, True, False]
        assert [len(falls) for falls in one.falls] == [8, 8, 4, 4]
    # energy with the features, as midge check has it
    said = cost.costs(evidence)
    assert said["features_cycles"] > 1000
    mj = f"{said['power']['inference_mj']:.3g} mJ"
    assert mj in cost.energy(evidence).body and "features " in cost.energy(evidence).body
    text = page(evidence)
    assert f"The features of what is new in a window take {said['features_cycles']:,.0f}" in text
    assert "imu channels" in Parsed(text).words and text.count(">level<") == text.count(">x<")


def test_a_classical_model(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="needs the extra: pip install .[trees]")
    from midge.project import load_project
    from midge.train import train

    made = project(tmp_path)
    text = (tmp_path / "midge.toml").read_text()
    (tmp_path / "midge.toml").write_text(text.replace('"dense"', '"random_forest"'))
    made = load_project(tmp_path)
    train(made)
    evidence = gather(made)
    parsed = Parsed(page(evidence))
    rows = {row[0]: row[1:] for row in parsed.tables["accuracy-table"][1:]}
    assert list(rows) == ["float", "int8, Midge"] and rows["float"][0] == rows["int8, Midge"][0]
    words = " ".join(parsed.words)
    assert "float is scikit-learn's own answer" in words and "LiteRT" not in words
    assert [len(parsed.tables[name]) for name in ("curve-table", "threshold-table")] == [4, 4]
    assert parsed.tables["layer-table"][1][1].startswith("trees")


def test_recordings_that_changed(tmp_path: Path) -> None:
    made = project(tmp_path)
    meta = load_meta(made.model_path)
    meta.data_fingerprint = "0" * 64
    meta.save(sidecar(made.model_path))
    evidence = gather(made)
    assert not evidence.same_data
    assert "not those that the model was trained on" in page(evidence)


def test_a_model_of_other_windows(
    tool: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (tool.root / "midge.toml").read_text().replace("length = 8", "length = 4")
    (tmp_path / "midge.toml").write_text(text)
    (tmp_path / "recordings").symlink_to(tool.root / "recordings")
    model = str(tool.model_path)
    assert main(["report", model, "--project", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "inputs of 16 values" in said and "needed: 8 values from windows (4, 2)" in said
    assert not (tmp_path / "build").exists()


def test_the_command(tool: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["report", "--project", str(tool.root)]) == 0
    assert "42 windows" in capsys.readouterr().out
    assert (tool.root / "build" / "report.html").read_text().startswith("<!doctype html>")
    assert sorted(p.name for p in (tool.root / "build").iterdir()) == [
        "report.html", "tool.json", "tool.tflite",
    ]  # fmt: skip
    out = tmp_path / "new" / "r.html"
    path, found = write(tool, out)
    assert path == out and out.read_bytes() == (tool.root / "build" / "report.html").read_bytes()
    assert found["equal_to_oracle"] == found["test_windows"] == 42


def test_a_camera_is_shown_as_the_model_sees_it() -> None:
    image = pytest.importorskip("PIL.Image", reason="needs the extra: pip install .[train]")
    block = {"block": "image", "width": 12, "height": 10, "out_width": 7, "out_height": 5,
             "channels": 3}  # fmt: skip
    given = np.random.default_rng(3).integers(-32768, 32768, (2, 120, 1)).astype(np.int16)
    pipeline = Pipeline([block], rate_hz=1, channels=["pixels"], length=120).fit(given)
    inputs = pipeline.quantized(given)
    view = View("", ("pixels",), 1.0, given, inputs, pipeline.compile())
    (content,) = re.findall(r"base64,([^\"]+)", Pictures([view]).draw(1))
    pixels = np.array(image.open(io.BytesIO(base64.b64decode(content)))).astype(int)
    assert (pixels == inputs[1].astype(int).reshape(5, 7, 3) + 128).all()
    assert column_names(pipeline) == [[f"pixels {x}" for x in range(7) for _ in range(3)]]


def test_columns_have_their_channels_names() -> None:
    pipeline = Pipeline(
        [{"block": "spectrum", "bands": 8}, {"block": "statistics", "names": ["mean", "std"]}],
        rate_hz=100, channels=["x", "y"], length=128,
    )  # fmt: skip
    names = column_names(pipeline)
    assert [len(some) for some in names] == [8, 8, 2, 2]
    assert names[1][3] == "y spectrum 3" and names[3] == ["y mean", "y std"]
    # of y alone, so only y's columns change
    counts = np.random.default_rng(1).integers(-500, 500, (1, 128, 2)).astype(np.int16)
    other = counts.copy()
    other[..., 1] = -2 * other[..., 1] + 100
    changed = (pipeline.values(counts) != pipeline.values(other))[0].any(axis=0)
    flat = [name for some in names for name in some]
    assert {name.split()[0] for name, is_new in zip(flat, changed, strict=True) if is_new} == {"y"}
