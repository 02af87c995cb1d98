"""The one interface to a board, real or emulated. Nothing above it knows which it is."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from midge.emulator.probes import Edge
from midge.errors import MidgeError

Progress = Callable[[str], object]
DEFAULT_TIMEOUT_S = 60.0


class ScriptError(MidgeError):
    """The script on the board raised an exception; the link itself is fine.

    ``lines`` is all that it printed, ``traceback`` the end of that.
    """

    def __init__(self, printed: list[str], *, where: str):
        self.lines = printed
        starts = [i for i, line in enumerate(printed) if line.startswith("Traceback (most")]
        self.traceback = "\n".join(printed[starts[-1] :] if starts else printed[-1:])
        lines = self.traceback.splitlines()
        super().__init__(
            f"the script raised {lines[-1] if lines else 'an exception'}",
            where=where,
        )


class Link(abc.ABC):
    """A board that runs MicroPython. A context manager: leaving it closes the link."""

    @property
    @abc.abstractmethod
    def description(self) -> str:
        """What people call it: "emulated Pico", "board on /dev/ttyACM0"."""

    @abc.abstractmethod
    def run(self, script: Path, timeout_s: float = DEFAULT_TIMEOUT_S) -> Iterator[str]:
        """Runs a local script in a fresh interpreter and yields its lines as they come.

        Args:
            script: a Python file of the host.
            timeout_s: seconds of the host's clock that the script may take; ``math.inf``: any.

        Raises:
            ScriptError: the script raised an exception, after its lines were yielded.
            LinkError: the board cannot be reached, stopped answering, or took too long.
        """

    @abc.abstractmethod
    def exec(self, code: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> str:
        """Executes code, keeping the interpreter's state, and returns what it printed.

        Raises:
            ScriptError, LinkError: as :meth:`run`.
        """

    @abc.abstractmethod
    def put(self, local: Path, remote: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        """Copies a file to the board's filesystem; ``remote`` is its path there.

        Raises:
            LinkError: as :meth:`run`, or the filesystem refused it.
        """

    def gpio(self) -> list[Edge]:
        """Changes of output pins so far, where the link can see them (the emulator can)."""
        return []

    def close(self) -> None:
        """Lets the board go. Closing twice is fine."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
