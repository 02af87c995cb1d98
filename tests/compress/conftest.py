"""Keras, for the tests of what is done to its networks."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def keras():
    pytest.importorskip("tensorflow", reason="needs the extra: pip install .[train]")
    from midge.train.tf import import_tensorflow

    return import_tensorflow().keras
