"""The RP2040's ADC, written to memory by DMA: a steady rate that no script can disturb.

Registers: RP2040 datasheet, 2.5 (DMA) and 4.9 (ADC). In MicroPython the DMA is ``rp2.DMA``.
"""

import sys
from array import array

try:
    import machine
    import rp2
    import uctypes
except ImportError:  # a PC, or another chip
    pass

from .capture import Capture

try:
    from micropython import const
except ImportError:  # CPython

    def const(value):
        return value


_CS = const(0x4004C000)
_FCS = const(0x4004C008)
_FIFO = const(0x4004C00C)
_DIV = const(0x4004C010)

_ENABLE = const(1)
_START_MANY = const(8)
_READY = const(0x100)
_FIFO_ON = const(0x01000009)  # FIFO, data request, at one sample
_EMPTY = const(0x100)
_OVER = const(0x800)

_CLOCK_HZ = const(48000000)
_LEAST = const(96 * 256)  # cycles of a conversion, in 1/256
_MOST = const(1 << 24)
_DREQ_ADC = const(36)
_HALFWORDS = const(1)
_FIRST_PIN = const(26)


class AdcDma(Capture):
    """Blocks of 12-bit counts (0..4095) of one or several ADC pins; see `Capture`.

    The ADC's own divider sets the rate, two DMA channels fill two buffers in turn, each wrapping
    to its own start: if the script is late, samples are lost and counted, and nothing else is
    ever written. While it runs, ``ADC.read_u16()`` must not be used, and a light sleep stops it.

    Args:
        pins: 26..29 for GP26..GP29, or several of them in rising order, sampled one after the
            other.
        rate_hz: samples per second of each pin; all pins together 733..500000. The divider has
            steps of 1/256 cycle of 48 MHz: the attribute ``rate_hz`` is the rate it has.
        block: samples in a block; with all pins a power of two, 2..16384 values.
        wait, clock: see `Capture`.

    Raises:
        ValueError: a pin, rate or block that cannot be.
        RuntimeError: not an RP2040.
        OSError: no DMA channel is free.
    """

    def __init__(self, pins, rate_hz, block=256, *, wait=None, clock=None):
        chip = getattr(sys.implementation, "_machine", sys.platform)
        if "RP2040" not in chip:
            raise RuntimeError("AdcDma: needs an RP2040, this is " + chip)
        pins = (pins,) if isinstance(pins, int) else tuple(pins)
        inputs = tuple(pin - _FIRST_PIN for pin in pins)
        if not inputs or list(inputs) != sorted(set(inputs)) or inputs[0] < 0 or inputs[-1] > 3:
            raise ValueError(
                "AdcDma: pins needs some of 26..29 in rising order, found %r" % (pins,)
            )
        self._divider = self._divider_for(rate_hz, len(pins))
        values = block * len(pins) if isinstance(block, int) else 0
        if not 2 <= values <= 16384 or values & (values - 1):
            raise ValueError(
                "AdcDma: block * pins needs a power of two from 2 to 16384, found %d" % values
            )
        self._inputs = inputs
        rate_hz = _CLOCK_HZ * 256 / (self._divider * len(pins))
        super().__init__(rate_hz, block, len(pins), wait=wait, clock=clock)
        self._pace(values * self._divider, _CLOCK_HZ // 1000000 * 256)
        self._adcs = [machine.ADC(pin) for pin in pins]  # pins as analogue inputs
        self._dmas = ()
        self._on_full = self._interrupt

    def _divider_for(self, rate_hz, pins):
        # Cycles of 48 MHz for one value, in 1/256.
        if not rate_hz > 0:
            raise ValueError("AdcDma: rate_hz needs a number above 0, found %r" % (rate_hz,))
        divider = int(_CLOCK_HZ * 256 / (rate_hz * pins) + 0.5)
        if not _LEAST <= divider <= _MOST:
            raise ValueError(
                "AdcDma: rate_hz of all pins needs 733..500000, found %r"
                % (round(rate_hz * pins),)
            )
        return divider

    def _make_buffers(self, values):
        # Aligned to their own size: there DMA can wrap.
        size = 2 * values
        raw = array("h", bytes(3 * size))
        skip = -uctypes.addressof(raw) % size // 2
        view = memoryview(raw)
        return [view[skip + i * values : skip + (i + 1) * values] for i in range(2)]

    def _start(self):
        dmas = []
        try:
            dmas.append(rp2.DMA())
            dmas.append(rp2.DMA())
        except OSError:
            for dma in dmas:
                dma.close()
            self._running = False
            raise
        self._dmas = dmas
        machine.mem32[_CS] = _ENABLE | self._inputs[0] << 12 | self._round_robin() << 16
        machine.mem32[_FCS] = _FIFO_ON | _OVER
        self._drain()
        machine.mem32[_DIV] = self._divider - 256  # a conversion every 1 + DIV cycles
        wrap = 0  # addresses keep all but their lowest bits
        while 1 << wrap < 2 * len(self.block):
            wrap += 1
        for i in range(2):
            ctrl = dmas[i].pack_ctrl(
                size=_HALFWORDS, inc_read=False, inc_write=True, ring_sel=True, ring_size=wrap,
                treq_sel=_DREQ_ADC, chain_to=dmas[1 - i].channel, irq_quiet=False,
            )  # fmt: skip
            dmas[i].irq(self._on_full, hard=True)
            dmas[i].config(read=_FIFO, write=self._buffers[i], count=len(self.block), ctrl=ctrl)
        dmas[0].active(1)
        machine.mem32[_CS] = machine.mem32[_CS] & ~_READY | _START_MANY

    def _stop(self):
        machine.mem32[_CS] = _ENABLE
        while not machine.mem32[_CS] & _READY:
            pass
        for dma in self._dmas:  # close() alone leaves the channel busy
            dma.irq(None)
            dma.ctrl = dma.pack_ctrl(enable=False)
            dma.active(0)
            dma.close()
        self._dmas = ()
        self._drain()
        machine.mem32[_FCS] = 0

    def _poll(self):
        if machine.mem32[_FCS] & _OVER:
            # DMA did not get the bus for four conversions: pins may have changed places.
            self._stop()
            self.errors += 1
            self._reset()
            self._start()
            self._gap = True

    def _interrupt(self, dma):
        self._full()

    def _round_robin(self):
        mask = 0
        for one in self._inputs:
            mask |= 1 << one
        return mask if len(self._inputs) > 1 else 0

    def _drain(self):
        while not machine.mem32[_FCS] & _EMPTY:
            machine.mem32[_FIFO]
