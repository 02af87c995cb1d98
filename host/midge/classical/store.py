"""The model file: a ``.npz`` with a model's parameters as scikit-learn has them, and a header.

Reading it runs no code: arrays of numbers, and a header of JSON in the array ``header``. What is
wrong in a file is said here, before anything is made of it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from midge.classical import checks
from midge.errors import ModelError

FORMAT = 1
INPUTS = ("float32", "int16", "int8")
MAX_FEATURES = 32767  # a node holds a feature's number in int16
MAX_OUTPUTS = 4096

# Arrays of each kind: letter of the type (f: float64, i: int32) and sizes; "n": features.
_SHAPES: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {
    "trees": {
        "root": ("i", ("trees",)),
        "feature": ("i", ("nodes",)),
        "threshold": ("f", ("nodes",)),
        "left": ("i", ("nodes",)),
        "right": ("i", ("nodes",)),
        "value": ("f", ("nodes", "outputs")),
    },
    "gaussian": {
        "mean": ("f", ("components", "n")),
        "weights": ("f", ("components", "rows", "n")),
        "constant": ("f", ("classes",)),
    },
    "neighbors": {
        "points": ("f", ("points", "n")),
        "target": ("f", ("points",)),
        "size": ("f", ("n",)),
    },
    "network": {},
}
# Where samples were given: the least and the greatest of each feature.
_RANGE: dict[str, tuple[str, tuple[str, ...]]] = {"low": ("f", ("n",)), "high": ("f", ("n",))}
_OPTIONAL: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {"gaussian": _RANGE}


@dataclasses.dataclass
class Classical:
    """A classical model.

    Attributes:
        kind: "trees", ...; says which arrays there are.
        source: scikit-learn's class, for people.
        features: how many numbers the input has.
        outputs: how many the output has.
        input_type: "float32": real features, each scaled by itself; "int16", "int8": integers,
            ``real = input_scale * integer``.
        arrays: the parameters, by name.
        options: what else the kind needs.
    """

    kind: str
    source: str
    features: int
    outputs: int
    arrays: dict[str, np.ndarray]
    input_type: str = "float32"
    input_scale: float = 1.0
    options: dict[str, Any] = dataclasses.field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Writes the file; the same model gives the same bytes."""
        header = {
            "format": FORMAT,
            "kind": self.kind,
            "source": self.source,
            "features": self.features,
            "outputs": self.outputs,
            "input_type": self.input_type,
            "input_scale": self.input_scale,
            "options": self.options,
        }
        shapes = shapes_of(self)
        types = {"f": np.float64, "i": np.int32}
        arrays = {name: np.asarray(self.arrays[name], types[shapes[name][0]]) for name in shapes}
        text = np.frombuffer(json.dumps(header, sort_keys=True).encode(), np.uint8)
        with path.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, header=text, **arrays)


def shapes_of(model: Classical) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The arrays that a model of this kind has: letter of the type, names of the sizes."""
    more = _OPTIONAL.get(model.kind, {})
    found = _SHAPES[model.kind] | {k: v for k, v in more.items() if k in model.arrays}
    if model.kind != "network":
        return found
    found |= _RANGE
    layers = int(model.options["layers"])
    for i in range(layers):
        into, out = "n" if i == 0 else f"units_{i - 1}", f"units_{i}"
        out = "outputs" if i == layers - 1 else out
        found[f"weights_{i}"] = ("f", (out, into))
        found[f"bias_{i}"] = ("f", (out,))
        found[f"range_{i}"] = ("f", ("one",))
    return found


def load(path: Path) -> tuple[Classical, str]:
    """Reads and checks a file.

    Returns:
        The model, and the SHA-256 (hex) of the file.

    Raises:
        ModelError: no such file, no classical model, or numbers that cannot be.
    """
    try:
        content = path.read_bytes()
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(arrays.pop("header").tobytes())
        model = _model(header, arrays)
    except OSError as err:
        raise ModelError(
            f"cannot read it: {err.strerror}", where=str(path), do="name a model file"
        ) from err
    except KeyError as err:
        raise _bad(path, f"it has no {err}") from err
    except (ValueError, TypeError, zipfile.BadZipFile, EOFError) as err:
        raise _bad(path, str(err)) from err
    return model, hashlib.sha256(content).hexdigest()


def _bad(path: Path, what: str) -> ModelError:
    return ModelError(
        f"not a classical model: {what}",
        where=str(path),
        do="write it by midge.classical.convert(), or `midge train`",
    )


def _model(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Classical:
    """The model of a file's content; ValueError, TypeError or KeyError where it cannot be."""
    if header.pop("format") != FORMAT:
        raise ValueError(f"another format; this Midge reads {FORMAT}")
    model = Classical(arrays=arrays, **header)
    if model.kind not in _SHAPES:
        raise ValueError(f"kind {model.kind!r}; known: {', '.join(_SHAPES)}")
    if model.input_type not in INPUTS or not 0 < model.input_scale < np.inf:
        raise ValueError(f"input {model.input_type!r} of scale {model.input_scale!r}")
    for name, limit in (("features", MAX_FEATURES), ("outputs", MAX_OUTPUTS)):
        if not 1 <= getattr(model, name) <= limit:
            raise ValueError(f"{getattr(model, name)} {name}, needed: 1...{limit}")
    checks.options(model)
    sizes = {"n": model.features, "outputs": model.outputs, "one": 1}
    for name, (letter, shape) in shapes_of(model).items():
        _check_array(name, arrays[name], letter, shape, sizes)
    checks.numbers(model)
    return model


def _check_array(
    name: str, array: np.ndarray, letter: str, shape: tuple[str, ...], sizes: dict[str, int]
) -> None:
    if array.dtype != {"f": np.float64, "i": np.int32}[letter] or array.ndim != len(shape):
        raise ValueError(f"{name} is {array.dtype} {array.shape}")
    for what, size in zip(shape, array.shape, strict=True):
        if sizes.setdefault(what, size) != size:
            raise ValueError(f"{name} has shape {array.shape}, {what} are {sizes[what]}")
    if array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"{name} is empty, or has NaN or infinite numbers")
