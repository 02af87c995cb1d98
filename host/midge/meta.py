"""What a model carries besides its weights: the sidecar ``<model>.json`` beside a ``.tflite``."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from midge.errors import ModelError


@dataclasses.dataclass
class Raw:
    """How raw int16 sensor counts become the model's real input, per channel (last axis).

    ``real = (count - offset[c]) * gain[c]``; one element serves all channels.
    """

    offset: list[int]
    gain: list[float]


@dataclasses.dataclass
class Meta:
    """Name, version, labels and input scaling of a model.

    ``golden`` is a sample input (flat, quantized; all inputs' values one after the other) that the
    boot test runs on the board. ``features``
    describes the pipeline in front of each input (:class:`midge.features.Pipeline`); None: raw
    windows.
    """

    name: str
    version: str = "0"
    labels: list[str] = dataclasses.field(default_factory=list)
    raw: Raw | None = None
    data_fingerprint: str = ""
    golden: list[int] | None = None
    features: list[dict[str, Any]] | None = None
    extra: dict[str, Any] = dataclasses.field(default_factory=dict)  # rate, channels, accuracy...

    def save(self, path: Path) -> None:
        """Writes the sidecar as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n", encoding="utf-8")


def sidecar(model: Path) -> Path:
    """The sidecar's path for a model file."""
    return model.with_suffix(".json")


def load_meta(model: Path) -> Meta:
    """Reads the sidecar of ``model``; without one, the name is the file's stem.

    Raises:
        ModelError: the sidecar is not JSON, or lacks or misspells a field.
    """
    path = sidecar(model)
    if not path.exists():
        return Meta(name=model.stem)
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        raw = fields.pop("raw", None)
        return Meta(raw=Raw(**raw) if raw else None, **fields)
    except (ValueError, TypeError) as err:
        raise ModelError(
            f"not a model description: {err}", where=str(path), do="run `midge train` again"
        ) from err
