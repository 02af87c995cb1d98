"""Finds the programs that build firmware, and says which Debian packages bring the missing."""

from __future__ import annotations

import dataclasses
import shutil

from midge.errors import BuildError


@dataclasses.dataclass(frozen=True)
class Tool:
    """A program and the Debian packages that make it work."""

    program: str
    packages: tuple[str, ...]


_MAKE = (Tool("make", ("make",)), Tool("cc", ("gcc", "libc6-dev")))  # mpy-cross is built by these
_ARM = Tool(
    "arm-none-eabi-gcc",
    ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "libstdc++-arm-none-eabi-newlib"),
)

# By MicroPython port.
TOOLS: dict[str, tuple[Tool, ...]] = {
    "rp2": (_ARM, Tool("cmake", ("cmake",)), Tool("ninja", ("ninja-build",)), *_MAKE),
    "qemu": _MAKE,  # and what the machine's qemu.toml names
    "unix": (*_MAKE, Tool("pkg-config", ("pkg-config", "libffi-dev"))),
}


def missing(port: str) -> list[Tool]:
    """The tools of a port that are not on the PATH."""
    return [tool for tool in TOOLS[port] if shutil.which(tool.program) is None]


def check(port: str) -> None:
    """Raises BuildError when a tool is missing: which, and the one command that mends it."""
    if port not in TOOLS:
        raise BuildError(f"no build for MicroPython's port {port!r}", do=f"ports: {list(TOOLS)}")
    lacking = missing(port)
    if lacking:
        packages = " ".join(package for tool in lacking for package in tool.packages)
        raise BuildError(
            f"missing: {', '.join(tool.program for tool in lacking)}",
            where=f"building for {port}",
            do=f"sudo apt-get install -y {packages}",
        )
