"""A recording as a source of blocks: for trying a script without its sensor, and for tests."""

from .capture import Capture


class Playback(Capture):
    """Plays samples at their rate, by the clock, through the interface of `Capture`.

    A block that the script does not take in time is lost and counted, as with real hardware. The
    recording starts again after its end; a rest shorter than a block is left out.

    Args:
        samples: ``array('h')`` or the like, ``channels`` values a sample, at least one block.
        rate_hz, block, channels, wait, clock: see `Capture`.

    Raises:
        ValueError: there is less than one block of samples.
    """

    def __init__(self, samples, rate_hz, block, channels=1, *, wait=None, clock=None):
        super().__init__(rate_hz, block, channels, wait=wait, clock=clock)
        values = len(self.block)
        self._count_of = len(samples) // values
        if not self._count_of:
            raise ValueError(
                "Playback: samples needs at least %d values, found %d" % (values, len(samples))
            )
        view = memoryview(samples)
        self._parts = [view[i * values : (i + 1) * values] for i in range(self._count_of)]

    def _start(self):
        self._next = 0
        self._begun = self._clock.ticks_us()
        self._over = 0

    def _poll(self):
        # Blocks that end up to now; the time of one is period + rest / rate microseconds.
        clock = self._clock
        while True:
            over = self._over + self._rest
            length = self._period + over // self._rate
            if clock.ticks_diff(clock.ticks_us(), self._begun) < length:
                return
            self._over = over % self._rate
            self._begun = clock.ticks_add(self._begun, length)
            self._buffers[self._filled & 1][self._all] = self._parts[self._next]
            self._next = (self._next + 1) % self._count_of
            self._full()
