"""Several sensors in one sample, each at its own rate; and a sensor that wakes another."""

from array import array

from . import clock as _clock

_MOST = 8191  # samples of 16 bits whose doubled sum is still a small int: nothing is allocated


class Fusion:
    """Puts samples of several sensors side by side, at the pace of the first::

        fusion = Fusion((6, 1))              # an IMU's six values, a microphone's one
        fusion.push(1, level)                # as often as it comes
        sample = fusion.join(imu_sample)     # when the first sensor has one: all 7 values
        window.push(sample)                  # None, until every sensor has said something

    A faster sensor counts with the mean of what came since the last sample, rounded to the
    nearest whole number (halves up), a slower one with its last value. What comes at the same time
    as the first sensor's sample is pushed before it: so it is in training
    (``midge.recordings.takes``). Nothing is allocated.

    Args:
        channels: values in a sample of each sensor, the first sensor first.

    Attributes:
        sample: ``array('h')`` of all values, overwritten by each ``join``.

    Raises:
        ValueError: fewer than two sensors, or one without channels.
    """

    def __init__(self, channels):
        if len(channels) < 2 or min(channels) < 1:
            raise ValueError(
                "Fusion: channels needs at least 2 numbers >= 1, found %r" % (channels,)
            )
        self.channels = tuple(channels)
        self.sample = array("h", bytes(2 * sum(channels)))
        self._sums = array("i", bytes(4 * sum(channels)))
        self._counts = array("h", bytes(2 * len(channels)))
        self._at = [sum(channels[:i]) for i in range(len(channels))]
        self.clear()

    def clear(self):
        """Forgets all samples, for example after a gap."""
        self._missing = len(self.channels) - 1  # sensors that have said nothing yet
        for i in range(len(self._counts)):
            self._counts[i] = -1

    def push(self, sensor, sample):
        """Takes a sample of a sensor other than the first.

        Args:
            sensor: its number, from 1.
            sample: its values; with one channel, a number will do.
        Raises:
            ValueError: another number of values, no such sensor, or more than 8191 samples
                since the last ``join``.
        """
        if not 1 <= sensor < len(self.channels):
            raise ValueError(
                "Fusion.push: sensor needs 1..%d, found %r" % (len(self.channels) - 1, sensor)
            )
        n = self.channels[sensor]
        scalar = isinstance(sample, int)
        found = 1 if scalar else len(sample)
        if found != n:
            raise ValueError("Fusion.push: sample needs %d values, found %d" % (n, found))
        count = self._counts[sensor]
        if count == _MOST:
            raise ValueError("Fusion.push: needs a join after %d samples of a sensor" % _MOST)
        if count < 0:
            self._missing -= 1
        at, sums = self._at[sensor], self._sums
        for i in range(n):
            value = sample if scalar else sample[i]
            sums[at + i] = value + (sums[at + i] if count > 0 else 0)
        self._counts[sensor] = max(count, 0) + 1

    def join(self, sample):
        """A sample of the first sensor; returns ``sample``, all values, or None.

        ``None`` as a sample is a gap: everything is forgotten.
        """
        if sample is None:
            self.clear()
            return None
        channels, out = self.channels, self.sample
        scalar = isinstance(sample, int)
        found = 1 if scalar else len(sample)
        if found != channels[0]:
            raise ValueError(
                "Fusion.join: sample needs %d values, found %d" % (channels[0], found)
            )
        for i in range(channels[0]):
            out[i] = sample if scalar else sample[i]
        for sensor in range(1, len(channels)):
            count = self._counts[sensor]
            if count > 0:
                at = self._at[sensor]
                for i in range(at, at + channels[sensor]):
                    out[i] = (2 * self._sums[i] + count) // (2 * count)
                self._counts[sensor] = 0
        return None if self._missing else out


class Gate:
    """A cheap sensor lets an expensive one listen: open while something happens, and a while
    longer::

        gate = Gate(hold_ms=3000, on_open=mic.clear)
        ...
        if gate(moved):                      # moved: what the cheap sensor's features say
            mic.push_from(block)

    Args:
        hold_ms: how long it stays open after the last True, 0..2**29 - 1.
        on_open, on_close: functions without arguments, called when it opens and closes.
        clock: see ``midge.clock``.

    Attributes:
        is_open: as of the last call.
        opened: times that it opened.

    Call it at least once in 6 days.

    Raises:
        ValueError: ``hold_ms`` outside its range.
    """

    def __init__(self, hold_ms, *, on_open=None, on_close=None, clock=None):
        if not isinstance(hold_ms, int) or not 0 <= hold_ms < 1 << 29:
            raise ValueError(
                "Gate: hold_ms needs an int 0..%d, found %r" % ((1 << 29) - 1, hold_ms)
            )
        self.hold_ms = hold_ms
        self._on_open = on_open
        self._on_close = on_close
        self._clock = _clock if clock is None else clock
        self._last = 0
        self.is_open = False
        self.opened = 0

    def __call__(self, active):
        """Tells it whether something happens; returns whether it is open."""
        now = self._clock.ticks_ms()
        if active:
            self._last = now
            if not self.is_open:
                self.is_open = True
                self.opened += 1
                if self._on_open:
                    self._on_open()
        elif self.is_open and self._clock.ticks_diff(now, self._last) > self.hold_ms:
            self.is_open = False
            if self._on_close:
                self._on_close()
        return self.is_open
