"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
_SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """The folder of the four MLPerf Tiny models; not part of the checkout."""
    return _shared("models")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recordings that lies beside the checkout."""
    return _shared("data")


def _shared(name: str) -> Path:
    folder = _SHARED / name
    if not folder.is_dir():
        pytest.skip(f"needs ../shared/{name} beside the checkout, which is not here")
    return folder


@pytest.fixture(scope="session")
def cache() -> Path:
    """The cache that firmware and sources share between sessions and test processes."""
    from midge.paths import cache_dir

    folder = cache_dir()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
