"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable, Iterator
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


@pytest.fixture
def full_disk() -> Callable[[int], contextlib.AbstractContextManager[None]]:
    """Inside ``full_disk(n)`` no file grows beyond ``n`` bytes, in this process and its children:
    the kernel writes a part, then refuses, as on a full disk (with EFBIG, not ENOSPC)."""

    @contextlib.contextmanager
    def limit(nbytes: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (nbytes, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limit
