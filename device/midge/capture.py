"""Signals in blocks, filled while the script does something else; what all such sources share."""

from array import array

from . import clock as _clock

try:
    from micropython import schedule
except ImportError:  # CPython

    def schedule(function, argument):
        function(argument)


_TURN = 0x3FFFFFFF  # counters wrap below what a small int holds: interrupts allocate nothing


class _Slicer:
    def __getitem__(self, key):
        return key


class Capture:
    """A source of blocks of int16 samples at a steady rate. Iterate over it, or await it::

        with AdcDma(26, 12000, block=256) as capture:
            for block in capture:
                if stream.push(block):
                    ...

    Blocks are filled in turn into two buffers, by hardware or an interrupt: while the script has
    one, the next is being filled. Each block is given as a copy, in the *same* array, which the
    next one overwrites. Nothing is allocated per block (with ``async for``, asyncio's coroutine
    is).

    A script that comes back too late has lost blocks. They are counted, in samples, in
    ``overruns``; one ``None`` is given for the gap, which clears a ``Window``.

    This is the base of `AdcDma`, `FifoCapture`, `Microphone` and `Playback`. One of your own fills
    ``_buffers[0]``, ``_buffers[1]``, ``_buffers[0]``, ... and calls ``_full()`` after each, or
    is asked to in ``_poll()``; ``_start()`` and ``_stop()`` begin and end it.

    Args:
        rate_hz: samples per second and channel.
        block: samples (of all channels) in a block.
        channels: values in a sample.
        wait: function that sleeps a number of microseconds; it may return early. A light sleep
            stops the RP2040's ADC and DMA. Default: ``clock.sleep_us``.
        clock: see ``midge.clock``.

    Attributes:
        block: the last block, ``array('h')`` of ``length * channels`` values.
        length: samples in a block.
        count: samples given.
        overruns: samples lost because the script was busy.
        errors: failures of the source: the ADC's FIFO ran over, the sensor did not answer.
        waited_ms: time that ``read`` and ``for`` spent waiting for blocks.
        jitter_us: the largest delay of a block's completion, as the script or its interrupt saw
            it, behind the grid of the rate, in microseconds. When the ADC takes its samples does
            not depend on it.

    Raises:
        ValueError: rate, block or channels outside their range.
    """

    _keep = 1  # full buffers that are not being overwritten

    def __init__(self, rate_hz, block, channels=1, *, wait=None, clock=None):
        if not 0.01 <= rate_hz <= 1000000:
            raise ValueError("Capture: rate_hz needs 0.01..1000000, found %r" % (rate_hz,))
        for name, value in (("block", block), ("channels", channels)):
            if not isinstance(value, int) or value < 1:
                raise ValueError("Capture: %s needs an int >= 1, found %r" % (name, value))
        self.rate_hz = rate_hz
        self.length = block
        self.channels = channels
        values = block * channels
        self.block = array("h", bytes(2 * values))
        self._into = memoryview(self.block)
        self._all = _Slicer()[0:values]
        self._buffers = self._make_buffers(values)
        self._clock = _clock if clock is None else clock
        self._wait = self._clock.sleep_us if wait is None else wait
        self._pace(block * 1000000000, int(rate_hz * 1000 + 0.5))
        self._handler = None
        self._hard = False
        self._call = self._run_handler
        self._running = False
        self.count = self.overruns = self.errors = self.jitter_us = self.waited_ms = 0
        self._waited_us = 0
        self._reset()

    # What a script uses

    def start(self):
        """Begins. Reading, iterating and ``with`` do it too."""
        if not self._running:
            self._reset()
            self._running = True
            self._start()

    def stop(self):
        """Ends; ``start`` begins anew."""
        if self._running:
            self._running = False
            self._stop()

    def ready(self):
        """True if ``read`` would not wait."""
        self.start()
        self._poll()
        return self._gap or self._filled != self._taken

    def read(self):
        """Waits for the next block; returns it, or ``None`` for a gap before it."""
        while not self.ready():
            before = self._clock.ticks_us()
            self._wait(self._nap_us())
            waited = self._clock.ticks_diff(self._clock.ticks_us(), before) + self._waited_us
            self.waited_ms += waited // 1000
            self._waited_us = waited % 1000
        return self._take()

    def readinto(self, buf):
        """Waits for the next block and copies it to ``buf``.

        Args:
            buf: ``array('h')``, or a memoryview of one, with room for
                ``length * channels`` values.
        Returns:
            Samples copied: ``length``; 0 for a gap.
        Raises:
            ValueError: ``buf`` is too small.
        """
        values = len(self.block)
        if len(buf) < values:
            raise ValueError(
                "Capture.readinto: buf needs %d values, found %d" % (values, len(buf))
            )
        if self.read() is None:
            return 0
        buf[self._all] = self.block
        return self.length

    def irq(self, handler, hard=False):
        """Calls ``handler(capture)`` whenever a block is full; ``None`` ends it.

        Several blocks may be one call: take them ``while capture.ready()``. With ``hard=True``
        it is called in the interrupt itself, where it must not allocate.
        """
        self._handler = handler
        self._hard = hard

    def stats(self):
        """A dict of the counters, for telemetry."""
        return {
            "count": self.count,
            "overruns": self.overruns,
            "errors": self.errors,
            "jitter_us": self.jitter_us,
        }

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, error, trace):
        self.stop()

    def __iter__(self):
        return self

    def __next__(self):
        return self.read()

    def __aiter__(self):
        return self

    async def __anext__(self):
        while not self.ready():
            await self._clock.asleep_ms((self._nap_us() + 999) // 1000)
        return self._take()

    # What a source brings

    def _make_buffers(self, values):
        return [memoryview(array("h", bytes(2 * values))) for _ in range(2)]

    def _start(self):
        pass

    def _stop(self):
        pass

    def _poll(self):
        pass

    def _lose(self, samples):
        # The signal has a gap of so many samples; what was collected before it is given first.
        self.overruns += samples
        self._gap = True

    def _copy(self, buffer):
        self._into[self._all] = buffer

    # Within

    def _pace(self, numerator, denominator):
        # A block takes numerator / denominator microseconds.
        self._period, self._rest = divmod(numerator, denominator)
        self._rate = denominator

    def _reset(self):
        self._filled = self._taken = 0
        self._gap = False
        self._due = None
        self._part = 0

    def _full(self):
        # May run in an interrupt: allocates nothing.
        self._filled = (self._filled + 1) & _TURN
        now = self._clock.ticks_us()
        if self._due is None:
            self._due = now
        late = self._clock.ticks_diff(now, self._due)
        if late < 0:  # the grid began with a late one
            self._due = now
        elif late > self.jitter_us:
            self.jitter_us = late
        due = self._period
        self._part += self._rest
        if self._part >= self._rate:
            self._part -= self._rate
            due += 1
        self._due = self._clock.ticks_add(self._due, due)
        if self._handler is not None:
            if self._hard:
                self._handler(self)
            else:
                try:
                    schedule(self._call, self)
                except RuntimeError:  # the queue is full: it is called for earlier blocks
                    pass

    def _run_handler(self, capture):
        if self._handler is not None:
            self._handler(self)

    def _nap_us(self):
        return min(self._period // 4 + 1, 1000)

    def _take(self):
        if self._filled == self._taken:
            self._gap = False
            return None
        self._copy(self._buffers[self._taken & 1])
        # Also what was overwritten while it was copied counts as lost.
        behind = (self._filled - self._taken) & _TURN
        lost = behind - self._keep
        if lost > 0:
            self.overruns += lost * self.length
            self._taken = (self._taken + lost) & _TURN
            return None
        self._taken = (self._taken + 1) & _TURN
        self.count += self.length
        return self.block
