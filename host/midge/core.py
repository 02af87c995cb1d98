"""The C core on this machine: compiled once into the cache, called through ctypes.

``Core().run(...)`` executes the very kernels that firmware is built from.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from midge import abi, paths
from midge.errors import BuildError, ModelError
from midge.program import State

_FLAGS = ("-std=c99", "-O2", "-fPIC", "-shared", "-ffp-contract=off")
_SANITIZE = ("-fsanitize=undefined", "-fno-sanitize-recover=all", "-g")
_INSTALL = "install a C compiler: `sudo apt install gcc libc6-dev` (or set $CC)"


def sources() -> list[Path]:
    """The core's C files."""
    return sorted(abi.core_dir().glob("*.c"))


def compiler() -> str:
    """The C compiler: ``$CC``, else ``cc``.

    Raises:
        BuildError: there is none.
    """
    name = os.environ.get("CC") or "cc"
    found = shutil.which(name)
    if found is None:
        raise BuildError(f"no C compiler: '{name}' is not on the PATH", do=_INSTALL)
    return found


def build(sanitize: bool = False) -> Path:
    """Compiles the core into a shared library, unless an equal one is in the cache.

    The file's name holds a hash of sources, headers, flags and compiler. It appears in one
    piece, so an interrupted or simultaneous build does no harm.

    Raises:
        BuildError: no compiler, or it failed (with its first error).
    """
    cc = compiler()
    flags = [*_FLAGS, *(_SANITIZE if sanitize else ())]
    digest = hashlib.sha256(" ".join([cc, *flags, sys.platform]).encode())
    for path in sorted(abi.core_dir().glob("*.[ch]")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    target = paths.cache_dir() / "core" / f"midge-{digest.hexdigest()[:20]}.so"
    if not target.exists():
        _compile(cc, flags, target)
    return target


def _compile(cc: str, flags: list[str], target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
    except OSError as err:
        raise BuildError(
            f"cannot write the compiled core: {err.strerror}",
            where=str(target.parent),
            do="set $MIDGE_CACHE to a folder that can be written",
        ) from err
    os.close(handle)
    try:
        command = [cc, *flags, "-o", name, *map(str, sources())]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if "error" in line]
            first = lines[0] if lines else done.stderr.strip() or f"exit code {done.returncode}"
            raise BuildError(f"the C compiler failed: {first}", where=cc, do=_INSTALL)
        os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)


class _Ctx(ctypes.Structure):
    _fields_ = [
        ("arena", ctypes.c_void_p),
        ("consts", ctypes.c_void_p),
        ("state", ctypes.c_void_p),
    ]


class _Port(ctypes.Structure):  # midge_port_t
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("offset", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("dtype", ctypes.c_uint8),
        ("rank", ctypes.c_uint8),
        ("shape", ctypes.c_int32 * 4),
        ("scale", ctypes.c_float),
        ("zero_point", ctypes.c_int32),
    ]


class _Raw(ctypes.Structure):  # midge_raw_t
    _fields_ = [
        ("channels", ctypes.c_uint32),
        ("offset", ctypes.c_void_p),
        ("mult", ctypes.c_void_p),
        ("shift", ctypes.c_void_p),
    ]


class Core:
    """The loaded library.

    Args:
        sanitize: use a build that stops the process at undefined behaviour.

    Raises:
        BuildError: it cannot be compiled or loaded.
    """

    def __init__(self, sanitize: bool = False):
        path = build(sanitize)
        try:
            self._lib = ctypes.CDLL(str(path))
        except OSError as err:
            raise BuildError(
                f"cannot load the compiled core: {err}", where=str(path), do="delete it, try again"
            ) from err
        self._run = self._lib.midge_run_words
        self._run.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(_Ctx)]
        self._run.restype = ctypes.c_int
        self._quantize = self._lib.midge_quantize_raw
        self._quantize.argtypes = [
            ctypes.POINTER(_Raw),
            ctypes.POINTER(_Port),
            ctypes.c_void_p,
            ctypes.c_size_t,
            ctypes.c_void_p,
        ]
        self._quantize.restype = None

    def run(
        self,
        words: np.ndarray,
        consts: bytes | bytearray | memoryview | np.ndarray,
        arena: np.ndarray,
        state: np.ndarray | None = None,
    ) -> None:
        """Runs a packed op list over ``arena``.

        Args:
            words: int32 [n], the op list.
            consts: the constants; read only.
            arena: uint8 [arena_bytes], contiguous, aligned to 8; inputs in, outputs out.
            state: as ``arena``, [state_bytes]; what the model keeps; default: nothing.

        Raises:
            ModelError: the list has an unknown opcode or a wrong length.
            ValueError: an array of the wrong type or layout.
        """
        if words.dtype != np.int32 or not words.flags.c_contiguous:
            raise ValueError(f"words: needed contiguous int32, found {words.dtype}")
        _check_block("arena", arena)
        if state is not None:
            _check_block("state", state)
        flat = aligned_bytes(consts)
        ctx = _Ctx(
            arena.ctypes.data, flat.ctypes.data, None if state is None else state.ctypes.data
        )
        bad = self._run(words.ctypes.data, words.size, ctypes.byref(ctx))
        if bad:
            raise ModelError(
                f"op {bad} of the packed model is not one this core knows",
                do="compile the model again",
            )

    def quantize_raw(
        self,
        counts: np.ndarray,
        offset: np.ndarray,
        mult: np.ndarray,
        shift: np.ndarray,
        zero_point: int,
        dtype: str = "int8",
    ) -> np.ndarray:
        """Quantizes raw int16 counts as firmware does; see ``midge_raw_t``.

        Args:
            counts: int16, any shape; the number of channels divides its size.
            offset, mult, shift: integers [channels], from :mod:`midge.raw`.
            zero_point: of the model's input; ``dtype`` its type, int8, uint8 or int16.

        Returns:
            An array of ``dtype``, with the shape of ``counts``.

        Raises:
            ValueError: the sizes do not fit together.
        """
        counts = np.ascontiguousarray(counts, np.int16)
        columns: list[np.ndarray] = [
            np.ascontiguousarray(offset, np.int32),
            np.ascontiguousarray(mult, np.int32),
            np.ascontiguousarray(shift, np.int8),
        ]
        channels = columns[0].size
        if any(column.size != channels for column in columns) or counts.size % channels:
            raise ValueError(
                f"{counts.size} counts, and offset, mult, shift of "
                f"{[c.size for c in columns]} channels: needed a whole number of samples"
            )
        out = np.empty(counts.shape, dtype)
        port = _Port(dtype={"int8": 0, "uint8": 1, "int16": 2}[dtype], zero_point=zero_point)
        raw = _Raw(channels, *(column.ctypes.data for column in columns))
        self._quantize(
            ctypes.byref(raw), ctypes.byref(port), counts.ctypes.data, counts.size, out.ctypes.data
        )
        return out


def _check_block(name: str, block: np.ndarray) -> None:
    if block.dtype != np.uint8 or not block.flags.c_contiguous or not block.flags.writeable:
        raise ValueError(f"{name}: needed contiguous writable uint8, found {block.dtype}")
    if block.ctypes.data % 8:
        raise ValueError(f"{name}: its address is not a multiple of 8")


def fresh_state(states: list[State]) -> np.ndarray:
    """A model's state as it is before a sequence's first inference: uint8, aligned to 8."""
    end = max((state.offset + state.nbytes for state in states), default=0)
    block = np.zeros(-(-max(end, 1) // 8) * 8, np.uint8)
    for state in states:
        block[state.offset : state.offset + state.nbytes] = state.reset
    return aligned_array(block)


def aligned_bytes(data: bytes | bytearray | memoryview | np.ndarray) -> np.ndarray:
    """``data`` as uint8 at an address that is a multiple of 8; copied only where it is not."""
    flat = np.frombuffer(data, np.uint8)
    return flat if flat.ctypes.data % 8 == 0 else aligned_array(flat)


def aligned_array(values: np.ndarray) -> np.ndarray:
    """A copy of uint8 ``values`` at an address that is a multiple of 8."""
    room = np.zeros(values.size + 8, np.uint8)
    start = -room.ctypes.data % 8
    room[start : start + values.size] = values
    return room[start : start + values.size]


@functools.cache
def load() -> Core:
    """The core, compiled and loaded at first use."""
    return Core()
