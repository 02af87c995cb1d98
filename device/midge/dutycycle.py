"""Sleeping between pieces of work, with the time awake and asleep counted."""

from . import clock as _clock

_CHUNK_MS = 60000  # sleeps are measured in microsecond ticks, which wrap in 8.9 minutes


class DutyCycle:
    """Works once a period and sleeps the rest of it::

        for cycle in DutyCycle(30000):   # every 30 s
            ...                          # sample, decide; the loop then sleeps

    Or give a ``Sampler`` its sleep, and every wait between samples is slept and counted::

        duty = DutyCycle()
        sampler = Sampler(imu, 10, wait=duty.sleep_us)

    The sleep is ``machine.lightsleep`` where there is one (memory and state are kept), else
    ``time.sleep``. Interrupts may end a light sleep early; the rest is slept then.

    Light sleep and USB: on the RP2 ports of MicroPython 1.26, ``lightsleep(ms)`` leaves USB's
    clocks on while a host has the board mounted, which saves less, and the board answers the
    host only between sleeps; without a host, or in older releases, USB is off meanwhile.
    ``usb=True`` sleeps with ``time.sleep`` instead: the prompt and ``mpremote`` stay usable.

    Args:
        period_ms: from one piece of work to the next, 0..2**29 - 1; 0: there is no period, and
            ``sleep()`` returns at once.
        usb: keep USB fully alive.
        slack_us: how much longer than asked a sleep may last, 0..1000. Light sleeps take whole
            milliseconds; without slack the rest is waited for awake, with 1000 it never is.
        awake_ma, asleep_ma: the board's currents in mA, for ``average_ma``; the board's data
            sheet or a meter has them.
        clock: see ``midge.clock``.

    Attributes:
        overruns: periods that were over before the work was.

    Work between two sleeps may take up to 8.9 minutes; beyond that its time is counted wrong.

    Raises:
        ValueError: ``period_ms`` or ``slack_us`` outside its range.
    """

    def __init__(self, period_ms=0, *, usb=False, slack_us=0, awake_ma=0, asleep_ma=0, clock=None):
        if not isinstance(period_ms, int) or not 0 <= period_ms < 1 << 29:
            raise ValueError(
                "DutyCycle: period_ms needs an int 0..%d, found %r" % ((1 << 29) - 1, period_ms)
            )
        if not isinstance(slack_us, int) or not 0 <= slack_us <= 1000:
            raise ValueError("DutyCycle: slack_us needs an int 0..1000, found %r" % (slack_us,))
        self.period_ms = period_ms
        self.slack_us = slack_us
        self.usb = usb
        self.awake_ma = awake_ma
        self.asleep_ma = asleep_ma
        self._clock = _clock if clock is None else clock
        self.reset()

    def reset(self):
        """Sets the counts to 0 and begins a period now."""
        self.overruns = 0
        self._ms = [0, 0]  # awake, asleep
        self._us = [0, 0]  # what is left of a millisecond
        self._cycle = -1
        self._mark = self._clock.ticks_us()
        self._start = self._clock.ticks_ms()

    def sleep(self):
        """Sleeps until the next period begins; returns the milliseconds it asked for.

        If that time has passed already, it returns 0 at once, counts the periods missed in
        ``overruns`` and begins a period now.
        """
        if self.period_ms == 0:
            return 0
        clock = self._clock
        self._start = clock.ticks_add(self._start, self.period_ms)
        left = clock.ticks_diff(self._start, clock.ticks_ms())
        if left < 0:
            self.overruns += 1 + -left // self.period_ms
            self._start = clock.ticks_ms()
            return 0
        self.sleep_ms(left)
        return left

    def sleep_ms(self, ms):
        """Sleeps ``ms`` milliseconds, counted as asleep."""
        while ms > 0:
            chunk = min(ms, _CHUNK_MS)
            self.sleep_us(chunk * 1000)
            ms -= chunk

    def sleep_us(self, us):
        """Sleeps ``us`` microseconds, counted as asleep; at most 60 s. Allocates nothing.

        Only whole milliseconds are slept deeply.
        """
        clock = self._clock
        begin = clock.ticks_us()
        self._count(0, clock.ticks_diff(begin, self._mark))
        end = clock.ticks_add(begin, us)
        left = us
        while left >= 2000 and not self.usb:
            clock.lightsleep((left + self.slack_us) // 1000)
            left = clock.ticks_diff(end, clock.ticks_us())
        if left > 0:
            clock.sleep_us(left)
        self._mark = clock.ticks_us()
        self._count(1, clock.ticks_diff(self._mark, begin))

    def __iter__(self):
        return self

    def __next__(self):
        """Sleeps until the next period (the first is now); returns its number, from 0."""
        if self._cycle >= 0:
            self.sleep()
        self._cycle += 1
        return self._cycle

    @property
    def awake_ms(self):
        """Milliseconds awake, up to now."""
        now = self._clock.ticks_us()
        self._count(0, self._clock.ticks_diff(now, self._mark))
        self._mark = now
        return self._ms[0]

    @property
    def asleep_ms(self):
        """Milliseconds asleep."""
        return self._ms[1]

    @property
    def duty(self):
        """Share of the time awake, 0..1; 1 before any time has passed."""
        awake = self.awake_ms
        total = awake + self._ms[1]
        return awake / total if total else 1.0

    @property
    def average_ma(self):
        """Estimated average current in mA: the two currents, weighted by time."""
        duty = self.duty
        return self.awake_ma * duty + self.asleep_ma * (1 - duty)

    def stats(self):
        """A dict of ``awake_ms`` and ``asleep_ms``, for telemetry."""
        return {"awake_ms": self.awake_ms, "asleep_ms": self.asleep_ms}

    def battery_days(self, mah):
        """Days that ``mah`` milliampere-hours last at ``average_ma`` (self-discharge left out).

        Raises:
            ValueError: the currents were not given.
        """
        current = self.average_ma
        if current <= 0:
            raise ValueError("DutyCycle.battery_days: needs awake_ma and asleep_ma, found 0 mA")
        return mah / current / 24

    def _count(self, state, us):
        us += self._us[state]
        self._ms[state] += us // 1000
        self._us[state] = us % 1000
