"""Reads a classical model's file into the graph that everything after it works on."""

from __future__ import annotations

from pathlib import Path

from midge.classical import gaussian, neighbors, network, store, trees
from midge.classical.maker import Maker
from midge.errors import ModelError
from midge.graph import Graph

_BUILD = {
    "trees": trees.build,
    "gaussian": gaussian.build,
    "neighbors": neighbors.build,
    "network": network.build,
}


def read(path: Path) -> Graph:
    """The graph of a ``.npz``: parameters become integers here.

    Raises:
        ModelError: the file is no classical model, or its numbers do not fit integers.
    """
    model, sha256 = store.load(path)
    maker = Maker(model, str(path), sha256)
    try:
        _BUILD[model.kind](maker)
    except ValueError as err:
        raise ModelError(
            f"{model.source}: {err}", where=str(path), do="train a smaller or plainer model"
        ) from err
    return maker.done()
