"""Which archive is taken from apt's source lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from midge.errors import BuildError
from midge.firmware.aptsources import Archive, machine_archive

RELEASE = 'ID=debian\nVERSION_CODENAME="bookworm"\n'

DEB822 = """\
# the first is another one's
Types: deb
URIs: scheme://other/apt
Suites: nodistro
Components: main
Signed-By: /other.gpg

Enabled: no
Types: deb
URIs: scheme://disabled/debian
Suites: bookworm
Components: main

Types: deb
# a comment in the middle
URIs: scheme://mirror/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /debian.gpg
"""

INLINE_KEY = """\
Types: deb
URIs: scheme://mirror/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQ==
 -----END PGP PUBLIC KEY BLOCK-----
"""

ONE_LINE = """\
# deb scheme://commented/debian bookworm main
deb scheme://flat/repo ./
deb [arch=amd64 signed-by=/a.gpg,/b.gpg] scheme://mirror/debian bookworm main contrib # why
deb-src scheme://late/debian bookworm main
"""


def _etc(folder: Path) -> Path:
    (folder / "apt" / "sources.list.d").mkdir(parents=True)
    (folder / "os-release").write_text(RELEASE)
    return folder


def test_deb822_by_the_machines_own_release(tmp_path: Path) -> None:
    path = _etc(tmp_path)
    (path / "apt/sources.list.d/a.sources").write_text(DEB822)
    found = machine_archive(path)
    assert found.uri == "scheme://mirror/debian"
    assert found.signed_by == "/debian.gpg"
    assert found.stanza(["forky", "trixie"]) == (
        "Types: deb deb-src\nURIs: scheme://mirror/debian\nSuites: forky trixie\n"
        "Components: main\nSigned-By: /debian.gpg\n"
    )


def test_a_key_in_the_file_is_kept_line_by_line(tmp_path: Path) -> None:
    path = _etc(tmp_path)
    (path / "apt/sources.list.d/a.sources").write_text(INLINE_KEY)
    key = INLINE_KEY.partition("Signed-By:")[2].strip("\n")
    assert machine_archive(path).stanza(["x"]).endswith(f"Signed-By: \n{key}\n")


def test_one_line_style(tmp_path: Path) -> None:
    path = _etc(tmp_path)
    (path / "apt/sources.list").write_text(ONE_LINE)
    assert machine_archive(path) == Archive(
        "scheme://mirror/debian", ("bookworm",), ("main", "contrib"), "/a.gpg /b.gpg"
    )


def test_any_archive_with_main_is_better_than_none(tmp_path: Path) -> None:
    path = _etc(tmp_path)
    (path / "apt/sources.list").write_text("deb scheme://mirror/debian trixie main\n")
    (path / "apt/sources.list.d/backup.list.save").write_text("deb scheme://no/debian x main\n")
    assert machine_archive(path).uri == "scheme://mirror/debian"


def test_no_archive_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no archive with the component main"):
        machine_archive(_etc(tmp_path))
