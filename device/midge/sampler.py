"""Sampling at a steady rate, with whatever goes wrong counted and reported."""

from array import array

from . import clock as _clock

_ADC_SHIFT = 4  # read_u16() is 16 bits wide; the ADCs of RP2040, ESP32 and STM32 have 12
_FAILED = 0xFF


def _check(name, value, low):
    if not isinstance(value, int) or value < low:
        raise ValueError("Sampler: %s needs an int >= %d, found %r" % (name, low, value))


class _Adcs:
    # One or several machine.ADC as one source.
    def __init__(self, adcs, shift):
        self.adcs = adcs
        self.shift = shift
        self.channels = len(adcs)

    def readinto(self, buf):
        for i in range(self.channels):
            buf[i] = self.adcs[i].read_u16() >> self.shift


class Sampler:
    """Reads a sensor at a steady rate; iterate over it, or await it, for the samples::

        for sample in Sampler(MPU6050(i2c), rate_hz=100):
            if window.push(sample):
                label, score = model.classify(window.buffer)

    Sample times lie on a fixed grid, counted from the first sample, so that errors do not add
    up. Each sample is the *same* array, overwritten by the next; nothing is allocated per sample
    (with ``async for``, asyncio's coroutine is).

    A sample that could not be had keeps its place in time. For up to ``hold`` samples in a row
    the last good values stand in for it; after that (and before the first good one) the sample
    is ``None``, which clears a ``Window``. Two causes:

    - *Overrun*: the script came back after one or more sample times had passed. They are
      counted in ``overruns``; if more than ``hold`` were missed, one ``None`` is given and the
      grid starts again.
    - *Error*: the sensor raised ``OSError``, also at the ``retries`` further attempts. Each
      failed attempt is counted in ``errors``. The next sample time tries again.

    Args:
        source: an object with ``readinto(buf)``, which fills an ``array('h')`` of ``channels``
            values, all or none, or raises ``OSError``; a ``machine.ADC`` or a list of them (for
            their 12-bit counts: ``read_u16() >> adc_shift``, 0..4095); or a function of ``buf``.
        rate_hz: samples per second, 0.01..100000; need not be whole.
        channels: values in a sample; default: ``source.channels``, else 1.
        wait: function that sleeps a number of microseconds, for example
            ``DutyCycle().sleep_us``; it may return early. Default: ``clock.sleep_us``.
        hold: most samples in a row to bridge with the last good values.
        retries: further attempts at a sample whose read failed.
        on_error: called with the ``OSError`` when the sensor begins to fail and with ``None``
            when it answers again. What it raises is not caught.
        adc_shift: bits to drop from ``read_u16()``; 1 gives 0..32767.
        clock: see ``midge.clock``.

    Attributes:
        sample: the last sample, ``array('h')`` of ``channels`` values.
        count: samples read from the sensor.
        overruns: sample times missed because the script was busy.
        errors: failed attempts to read the sensor.
        failing: True while the sensor does not answer.
        held: samples in a row, up to now, that were not read but bridged or ``None``.
        jitter_us: the largest delay of a reading behind its sample time, in microseconds.

    Raises:
        ValueError: rate, channels, hold or retries outside their range.
        TypeError: ``source`` is none of the above.
    """

    def __init__(
        self,
        source,
        rate_hz,
        channels=None,
        *,
        wait=None,
        hold=3,
        retries=1,
        on_error=None,
        adc_shift=_ADC_SHIFT,
        clock=None,
    ):
        if not 0.01 <= rate_hz <= 100000:
            raise ValueError("Sampler: rate_hz needs 0.01..100000, found %r" % (rate_hz,))
        if isinstance(source, (list, tuple)):
            source = _Adcs(source, adc_shift)
        elif hasattr(source, "read_u16"):
            source = _Adcs((source,), adc_shift)
        if channels is None:
            channels = getattr(source, "channels", 1)
        _check("channels", channels, 1)
        _check("hold", hold, 0)
        _check("retries", retries, 0)
        if hasattr(source, "readinto"):
            self._read = source.readinto
        elif callable(source):
            self._read = source
        else:
            raise TypeError("Sampler: source needs readinto(buf) or read_u16(), or to be callable")
        self.rate_hz = rate_hz
        self.channels = channels
        self.hold = hold
        self.retries = retries
        self.on_error = on_error
        self.sample = array("h", bytes(2 * channels))
        self._clock = _clock if clock is None else clock
        self._wait = self._clock.sleep_us if wait is None else wait
        # The period is _period us and _rest / _rate us, the latter spread over the samples.
        self._rate = int(rate_hz * 1000 + 0.5)
        self._period, self._rest = divmod(1000000000, self._rate)
        self._timer = None
        self.count = self.overruns = self.errors = 0
        self.held = self.jitter_us = 0
        self.failing = False
        self.restart()

    def restart(self):
        """Starts the grid anew: the next sample is due at once. Call it after a wanted pause."""
        self._due = None
        self._part = 0
        self._missed = 0

    def read(self):
        """Waits for the next sample time; returns ``sample``, or ``None`` in a gap."""
        while True:
            left = self._left()
            if left <= 0:
                return self._get()
            self._wait(left)

    def __iter__(self):
        return self

    def __next__(self):
        return self.read()

    def __aiter__(self):
        return self

    async def __anext__(self):
        while True:
            left = self._left()
            if left <= 0:
                return self._get()
            await self._clock.asleep_ms((left + 999) // 1000)

    def start(self, timer, depth=16, **options):
        """From now on ``timer`` takes the samples, also while the script does something else.

        They wait in a ring of ``depth`` samples; a sample for which it has no room is an
        overrun. A soft timer's callback waits for running C code (``Model.predict`` is); with
        ``hard=True`` it does not, and then ``readinto`` must not allocate. Reads are not
        retried at once, and there is no ``jitter_us``. A light sleep stops the timer on
        some ports; on RP2 each tick ends it.

        Args:
            timer: a ``machine.Timer``, for example ``Timer(-1)``; it is set to the rate.
            options: for ``timer.init``, for example ``hard=True``.
        """
        _check("depth", depth, 1)
        self._ring = array("h", bytes(2 * self.channels * depth))
        self._slot = array("h", bytes(2 * self.channels))
        self._flags = bytearray(depth)  # _FAILED, or the number of samples lost before it
        self._depth = depth
        self._turn = 2 * depth  # where _put and _taken wrap: full and empty stay different
        self._put = self._taken = self._lost = 0
        self._error = None
        self._timer = timer
        self.restart()
        timer.init(freq=self.rate_hz, mode=timer.PERIODIC, callback=self._tick, **options)

    def stop(self):
        """Ends ``start``: sampling is polled again."""
        if self._timer is not None:
            self._timer.deinit()
            self._timer = None
            self.restart()

    def stats(self):
        """A dict of the counters, for telemetry."""
        return {
            "count": self.count,
            "overruns": self.overruns,
            "errors": self.errors,
            "jitter_us": self.jitter_us,
        }

    # When

    def _left(self):
        # Microseconds until the next sample can be had; 0 or less: now.
        if self._missed:
            return 0
        if self._timer is not None:
            return 0 if self._put != self._taken else min(self._period, 1000)
        clock = self._clock
        now = clock.ticks_us()
        if self._due is None:
            self._due = now
        late = clock.ticks_diff(now, self._due)
        if late < 0:
            # A due time more than a period ahead: ticks have wrapped in a long pause.
            if -late <= self._period + 1:
                return -late
            self._due = now
            late = 0
        missed = late // self._period
        if missed:
            self._skip(missed, now)
        elif late > self.jitter_us:
            self.jitter_us = late
        return 0

    def _skip(self, missed, now):
        self.overruns += missed
        if missed > self.hold:
            self.held = self.hold
            self._due = now
            missed = 1
        else:
            for _ in range(missed):
                self._step()
        self._missed = missed

    def _step(self):
        due = self._period
        self._part += self._rest
        if self._part >= self._rate:
            self._part -= self._rate
            due += 1
        self._due = self._clock.ticks_add(self._due, due)

    # What

    def _get(self):
        if self._missed:
            self._missed -= 1
            fresh = False
        elif self._timer is not None:
            fresh = self._pop()
        else:
            self._step()
            fresh = self._take()
        if fresh:
            self.held = 0
            self.count += 1
            return self.sample
        self.held += 1
        return self.sample if self.count and self.held <= self.hold else None

    def _take(self):
        for _attempt in range(self.retries + 1):
            try:
                self._read(self.sample)
            except OSError as err:
                self.errors += 1
                failed = err
                continue
            self._answers()
            return True
        self._fails(failed)
        return False

    def _fails(self, err):
        if not self.failing:
            self.failing = True
            if self.on_error is not None:
                self.on_error(err)

    def _answers(self):
        if self.failing:
            self.failing = False
            if self.on_error is not None:
                self.on_error(None)

    # In the background

    def _tick(self, timer):
        # May run in an interrupt: allocates nothing unless the sensor fails.
        if (self._put - self._taken) % self._turn == self._depth:
            self.overruns += 1
            self._lost = min(self._lost + 1, _FAILED - 1)
            return
        at = self._put % self._depth
        try:
            self._read(self._slot)
            base = at * self.channels
            for i in range(self.channels):
                self._ring[base + i] = self._slot[i]
            self._flags[at] = self._lost
            self._lost = 0
        except OSError as err:
            self.errors += 1
            self._error = err
            self._flags[at] = _FAILED
        self._put = (self._put + 1) % self._turn

    def _pop(self):
        # The oldest sample of the ring; first the gap before it, if there is one.
        at = self._taken % self._depth
        flag = self._flags[at]
        if 0 < flag < _FAILED:
            self._flags[at] = 0
            self._missed = flag - 1
            if flag > self.hold:
                self.held = self.hold
                self._missed = 0
            return False
        if flag == 0:
            base = at * self.channels
            for i in range(self.channels):
                self.sample[i] = self._ring[base + i]
        self._taken = (self._taken + 1) % self._turn
        if flag == 0:
            self._answers()
            return True
        self._fails(self._error)
        return False
