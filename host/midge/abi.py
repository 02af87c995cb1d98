"""The C core's interface, read from its own headers.

``midge_params*.h`` say which fields a kernel takes and in which order, ``midge_ops.h`` and
``midge_dsp_ops.h`` which opcode names which kernel or signal block, ``midge.h`` the interface's
version. Nothing here repeats them.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from pathlib import Path

from midge import paths
from midge.errors import BuildError

NONE = -(2**31)  # MIDGE_NONE: an absent operand


@dataclasses.dataclass(frozen=True)
class Field:
    """One parameter. ``is_ref``: an operand (``midge_ref_t``), not a number."""

    name: str
    is_ref: bool


@dataclasses.dataclass(frozen=True)
class Kernel:
    """``midge_<name>``, with the fields of ``midge_<name>_t`` in their order."""

    name: str
    opcode: int
    fields: tuple[Field, ...]

    @property
    def refs(self) -> tuple[str, ...]:
        """Names of the fields that are operands."""
        return tuple(field.name for field in self.fields if field.is_ref)


@dataclasses.dataclass(frozen=True)
class Abi:
    """Everything that the headers say. ``version`` is ``MIDGE_ABI``."""

    version: int
    kernels: dict[str, Kernel]


_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
_STRUCT = re.compile(r"typedef struct _(\w+)\s*\{(.*?)\}\s*(\w+)\s*;", re.S)
_ALIAS = re.compile(r"typedef\s+midge_(\w+)_t\s+midge_(\w+)_t\s*;")
_FIELD = re.compile(r"(int32_t|midge_ref_t)\s+(\w+)")
_OP = re.compile(r"\bX\(\s*(\d+)\s*,\s*(\w+)\s*\)")
_VERSION = re.compile(r"#define\s+MIDGE_ABI\s+\(?(\d+)\)?")


def parse_structs(text: str, where: str = "midge_params.h") -> dict[str, tuple[Field, ...]]:
    """Reads ``typedef struct _midge_<kernel>_t {...}``; keys are kernel names.

    Raises:
        BuildError: a struct has another name than its tag, or a field is not an
            ``int32_t`` or ``midge_ref_t``, or two fields have one name.
    """
    structs: dict[str, tuple[Field, ...]] = {}
    for tag, body, name in _STRUCT.findall(_COMMENT.sub("", text)):
        found = re.fullmatch(r"midge_(\w+)_t", name)
        if tag != name or found is None:
            raise BuildError(f"struct _{tag} is called {name}, not midge_<kernel>_t", where=where)
        fields = []
        for line in filter(None, (part.strip() for part in body.split(";"))):
            field = _FIELD.fullmatch(line)
            if field is None:
                what = f"'{line}' in {name} is not an int32_t or midge_ref_t"
                raise BuildError(what, where=where)
            fields.append(Field(field[2], field[1] == "midge_ref_t"))
        if len({field.name for field in fields}) != len(fields):
            raise BuildError(f"{name} has two fields of one name", where=where)
        structs[found[1]] = tuple(fields)
    return structs


def parse_aliases(text: str) -> dict[str, str]:
    """Reads ``typedef midge_<kernel>_t midge_<other>_t;``: other -> the kernel whose fields it
    has."""
    return {name: known for known, name in _ALIAS.findall(_COMMENT.sub("", text))}


def parse_ops(text: str, where: str = "midge_ops.h") -> dict[str, int]:
    """Reads the ``X(opcode, kernel)`` table: kernel -> opcode.

    Raises:
        BuildError: the table is empty, or an opcode or a kernel is there twice.
    """
    pairs = [(int(opcode), name) for opcode, name in _OP.findall(_COMMENT.sub("", text))]
    names = {name: opcode for opcode, name in pairs}
    if not pairs or len(names) != len(pairs) or len(set(names.values())) != len(pairs):
        raise BuildError("no opcode table, or an opcode or kernel twice", where=where)
    return names


def parse(folder: Path) -> Abi:
    """Reads the headers in ``folder``.

    Raises:
        BuildError: a header is missing or malformed, or kernels and structs do not match.
    """
    texts = {}
    more = sorted(path.name for path in folder.glob("midge_params_*.h"))
    for name in ("midge.h", "midge_ops.h", "midge_dsp_ops.h", "midge_params.h", *more):
        try:
            texts[name] = (folder / name).read_text(encoding="utf-8")
        except OSError as err:
            raise BuildError(
                f"cannot read it: {err.strerror}",
                where=str(folder / name),
                do="install Midge again",
            ) from err
    version = _VERSION.search(texts["midge.h"])
    if version is None:
        raise BuildError("MIDGE_ABI is not defined", where=str(folder / "midge.h"))
    params = {name: text for name, text in texts.items() if name.startswith("midge_params")}
    found = [parse_structs(text, str(folder / name)) for name, text in params.items()]
    structs = {kernel: fields for group in found for kernel, fields in group.items()}
    if len(structs) != sum(map(len, found)):
        raise BuildError("two headers have a struct of one name", where=str(folder))
    for name, known in parse_aliases("".join(params.values())).items():
        if known not in structs or name in structs:
            what = f"midge_{name}_t is called after midge_{known}_t, needed: a struct, a new name"
            raise BuildError(what, where=str(folder))
        structs[name] = structs[known]
    tables = texts["midge_ops.h"] + texts["midge_dsp_ops.h"]
    opcodes = parse_ops(tables, str(folder / "midge_ops.h"))
    if structs.keys() != opcodes.keys():
        odd = ", ".join(sorted(structs.keys() ^ opcodes.keys()))
        raise BuildError(f"kernels without struct or opcode: {odd}", where=str(folder))
    kernels = {name: Kernel(name, opcodes[name], fields) for name, fields in structs.items()}
    return Abi(int(version[1]), kernels)


@functools.cache
def load() -> Abi:
    """The interface of the core this package carries."""
    return parse(core_dir())


def core_dir() -> Path:
    """The folder of the core's C sources."""
    return paths.firmware_modules_dir() / "midge"
