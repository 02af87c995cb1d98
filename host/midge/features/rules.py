"""What a pipeline's sizes and blocks must obey."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from midge.errors import FeatureError
from midge.features import steps

if TYPE_CHECKING:
    from midge.features.pipeline import Pipeline

SCALINGS = ("column", "block")


def check(pipeline: Pipeline, alone: bool) -> None:
    """Raises FeatureError for blocks or sizes that do not go together.

    Args:
        alone: one of the blocks stands in a row by itpipeline.
    """

    def refuse(what: str, do: str = "") -> FeatureError:
        return FeatureError(what, where=pipeline.where, do=do)

    kinds = [one.gives_columns for one in pipeline.blocks]
    if not any(kinds) or kinds != sorted(kinds):
        names = [one.name for one in pipeline.blocks]
        raise refuse(
            f"blocks {names}: needed signal blocks, then one or more of "
            + ", ".join(n for n, b in steps.BLOCKS.items() if b.gives_columns)
        )
    if alone and sum(kinds) != 1:
        names = [one.name for one in pipeline.blocks if one.gives_columns]
        raise refuse(
            f"{' and '.join(names)}: raw samples or a picture stand in a row by themselves",
            "leave out the other features",
        )
    if pipeline.picture and len(pipeline.blocks) + len(pipeline.channels) > 2:
        raise refuse(
            f"{len(pipeline.blocks)} blocks and {len(pipeline.channels)} channels: a picture is "
            "the only block, of one channel",
            "leave out the others",
        )
    if not (math.isfinite(pipeline.rate_hz) and pipeline.rate_hz > 0):
        raise refuse(f"the rate is {pipeline.rate_hz:g} Hz, needed above 0")
    if not pipeline.channels:
        raise refuse("no channels")
    if min(pipeline.length, pipeline.hop, pipeline.frame, pipeline.step) < 1:
        raise refuse(
            f"length {pipeline.length}, hop {pipeline.hop}, frame {pipeline.frame}, "
            f"step {pipeline.step}: needed above 0"
        )
    if pipeline.frame > pipeline.length:
        raise refuse(
            f"a frame of {pipeline.frame} samples is longer than the window of {pipeline.length}",
            "make [window] length larger, or the frame shorter",
        )
    if pipeline.step > pipeline.frame:
        raise refuse(
            f"a step of {pipeline.step} samples is longer than the frame of {pipeline.frame}: "
            "samples between would be lost"
        )
    if pipeline.hop % pipeline.step:
        raise refuse(
            f"windows come every {pipeline.hop} samples, rows every {pipeline.step}: needed a "
            "multiple",
            f"set [window] hop to {max(1, round(pipeline.hop / pipeline.step)) * pipeline.step}",
        )
    if pipeline.scaling not in SCALINGS:
        raise refuse(f"scaling is {pipeline.scaling!r}, needed one of {', '.join(SCALINGS)}")
