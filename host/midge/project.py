"""``midge.toml``: what a project samples, trains, builds and may use.

The dataclasses below and in :mod:`midge.sections` are the schema: a key's name, type, default,
range and meaning stand in its field and nowhere else; the reader, the errors and
``docs/midge-toml.md`` come from them.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import tomllib
import types
import typing
from pathlib import Path
from typing import Any

from midge.classical import SUFFIX as CLASSICAL
from midge.classical.recipes import RECIPES
from midge.errors import MidgeError
from midge.sections import REQUIRED as _REQUIRED
from midge.sections import BudgetSection, PowerSection, SearchSection
from midge.sections import key as _key

FILE = "midge.toml"
_IDENTIFIER = r"[a-z][a-z0-9_]*"  # becomes a C name and what midge.load() takes on the board


class ProjectError(MidgeError):
    """``midge.toml`` is missing, is not TOML, or a key in it is wrong."""


@dataclasses.dataclass(frozen=True)
class ProjectSection:
    """[project]: what it is and which board it runs on."""

    name: str = _key("the model's name on the board", pattern=_IDENTIFIER)
    version: str = _key("the model's version, readable on the board", "0")
    board: str = _key("a folder of boards/", "RPI_PICO", pattern=r"[A-Z0-9_]+")


@dataclasses.dataclass(frozen=True)
class DataSection:
    """[data]: what it learns from."""

    source: str = _key(
        "a data set Midge knows, or a folder or file of recordings beside midge.toml", ""
    )
    labels: list[str] = _key("class names in the order of the model's outputs", [])
    others: str = _key(
        "one of labels: the class of recordings of whatever labels does not name, and with a "
        "microphone also of noise, silence, halves of words and words backwards, which Midge "
        "makes; default: such recordings are an error",
        "",
    )
    label: str = _key("the column or array that holds the class of a recording", "label")
    pattern: str = _key(
        "what files' names say, e.g. {label}_{person}_{take}; for files that do not say it inside",
        "",
    )
    group: str = _key(
        "what keeps recordings on one side of the split: person, machine, session, or another "
        "column, array or field of the pattern; default: each recording by itself",
        "",
    )
    test_groups: list[str] = _key(
        "values of group to test with; default: about a quarter of them", []
    )


@dataclasses.dataclass(frozen=True)
class SensorSection:
    """[sensor]: what is sampled on the board."""

    kind: str = _key("the sensor", "adc", choices=("adc", "mpu6050", "microphone", "camera"))
    rate_hz: float = _key("samples a second", 10.0, low=0.001)
    channels: list[str] = _key("names of the values of one sample", ["x"])
    accel_g: int = _key("mpu6050: the accelerometer's full scale, g", 2, choices=(2, 4, 8, 16))
    gyro_dps: int = _key(
        "mpu6050: the gyroscope's full scale, degrees/s", 250, choices=(250, 500, 1000, 2000)
    )


@dataclasses.dataclass(frozen=True)
class WindowSection:
    """[window]: how samples become one input of the model."""

    length: int = _key("samples in a window", 64, low=1)
    hop: int = _key("samples from one window to the next; 0: as many as its length", 0, low=0)
    cut: str = _key(
        "how recordings become windows to learn from: slide: every hop; word: one window a "
        "recording, its loudest part, with silence around it where the recording is shorter",
        "slide",
        choices=("slide", "word"),
    )


@dataclasses.dataclass(frozen=True)
class FeaturesSection:
    """[features]: what the model sees of a window; without it, the samples themselves.

    ``kind`` is short for a last block; its parameters then stand here too (docs/features.md).
    """

    blocks: list[dict[str, Any]] = _key("signal and feature blocks, in order", [])
    frame: int = _key("samples that a row looks at; 0: the window", 0, low=0)
    frame_ms: float = _key("the same in milliseconds", 0.0, low=0)
    step: int = _key(
        "samples from one row to the next; 0: half a frame, or [window] hop where the frame is "
        "the window",
        0,
        low=0,
    )
    step_ms: float = _key("the same in milliseconds", 0.0, low=0)
    scaling: str = _key(
        "what shares an offset and a gain: each column, or all of a block's",
        "column",
        choices=("column", "block"),
    )


@dataclasses.dataclass(frozen=True)
class ModelSection:
    """[model]: how it is trained and where it lies."""

    recipe: str = _key("a training recipe of midge.train or midge.classical", "")
    net: dict[str, Any] = _key(
        "the recipe's own options, e.g. {filters = [8, 12], widths = [5, 3], strides = [2, 2]}; "
        "`midge search` finds them",
        {},
    )
    parameters: dict[str, Any] = _key(
        "of scikit-learn's class, for the classical recipes (docs/classical.md)", {}
    )
    epochs: int = _key("passes over the training data", 60, low=1)
    batch_size: int = _key("windows in a training step", 16, low=1)
    seed: int = _key("seed of everything random in training", 1, low=0)
    copies: int = _key(
        "changed copies of each window to train on besides it; 0: enough for an epoch of 1000",
        0,
        low=0,
    )
    label_smoothing: float = _key(
        "share of each target that is spread over all classes in training, such as 0.1", 0.0,
        low=0, high=0.9,
    )  # fmt: skip
    quantization: str = _key(
        "int8, or int16x8: int16 activations, int8 weights; finer, but slower and twice the RAM",
        "int8",
        choices=("int8", "int16x8"),
    )
    steps: list[str] = _key(
        "what is tried after training to make the model smaller or better in int8, in order: "
        "distill, low_rank, prune, qat (docs/compression.md)",
        [],
    )
    max_drop: float = _key(
        "share of the windows that all steps together may lose to make the model smaller",
        0.01,
        low=0,
    )
    false_alarms: float = _key(
        "recipe anomaly: share of normal windows that may raise an alarm", 0.01, low=0, high=0.5
    )
    teachers: int = _key("networks in the ensemble that distill learns from", 3, low=1)
    teacher_scale: float = _key(
        "how many times as many filters and units each of them has as the recipe", 2.0, low=0.1
    )
    file: str = _key(
        "where the trained model goes; default build/<name>.tflite, or .npz if it is classical", ""
    )


@dataclasses.dataclass(frozen=True)
class RunSection:
    """[run]: what runs on the board."""

    script: str = _key("the script `midge run` starts", "main.py")
    recording: str = _key(
        "what the emulated Pico's sensor plays when no board is there: a .npy of raw sensor "
        "counts, int16 (samples, channels); default: the data's windows to test with",
        "",
    )
    timeout_s: float = _key("seconds that the script may take; 0: no limit", 0.0, low=0)


@dataclasses.dataclass(frozen=True)
class Project:
    """A read and checked ``midge.toml``. ``root`` is the folder it lies in (absolute)."""

    project: ProjectSection
    root: Path = Path()
    data: DataSection = DataSection()
    sensor: SensorSection = SensorSection()
    window: WindowSection = WindowSection()
    features: FeaturesSection = FeaturesSection()
    model: ModelSection = ModelSection()
    budget: BudgetSection = BudgetSection()
    power: PowerSection = PowerSection()
    search: SearchSection = SearchSection()
    run: RunSection = RunSection()
    sensors: tuple[SensorSection, ...] = ()  # where there are several: see midge.several

    @property
    def name(self) -> str:
        return self.project.name

    @property
    def board(self) -> str:
        return self.project.board

    @property
    def hop(self) -> int:
        """Samples from one window to the next."""
        return self.window.hop or self.window.length

    @property
    def model_path(self) -> Path:
        """The trained ``.tflite``, or ``.npz`` of a classical recipe, absolute."""
        suffix = CLASSICAL if self.model.recipe in RECIPES else ".tflite"
        return self.root / (self.model.file or f"build/{self.name}{suffix}")

    @property
    def script_path(self) -> Path:
        """The board script, absolute."""
        return self.root / self.run.script

    @property
    def build_dir(self) -> Path:
        """Where ``midge build`` puts the firmware, absolute."""
        return self.root / "build"


def sections() -> dict[str, type]:
    """Section name to its dataclass, in the order of the documentation."""
    hints: dict[str, type] = typing.get_type_hints(Project)
    return {name: kind for name, kind in hints.items() if dataclasses.is_dataclass(kind)}


def load_project(path: Path | str = ".") -> Project:
    """Reads ``midge.toml`` (``path`` is the file or its folder).

    Raises:
        ProjectError: no such file, not TOML, or a wrong key: names file, section and key.
    """
    file = Path(path)
    file = file / FILE if file.is_dir() else file
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if file.name != FILE:
            raise ProjectError("no such folder", where=str(path), do="check the name") from None
        raise ProjectError(
            f"no {FILE} here", where=str(file.parent), do="`midge new NAME` makes a project"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise ProjectError(f"not TOML: {err}", where=str(file), do="mend that line") from err
    known = sections()
    for name in content:
        if name not in known and name != "sensors":
            raise _unknown(file, f"section [{name}]", name, known)
    if "project" not in content:
        raise ProjectError(
            "no [project] section", where=str(file), do='add [project] with name = "..."'
        )
    if isinstance(content.get("features"), dict):
        content["features"] = features_of(content["features"])
    read = {
        name: read_section(file, name, kind, content.get(name, {})) for name, kind in known.items()
    }
    if "sensors" in content:
        from midge import several

        read |= several.read(file, content)
    project = Project(root=file.parent.resolve(), **read)
    _check_together(file, project)
    return project


def find_project(start: Path | str = ".") -> Project | None:
    """The project of ``start`` or of a folder above it; None where there is none."""
    folder = Path(start).resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / FILE).is_file():
            return load_project(candidate)
    return None


def read_features(file: Path, values: dict[str, Any]) -> FeaturesSection:
    """A table like [features], of the file ``file``.

    Raises:
        ProjectError: a wrong key.
    """
    section: FeaturesSection = read_section(file, "features", FeaturesSection, features_of(values))
    return section


def features_of(values: dict[str, Any]) -> dict[str, Any]:
    """[features] with ``kind`` and its parameters as the last of its blocks."""
    own = {field.name for field in dataclasses.fields(FeaturesSection)}
    rest = {name: value for name, value in values.items() if name in own}
    kind = values.get("kind")
    if kind is None:
        return values
    block = {"block": kind}
    block |= {name: value for name, value in values.items() if name not in own | {"kind"}}
    if kind == "raw" and len(block) == 1 and not values.get("blocks"):
        return {**rest, "blocks": []}
    return {**rest, "blocks": [*values.get("blocks", []), block]}


def read_section(
    file: Path, section: str, kind: type, values: Any, *, leave: tuple[str, ...] = ()
) -> Any:
    """A section's table as its dataclass, without the keys to ``leave`` at their defaults.

    Raises:
        ProjectError: no table, or a wrong key.
    """
    if not isinstance(values, dict):
        raise ProjectError(
            f"needs a section, found {values!r}", where=f"{file}: {section}",
            do=f"write [{section}] on a line of its own",
        )  # fmt: skip
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind) if field.name not in leave}
    for name in values:
        if name not in fields:
            raise _unknown(file, f"key {name} in [{section}]", name, fields)
    read = {}
    for name, field in fields.items():
        if name in values:
            where = f"{file}: [{section}] {name}"
            read[name] = _value(where, values[name], hints[name], field.metadata)
        elif field.default is _REQUIRED and field.default_factory is _REQUIRED:
            raise ProjectError(
                f"missing: {field.metadata['doc']}", where=f"{file}: [{section}] {name}",
                do=f"add `{name} = ...` to [{section}]",
            )  # fmt: skip
    return kind(**read)


def _value(where: str, value: Any, hint: Any, rules: Any) -> Any:
    """``value`` as the type of ``hint``, or an error that names what is needed."""
    if isinstance(hint, types.UnionType):
        hint = next(arg for arg in typing.get_args(hint) if arg is not types.NoneType)
    if hint == dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong(where, "a table", value, rules)
        return value
    if hint == list[dict[str, Any]]:
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise _wrong(where, "a list of tables", value, rules)
        return value
    if hint == list[int]:
        whole = isinstance(value, list) and all(type(item) is int and item > 0 for item in value)
        if not whole:
            raise _wrong(where, "a list of whole numbers above 0", value, rules)
        return value
    if typing.get_origin(hint) is list:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _wrong(where, "a list of strings", value, rules)
        if len(set(value)) != len(value):
            raise ProjectError(f"a name stands twice: {value}", where=where, do="rename one")
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not hint:
        names = {str: "a string", int: "a whole number", float: "a number"}
        raise _wrong(where, names[hint], value, rules)
    if rules["low"] is not None and not rules["low"] <= value < math.inf:  # refuses nan too
        raise _wrong(where, f"a number of at least {rules['low']:g}", value, rules)
    if rules["high"] is not None and value > rules["high"]:
        raise _wrong(where, f"a number of at most {rules['high']:g}", value, rules)
    if rules["pattern"] and not re.fullmatch(rules["pattern"], value):
        raise _wrong(where, f"a name like {rules['pattern']}", value, rules)
    if rules["choices"] and value not in rules["choices"]:
        raise _wrong(where, "one of " + ", ".join(map(str, rules["choices"])), value, rules)
    return value


def _wrong(where: str, needed: str, found: Any, rules: Any) -> ProjectError:
    return ProjectError(
        f"needs {needed}, found {found!r}", where=where, do=f"it says: {rules['doc']}"
    )


def _unknown(file: Path, what: str, name: str, known: Any) -> ProjectError:
    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean {close[0]}?" if close else "known: " + ", ".join(known)
    return ProjectError(f"unknown {what}", where=str(file), do=hint)


def _check_together(file: Path, project: Project) -> None:
    """Rules that a single key's type and range cannot say."""
    if not project.sensor.channels:
        raise ProjectError(
            "needs at least one name, found none", where=f"{file}: [sensor] channels",
            do='name each value of a sample, e.g. channels = ["x", "y", "z"]',
        )  # fmt: skip
