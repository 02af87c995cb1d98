"""Do the classes of recordings, of ``[data] labels`` and of both sides of a split agree?"""

from __future__ import annotations

import difflib
import itertools
import re
from pathlib import Path

from midge.recordings.check import Finding
from midge.recordings.recording import DataError, Recording
from midge.recordings.split import Split, group_of

_ALIKE = 0.85  # of difflib's ratio: a letter more in one of seven


def findings(recordings: list[Recording], labels: list[str], others: str) -> list[Finding]:
    """What ``midge data`` tells of the classes.

    Args:
        labels: of midge.toml; empty: whatever the recordings say.
        others: the class of those that ``labels`` does not name; "": there is none.
    """
    found = found_in(recordings)
    tell = []
    if labels and not others and (problem := _disagree(found, set(labels) - {others})):
        tell.append(Finding("", problem, _do(labels), serious=True))
    elif labels and (missing := sorted(set(labels) - found - {others})):
        tell.append(Finding("", f"no recording of {', '.join(missing)}", _do(labels), True))
    if len(found) == 1 and not others:
        tell.append(Finding(
            "", f"only one class, {next(iter(found))!r}",
            "add recordings of something else, even if only of nothing happening",
        ))  # fmt: skip
    if not labels:
        tell += [
            Finding("", f"{a!r} and {b!r} look like one class", "rename one if they are")
            for a, b in itertools.combinations(sorted(found), 2)
            if _look_alike(a, b)
        ]
    return tell


def check(folder: Path, names: list[str], others: str, parts: Split) -> None:
    """Raises DataError where there are fewer than two classes, or where one side of the split has
    others than ``names``: says which, on what side, and what has them."""
    everything = found_in([*parts.train, *parts.test]) - {others}
    if problem := _disagree(everything, set(names)):
        raise DataError(problem, where=str(folder), do=_do(names))
    if len(names) + bool(others) < 2:
        raise DataError(
            f"needs at least 2 classes, found only {names[0]!r}", where=str(folder),
            do="add recordings of something else, even if only of nothing happening",
        )  # fmt: skip
    sides = (("train", parts.train, parts.test), ("test", parts.test, parts.train))
    for side, here, there in sides:
        if missing := sorted(set(names) - found_in(here)):
            raise DataError(
                f"no recording of {', '.join(missing)} to {side} with, only on the other side "
                f"of the split: in {_has(missing, there, parts.group)}",
                where=str(folder),
                do="record more of it"
                + (f", or choose others by [data] test_groups ({parts.group})" * bool(parts.group))
            )  # fmt: skip


def found_in(recordings: list[Recording]) -> set[str]:
    """The classes of recordings."""
    return {label for recording in recordings for label in recording.labels}


def _disagree(found: set[str], names: set[str]) -> str:
    """What is wrong where the recordings have other classes than they should; "" where not."""
    extra, missing = sorted(found - names), sorted(names - found)
    said = [f"no recording of {', '.join(missing)}"] if missing else []
    if extra:
        each = (name + _close(name, missing or sorted(names)) for name in extra)
        said.append(f"recordings of {', '.join(each)}, which [data] labels does not name")
    return "; ".join(said)


def _do(names: list[str]) -> str:
    return f"the classes are {', '.join(names)}: record, rename or list them"


def _has(labels: list[str], recordings: list[Recording], group: str) -> str:
    having = [r for r in recordings if set(r.labels) & set(labels)]
    of = sorted({group_of(r, group) if group else r.name for r in having})
    return ", ".join(of[:5]) + (f" and {len(of) - 5} more" if len(of) > 5 else "")


def _close(name: str, known: list[str]) -> str:
    """A hint at what a mistyped class might mean."""
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _look_alike(a: str, b: str) -> bool:
    """Upper and lower case, letters in another order, or one too many; not other numbers."""
    a, b = a.casefold(), b.casefold()
    if a == b:
        return True
    if re.sub(r"\d", "", a) == re.sub(r"\d", "", b) or min(len(a), len(b)) < 4:
        return False
    return sorted(a) == sorted(b) or difflib.SequenceMatcher(None, a, b).ratio() >= _ALIKE
