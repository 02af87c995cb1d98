"""A recording as a source of blocks: for trying a script without its sensor, and for tests."""

import sys

from .capture import _TURN, Capture

# Of the RP2040's watchdog; see midge/emulator/probes.py.
_SCRATCH1 = 0x40058010
_SCRATCH2 = 0x40058014
_STREAM = 1 << 30
_EMULATED = 0x4D494347


class Playback(Capture):
    """Plays samples at their rate, by the clock, through the interface of `Capture`.

    A block that the script does not take in time is lost and counted, as with real hardware.

    Args:
        samples: ``array('h')`` or the like, ``channels`` values a sample, at least one block: it
            starts again after its end, a rest shorter than a block is left out. Or a function
            that fills a buffer with int16 and returns how many bytes it put there (an open file's
            ``readinto``): after its end comes silence, and ``done`` is True.
        rate_hz, block, channels, wait, clock: see `Capture`.
        ibuf: bytes that wait beside the two blocks, as ``machine.I2S`` has it. 0: as with a DMA,
            the newest block takes the place of one that nobody took.

    Raises:
        ValueError: there is less than one block of samples.
    """

    def __init__(self, samples, rate_hz, block, channels=1, *, ibuf=0, wait=None, clock=None):
        super().__init__(rate_hz, block, channels, wait=wait, clock=clock)
        self._read = samples if callable(samples) else None
        self._slack_us = int(ibuf // (2 * channels) * 1000000 // rate_hz)
        if ibuf:
            self._keep = 2
        self.done = False
        if self._read:
            return
        values = len(self.block)
        self._count_of = len(samples) // values
        if not self._count_of:
            raise ValueError(
                "Playback: samples needs at least %d values, found %d" % (values, len(samples))
            )
        view = memoryview(samples)
        self._parts = [view[i * values : (i + 1) * values] for i in range(self._count_of)]

    @classmethod
    def emulated(cls, rate_hz, block, *, ibuf=16000, **options):
        """What the emulated Pico's microphone plays; None on every other board.

        The emulator copies samples into the buffer when two scratch registers of the watchdog are
        written (midge/emulator/probes.py), which does nothing elsewhere.
        """
        try:
            from machine import mem32
            from uctypes import addressof
        except ImportError:
            return None

        def read(buf):
            mem32[_SCRATCH1] = addressof(buf)
            mem32[_SCRATCH2] = _STREAM | len(buf) * 2
            return min(mem32[_SCRATCH1], len(buf) * 2)

        if sys.platform != "rp2":
            return None
        mem32[_SCRATCH2] = _STREAM
        if mem32[_SCRATCH1] != _EMULATED:
            return None
        return cls(read, rate_hz, block, ibuf=ibuf, **options)

    def _start(self):
        self._next = 0
        self._begun = self._clock.ticks_us()
        self._over = 0
        self._missed = 0  # blocks lost that are still to be read over

    def _length(self):
        # Of the next block: period + rest / rate microseconds.
        return self._period + (self._over + self._rest) // self._rate

    def _left_us(self):
        # Until the next block is complete.
        clock = self._clock
        return self._length() - clock.ticks_diff(clock.ticks_us(), self._begun)

    def _nap_us(self):
        return max(self._left_us(), 1)

    def _poll(self):
        while True:
            left = self._left_us()
            if left > 0:
                return
            waits = self._gap or (self._filled - self._taken) & _TURN >= 2
            if not self._slack_us or not waits:
                self._fill()
            elif self._length() - left <= self._slack_us:
                return
            else:
                self._missed += 1
                self._lose(self.length)
            length = self._length()
            self._over = (self._over + self._rest) % self._rate
            self._begun = self._clock.ticks_add(self._begun, length)

    def _fill(self):
        buffer = self._buffers[self._filled & 1]
        while self._missed:
            self._missed -= 1
            self._get(buffer)
        self._get(buffer)
        self._full()

    def _get(self, buffer):
        if self._read is None:
            buffer[self._all] = self._parts[self._next]
            self._next = (self._next + 1) % self._count_of
            return
        got = 0 if self.done else (self._read(buffer) or 0) // 2
        if got < len(buffer):
            self.done = True
            for i in range(got, len(buffer)):
                buffer[i] = 0
