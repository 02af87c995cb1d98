"""A project with recordings and a small trained-looking model, made by hand: its report's numbers
can be computed another way."""

from __future__ import annotations

import html.parser
from pathlib import Path

import numpy as np
import tflite_writer

from midge.graph import Graph, Op, Quant, Tensor
from midge.meta import Meta, Raw, sidecar
from midge.project import Project, load_project

LABELS = ["<b>idle</b>", 'd"rill', "saw & co"]
PEOPLE = ["ann", "bob <i>", "cyd", "dan"]
LENGTH, CHANNELS = 8, ["x", "y<z>"]
_GAIN = 0.01  # counts to real
_IN, _WEIGHT, _SUM = 0.05, 0.02, 0.1  # scales

_TOML = """[project]
name = "tool"
[data]
source = "recordings"
labels = [{labels}]
group = "person"
test_groups = ["bob <i>", "dan"]
[sensor]
channels = ["x", "y<z>"]
rate_hz = 10
[window]
length = 8
[model]
recipe = "dense"
seed = 3
[budget]
ram_kb = 1
accuracy = 0.999
[power]
battery_mah = 1000
"""


_DENSE = {
    "fused_activation_function": "NONE", "weights_format": "DEFAULT", "keep_num_dims": False,
    "asymmetric_quantize_inputs": False,
}  # fmt: skip


def _quant(scale: float, zero_point: int = 0) -> Quant:
    return Quant(np.array([scale], np.float32), np.array([zero_point], np.int64))


def project(
    folder: Path, labels: list[str] = LABELS, *, single: bool = False, sums: bool = False
) -> Project:
    """Writes recordings, ``midge.toml`` and a model into ``folder``.

    A class is a level of channel x (noisy, so that some windows are called wrong); channel y is
    noise, and no weight looks at it nor at the second half of the window. With ``sums`` the model
    ends without a softmax.
    """
    rng = np.random.default_rng(2)
    for kind, label in enumerate(labels):
        for person in PEOPLE:
            counts = rng.normal(0, 130, (7 * LENGTH, 2))
            counts[:, 0] += 200 * (kind - 1)
            _csv(
                folder / "recordings" / f"{kind}_{PEOPLE.index(person)}.csv", counts, label, person
            )
    quoted = ", ".join("'" + label + "'" for label in labels)
    (folder / "midge.toml").write_text(_TOML.format(labels=quoted))
    found = load_project(folder)
    _model(found, labels, single, sums)
    return found


def _csv(path: Path, counts: np.ndarray, label: str, person: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    named = '"' + label.replace('"', '""') + '"'
    rows = [f"{x},{y},{named},{person}" for x, y in np.rint(counts).astype(int)]
    path.write_text("\n".join(["x,y<z>,label,person", *rows]) + "\n")


def weights(classes: int, single: bool) -> tuple[np.ndarray, np.ndarray]:
    """int8 [outputs, LENGTH * 2] and int32 biases: the nearest level wins."""
    levels = 200 * _GAIN * (np.arange(classes) - 1)  # real
    seen = np.zeros((LENGTH, 2))
    seen[: LENGTH // 2, 0] = 1 / (LENGTH // 2)
    real = 2 * levels[:, np.newaxis] * seen.reshape(1, -1) / 2
    bias = -(levels**2) / 2
    if single:  # the second of two classes
        real, bias = real[1:] - real[:1], bias[1:] - bias[:1]
    return (
        np.rint(real / _WEIGHT).astype(np.int8),
        np.rint(bias / (_IN * _WEIGHT)).astype(np.int32),
    )


def _model(project: Project, labels: list[str], single: bool, sums_only: bool) -> None:
    kernel, bias = weights(len(labels), single)
    outputs, end = len(kernel), "LOGISTIC" if single else "SOFTMAX"
    graph = Graph("tool", "", {}, [], [], [])
    into = graph.add_tensor(Tensor("window", (1, LENGTH, 2), "int8", _quant(_IN, 5)))
    flat = graph.add_tensor(Tensor("flat", (1, LENGTH * 2), "int8", _quant(_IN, 5)))
    shape = graph.add_tensor(
        Tensor("shape", (2,), "int32", None, np.array([1, LENGTH * 2], np.int32))
    )
    w = graph.add_tensor(Tensor("w", kernel.shape, "int8", _quant(_WEIGHT), kernel))
    b = graph.add_tensor(Tensor("b", bias.shape, "int32", _quant(_IN * _WEIGHT), bias))
    sums = graph.add_tensor(Tensor("sums", (1, outputs), "int8", _quant(_SUM, -3)))
    out = graph.add_tensor(Tensor("scores", (1, outputs), "int8", _quant(1 / 256, -128)))
    graph.ops = [
        Op("RESHAPE", [into, shape], [flat], {}, 0),
        Op("FULLY_CONNECTED", [flat, w, b], [sums], _DENSE, 1),
        Op(end, [sums], [out], {} if single else {"beta": 1.0}, 2),
    ]
    graph.inputs, graph.outputs = [into], [out]
    if sums_only:  # no softmax at the end
        graph.ops, graph.outputs = graph.ops[:-1], [sums]
    path = project.model_path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tflite_writer.write(graph))
    from midge.train import load_dataset

    Meta(
        name="tool", version="7", labels=labels[-1:] if single else labels,
        raw=Raw([0, 0], [_GAIN, _GAIN]), data_fingerprint=load_dataset(project).fingerprint,
        extra={"seed": 3, "recipe": "dense", "epochs": 9},
    ).save(sidecar(path))  # fmt: skip


_SENSORS = """[project]
name = "two"
[data]
source = "recordings"
[[sensors]]
name = "imu"
kind = "adc"
rate_hz = 10
channels = ["x", "y"]
[sensors.window]
length = 8
[[sensors]]
name = "mic"
kind = "adc"
rate_hz = 20
channels = ["level"]
[sensors.window]
length = 16
[sensors.features]
blocks = [{block = "statistics", names = ["mean", "std"]}]
frame = 4
step = 4
[model]
recipe = "two_branch"
"""


def two_sensors(folder: Path) -> Project:
    """Two sensors and a model with an input for each: 8 samples of 2 channels, and 4 rows of mean
    and deviation of 16 samples. Two classes by the mean of the second; the first tells nothing."""
    from midge.train import load_dataset
    from midge.train.branches import Branches

    rng = np.random.default_rng(5)
    for kind, label in enumerate(("low", "high")):
        for take in range(4):
            imu, mic = rng.normal(0, 100, (56, 2)), rng.normal(300 * kind, 200, (112, 1))
            for name, head, counts in (("imu", "x,y", imu), ("mic", "level", mic)):
                path = folder / "recordings" / label / f"{take}.{name}.csv"
                path.parent.mkdir(parents=True, exist_ok=True)
                rows = [",".join(map(str, row)) for row in np.rint(counts).astype(int).tolist()]
                path.write_text("\n".join([head, *rows]) + "\n")
    (folder / "midge.toml").write_text(_SENSORS)
    project = load_project(folder)
    data = load_dataset(project)
    branches = Branches(project, data)
    kernels = [np.zeros((2, 16), np.int8), np.zeros((2, 8), np.int8)]
    kernels[1][:, ::2] = [[20], [-20]]  # data.labels: high, low
    graph = Graph("two", "", {}, [], [], [])
    sums = []
    for number, (shape, kernel) in enumerate(zip(branches.shapes, kernels, strict=True)):
        into = graph.add_tensor(Tensor(f"input{number}", (1, *shape), "int8", _quant(1 / 32)))
        size = shape[0] * shape[1]
        flat = graph.add_tensor(Tensor(f"flat{number}", (1, size), "int8", _quant(1 / 32)))
        to = np.array([1, size], np.int32)
        shape_of = graph.add_tensor(Tensor(f"shape{number}", (2,), "int32", None, to))
        w = graph.add_tensor(Tensor(f"w{number}", kernel.shape, "int8", _quant(_WEIGHT), kernel))
        found = graph.add_tensor(Tensor(f"sum{number}", (1, 2), "int8", _quant(_SUM)))
        graph.ops += [
            Op("RESHAPE", [into, shape_of], [flat], {}, 3 * number),
            Op("FULLY_CONNECTED", [flat, w, -1], [found], _DENSE, 3 * number + 1),
        ]
        graph.inputs.append(into)
        sums.append(found)
    both = graph.add_tensor(Tensor("both", (1, 2), "int8", _quant(_SUM)))
    out = graph.add_tensor(Tensor("scores", (1, 2), "int8", _quant(1 / 256, -128)))
    none = {"fused_activation_function": "NONE"}
    graph.ops += [Op("ADD", sums, [both], none, 8), Op("SOFTMAX", [both], [out], {"beta": 1.0}, 9)]
    graph.outputs = [out]
    path = project.model_path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tflite_writer.write(graph))
    Meta(
        name="two", labels=data.labels, data_fingerprint=data.fingerprint,
        features=[pipeline.as_dict() for pipeline in branches.pipelines],
    ).save(sidecar(path))  # fmt: skip
    return project


class Parsed(html.parser.HTMLParser):
    """The page's tables by id, its text, tags and attributes; fails where tags are not closed."""

    _VOID = ("meta", "br", "polyline", "image", "line")

    def __init__(self, text: str):
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.attributes: list[tuple[str, str, str]] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self._table: list[list[str]] | None = None
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "table":
            self._table = self.tables.setdefault(dict(attrs).get("id") or "", [])
        elif self._table is not None and tag == "tr":
            self._table.append([])
        elif self._table is not None and tag in ("td", "th"):
            self._table[-1].append("")
        if tag not in self._VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self._VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open.pop() == tag, f"</{tag}> closes nothing"
        if tag == "table":
            self._table = None

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "title"):
            self.words.append(data)
        if self._table and self._table[-1] and self._open[-1] not in ("title", "text"):
            self._table[-1][-1] += data
