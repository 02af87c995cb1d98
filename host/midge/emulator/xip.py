"""What one inference reads from flash, and what of it misses the execute-in-place cache.

The emulated Pico counts cycles as if flash had no wait states. This runs the same firmware's
kernels once more, by an instruction-set simulator (``unicorn``, the extra ``midge[xip]``) that
calls back for every basic block and every load in flash, through a model of the RP2040's cache:
``cache_ways`` ways of lines, least recently used out first, empty at the start. Real misses also
depend on what else runs; the model is for comparing models and kernels.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from midge.errors import LinkError
from midge.firmware import linkmap
from midge.golden import golden

if TYPE_CHECKING:
    from midge.boards import Board
    from midge.compile import CompiledModel
    from midge.links.emulated import EmulatedLink

SRAM_BASE, SRAM_BYTES = 0x2000_0000, 0x4_2000  # RP2040 datasheet, 2.6.2
ROM_BYTES = 0x4000  # RP2040 datasheet, 2.6.1
SIO_BASE, SIO_BYTES = 0xD000_0000, 0x1000  # RP2040 datasheet, 2.3.1.7
_PAGE = 0x1000
_BX_LR = b"\x70\x47"


@dataclasses.dataclass
class LayerReads:
    """One kernel call. Bytes count every access; a miss is a line fetched from the chip."""

    code_bytes: int = 0  # instructions run from flash
    data_bytes: int = 0  # constants and literals read from flash
    misses: int = 0


class Cache:
    """A set-associative cache of lines, least recently used out first."""

    def __init__(self, size: int, ways: int, line: int):
        self._sets: list[list[int]] = [[] for _ in range(size // ways // line)]
        self._ways = ways
        self.line = line

    def touch(self, start: int, size: int) -> int:
        """Reads ``size`` bytes from ``start`` on; how many lines were not there."""
        missed = 0
        for line in range(start // self.line, (start + size - 1) // self.line + 1):
            there = self._sets[line % len(self._sets)]
            if line in there:
                there.remove(line)
            else:
                missed += 1
                if len(there) == self._ways:
                    del there[0]
            there.append(line)
        return missed


class Divider:
    """The RP2040's integer divider (datasheet, 2.3.1.5), which the SDK's division uses."""

    DIVIDEND, DIVISOR, SIGNED, QUOTIENT, REMAINDER, CSR = 0x60, 0x64, 0x08, 0x70, 0x74, 0x78

    def __init__(self) -> None:
        self._operands = [0, 1]
        self._results = {self.QUOTIENT: 0, self.REMAINDER: 0, self.CSR: 1}

    def write(self, offset: int, value: int) -> None:
        if offset in (self.QUOTIENT, self.REMAINDER):  # a saved state put back
            self._results[offset] = value
            return
        signed = bool(offset & self.SIGNED)
        which = (offset & ~self.SIGNED) - self.DIVIDEND
        if which in (0, 4):
            self._operands[which // 4] = value
            self._divide(signed)

    def _divide(self, signed: bool) -> None:
        a, b = (_signed(v) if signed else v for v in self._operands)
        if b == 0:
            quotient, remainder = (1 if signed and a < 0 else -1), a
        else:
            quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
            remainder = a - quotient * b
        self._results[self.QUOTIENT] = quotient & 0xFFFF_FFFF
        self._results[self.REMAINDER] = remainder & 0xFFFF_FFFF

    def read(self, offset: int) -> int:
        if offset & ~0xC == self.DIVIDEND:
            return self._operands[(offset & 4) // 4]
        return self._results.get(offset, 0)


def _signed(value: int) -> int:
    return value - (1 << 32) if value & 0x8000_0000 else value


def available() -> bool:
    """Whether the simulator is installed."""
    return importlib.util.find_spec("unicorn") is not None


def trace(
    link: EmulatedLink, compiled: CompiledModel, board: Board, binary: Path, elf: Path
) -> list[LayerReads]:
    """One inference of the golden sample by the firmware that ``link`` has booted.

    Args:
        binary: the firmware's flash image.
        elf: its symbols.

    Returns:
        What each kernel call read, in the order of the program's steps.

    Raises:
        LinkError: the simulated run did not end, or gave another output than the host.
    """
    sample = golden(compiled)
    run = _Run(link.pico.snapshot(), binary.read_bytes(), elf, board)
    run.load(compiled, sample[0])
    layers = run.go(compiled)
    if run.output(compiled, len(sample[1])) != sample[1]:
        raise LinkError(
            "the simulated run gave another output than the host",
            where=str(elf),
            do="build the firmware again from this model",
        )
    return layers


class _Run:
    """The simulator with the board's memory in it."""

    def __init__(self, memory: tuple[bytes, bytes], flash: bytes, elf: Path, board: Board):
        import unicorn
        from unicorn import arm_const

        self._arm, self._error = arm_const, unicorn.UcError
        self._elf = elf
        cpu = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        cpu.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M0)
        size = -(-len(flash) // _PAGE) * _PAGE
        for base, length, data in (
            (board.flash_base, size, flash),
            (SRAM_BASE, SRAM_BYTES, memory[0]),
            (0, ROM_BYTES, memory[1]),
        ):
            cpu.mem_map(base, length)
            cpu.mem_write(base, data)
        divider = Divider()
        cpu.mmio_map(
            SIO_BASE,
            SIO_BYTES,
            lambda _uc, offset, _size, _data: divider.read(offset),
            None,
            lambda _uc, offset, _size, value, _data: divider.write(offset, value),
            None,
        )
        self._cache = Cache(board.xip_cache_bytes, board.xip_cache_ways, board.xip_line_bytes)
        self._now = LayerReads()
        end = board.flash_base + size - 1
        cpu.hook_add(unicorn.UC_HOOK_BLOCK, self._on_block, begin=board.flash_base, end=end)
        cpu.hook_add(unicorn.UC_HOOK_MEM_READ, self._on_read, begin=board.flash_base, end=end)
        self._cpu: Any = cpu

    def _on_block(self, _cpu: Any, address: int, size: int, _data: Any) -> None:
        self._now.code_bytes += size
        self._now.misses += self._cache.touch(address, size)

    def _on_read(
        self, _cpu: Any, _access: int, address: int, size: int, _value: int, _data: Any
    ) -> None:
        self._now.data_bytes += size
        self._now.misses += self._cache.touch(address, size)

    def load(self, compiled: CompiledModel, sample: bytes) -> None:
        arena = self._symbol("midge_arena")
        for port in compiled.program.inputs:
            size = math.prod(port.shape) * np.dtype(port.dtype).itemsize
            offset = compiled.program.buffers[port.buffer].offset
            self._cpu.mem_write(arena + offset, sample[:size])
            sample = sample[size:]

    def output(self, compiled: CompiledModel, size: int) -> bytes:
        port = compiled.program.outputs[0]
        offset = compiled.program.buffers[port.buffer].offset
        return bytes(self._cpu.mem_read(self._symbol("midge_arena") + offset, size))

    def go(self, compiled: CompiledModel) -> list[LayerReads]:
        """Calls ``midge_run``; its trace function is a return in the stack's other bank."""
        from midge.c_text import identifier

        cpu, arm = self._cpu, self._arm
        top = self._symbol("__StackTop")
        back = self._symbol("__StackBottom")  # nothing else is there: the stack grows down to it
        cpu.mem_write(back, _BX_LR + _BX_LR)
        layers: list[LayerReads] = []

        def next_layer(_cpu: Any, _address: int, _size: int, _data: Any) -> None:
            self._now = LayerReads()
            layers.append(self._now)

        import unicorn

        hook = cpu.hook_add(unicorn.UC_HOOK_CODE, next_layer, begin=back, end=back + 1)
        arguments = (
            (arm.UC_ARM_REG_R0, self._symbol(f"midge_model_{identifier(compiled.meta.name)}")),
            (arm.UC_ARM_REG_R1, self._symbol("midge_arena")),
            (arm.UC_ARM_REG_R2, back | 1),
            (arm.UC_ARM_REG_R3, 0),
            (arm.UC_ARM_REG_SP, top),
            (arm.UC_ARM_REG_LR, (back + 2) | 1),
        )
        for register, value in arguments:
            cpu.reg_write(register, value)
        try:
            cpu.emu_start(self._symbol("midge_run") | 1, back + 2)
        except self._error as err:
            at = cpu.reg_read(arm.UC_ARM_REG_PC)
            raise LinkError(
                f"the simulated run stopped at {at:#x}: {err}",
                where=str(self._elf),
                do="build the firmware again from this model",
            ) from err
        finally:
            cpu.hook_del(hook)
        return layers[: len(compiled.program.steps)]

    def _symbol(self, name: str) -> int:
        return linkmap.symbol(self._elf, name)
