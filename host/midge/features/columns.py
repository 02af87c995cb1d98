"""What the columns of features are called, and which of them tell nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from midge.features.pipeline import Pipeline

_MOST_NAMES = 6


def column_names(pipeline: Pipeline) -> list[list[str]]:
    """Of the columns: for each feature block, and each channel in it."""
    channels = pipeline.channels
    if pipeline.picture:
        _, width, each = pipeline.picture.out
        return [[f"pixels {x}" for x in range(width) for _ in range(each)]]
    if pipeline.shape[1] != sum(pipeline.widths):  # raw rows
        return [list(channels)]
    blocks = [one for one in pipeline.blocks if one.gives_columns]
    named = []
    for block, width in zip(blocks, pipeline.widths, strict=True):
        each = width // len(channels)
        own = block.as_dict().get("names", [])
        if not own or len(own) != each:
            own = [f"{block.name} {i}" if each > 1 else block.name for i in range(each)]
        for channel in channels:
            ahead = f"{channel} " if len(channels) > 1 else ""
            named.append([f"{ahead}{name}" for name in own])
    return named


def dead(pipeline: Pipeline) -> list[str]:
    """Columns that had one value in all windows that the pipeline was fitted to; of a picture its
    channels."""
    gain = pipeline.gain or ()
    if pipeline.picture:
        return []
    names = [name for part in column_names(pipeline) for name in part]
    return [name for name, value in zip(names, gain, strict=False) if value == 0]


def said(pipeline: Pipeline) -> str:
    """What to tell of dead columns; "" where there are none."""
    names = dead(pipeline)
    if not names:
        return ""
    few = ", ".join(names[:_MOST_NAMES]) + (" ..." if len(names) > _MOST_NAMES else "")
    return (
        f"{len(names)} of {len(pipeline.gain or ())} columns never move in the data to train on, "
        f"the model sees 0 there, on the board too: {few}"
    )


def warn(pipeline: Pipeline | None) -> None:
    """Tells of dead columns on stderr."""
    if pipeline is not None and (text := said(pipeline)):
        print(
            f"warning: features: {text} -> check the sensor and its range, or leave them out",
            file=sys.stderr,
        )
