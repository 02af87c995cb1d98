"""Finds the Debian archive that this machine is set up to use.

Reads apt's own source lists, both kinds: deb822 (``*.sources``) and one-line (``*.list``).
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from midge.errors import BuildError

_ONE_LINE = re.compile(r"^deb(?:-src)?\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<rest>\S.*)$")


@dataclasses.dataclass(frozen=True)
class Archive:
    """A Debian archive: where it is and which keys sign it."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""  # a path, or the lines of an inline key as they stand in the file

    def stanza(self, suites: list[str]) -> str:
        """A deb822 stanza for binary and source packages of other suites of this archive."""
        lines = [
            "Types: deb deb-src",
            f"URIs: {self.uri}",
            f"Suites: {' '.join(suites)}",
            "Components: main",
        ]
        if self.signed_by:
            lines.append(f"Signed-By: {self.signed_by}")
        return "\n".join(lines) + "\n"


def machine_archive(etc: Path = Path("/etc")) -> Archive:
    """The archive of the machine's own release: the first that serves it with ``main``.

    Raises:
        BuildError: the machine's apt knows no such archive.
    """
    archives = [a for a in read_archives(etc / "apt") if "main" in a.components]
    codename = _codename(etc / "os-release")
    for archive in [a for a in archives if codename in a.suites] or archives:
        return archive
    raise BuildError(
        "apt has no archive with the component main",
        where=str(etc / "apt"),
        do="add Debian's archive to apt's sources, or set MIDGE_SOURCES=git",
    )


def read_archives(apt: Path) -> list[Archive]:
    """All enabled archives in apt's source lists, in the order in which apt reads them."""
    parts = sorted((apt / "sources.list.d").glob("*")) if apt.is_dir() else []
    archives: list[Archive] = []
    for path in (apt / "sources.list", *parts):
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".sources":
            archives += _deb822(text)
        elif path.suffix == ".list":
            archives += _one_line(text)
    return archives


def _deb822(text: str) -> list[Archive]:
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    archives = []
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza)
        if fields.get("enabled", "yes").lower() in ("no", "false") or "uris" not in fields:
            continue
        archives.append(
            Archive(
                uri=fields["uris"].split()[0],
                suites=tuple(fields.get("suites", "").split()),
                components=tuple(fields.get("components", "").split()),
                signed_by=fields.get("signed-by", ""),
            )
        )
    return archives


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line[:1] in (" ", "\t") and name:
            fields[name] += "\n" + line
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _one_line(text: str) -> list[Archive]:
    archives = []
    for line in text.splitlines():
        found = _ONE_LINE.match(line.partition("#")[0].strip())
        if not found:
            continue
        uri, *rest = found["rest"].split()
        if not rest:
            continue
        options = dict(o.partition("=")[::2] for o in (found["options"] or "").split())
        signed_by = options.get("signed-by", "").replace(",", " ")
        archives.append(Archive(uri, (rest[0],), tuple(rest[1:]), signed_by))
    return archives


def _codename(os_release: Path) -> str:
    if not os_release.is_file():
        return ""
    found = re.search(r'^VERSION_CODENAME="?([\w-]+)', os_release.read_text(), re.MULTILINE)
    return found[1] if found else ""
