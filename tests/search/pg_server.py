"""A PostgreSQL server of a test's own: a cluster in a temporary folder, on a loopback port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROLE = "midge"


def bin_dir() -> Path:
    """Where the newest of Debian's PostgreSQL packages has its programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        pytest.skip("needs PostgreSQL's server: apt-get install postgresql")
    return found[-1].parent


@contextmanager
def server() -> Iterator[str]:
    """The address of a running server; it and its files are gone afterwards."""
    programs, folder = bin_dir(), Path(tempfile.mkdtemp(prefix="midge-pg-"))
    # the server refuses to run as root: then as the user whom Debian's package made
    who: dict[str, object] = {}
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        who = {"user": "postgres", "group": "postgres", "extra_groups": []}

    def run(*command: object) -> None:
        done = subprocess.run(
            [str(word) for word in command], cwd=folder, capture_output=True, text=True,
            check=False, env={"PATH": os.environ["PATH"], "LC_ALL": "C"}, **who,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    data, log = folder / "data", folder / "log"
    control = [programs / "pg_ctl", "-D", data, "-w"]
    try:
        run(programs / "initdb", "-D", data, "-U", ROLE, "-A", "trust", "--no-sync")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        options = f"-p {port} -k {folder} -h 127.0.0.1 -c fsync=off"
        # its output to a file: a pipe would stay open for as long as the server runs
        run(*control, "-l", log, "-o", options, "start")
        yield f"postgresql://{ROLE}@127.0.0.1:{port}/postgres"
    finally:
        if (data / "postmaster.pid").exists():
            run(*control, "-m", "immediate", "stop")
        shutil.rmtree(folder)
