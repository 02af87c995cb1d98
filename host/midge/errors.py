"""The one exception that users see: what, where, how much, and what to do."""

from __future__ import annotations


class MidgeError(Exception):
    """A problem the user can mend.

    Args:
        what: what was wrong, with the number needed and the number found.
        where: the file, layer or board it was found in.
        do: what to do about it.
        exit_code: what the command line exits with (see ``docs/cli.md``).
    """

    def __init__(self, what: str, *, where: str = "", do: str = "", exit_code: int = 1):
        self.what = what
        self.where = where
        self.do = do
        self.exit_code = exit_code
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  -> {self.do}" if self.do else text


class ModelError(MidgeError):
    """The model file cannot be read, or asks for something Midge does not do."""


class FeatureError(MidgeError):
    """A filter, window, transform or other step of the signal processing cannot be made."""


class BudgetError(MidgeError):
    """The model does not fit the board or the project's budget."""


class BuildError(MidgeError):
    """A compiler, a source archive or a build step failed."""


class LinkError(MidgeError):
    """The board (or its emulator) cannot be reached, or stopped answering."""
