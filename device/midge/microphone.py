"""Sound from ``machine.I2S``, a hop at a time, while the script does something else."""

import sys
from array import array

from . import clock as _clock

# Of the RP2040's watchdog; see midge/emulator/probes.py.
_SCRATCH1 = 0x40058010
_SCRATCH2 = 0x40058014
_STREAM = 1 << 30
_EMULATED = 0x4D494347


class _Slicer:
    # A slice made once: MicroPython allocates one for every x[a:b].
    def __getitem__(self, key):
        return key


class Microphone:
    """Hops of samples from an I2S microphone; iterate over it for them::

        i2s = I2S(0, sck=Pin(10), ws=Pin(11), sd=Pin(12), mode=I2S.RX, bits=32,
                  format=I2S.MONO, rate=8000, ibuf=16000)
        for hop in Microphone(i2s, hop=1024):
            if hop is None:      # samples were lost
                ...

    Two buffers take turns: one is filled in the background while the script reads the other, and
    beyond both there is I2S's own buffer (``ibuf``). Each hop is the *same* array, overwritten by
    the next; nothing is allocated per hop.

    An *overrun* is when the script came so late that I2S's own buffer was full too. The samples
    since are lost: ``overruns`` counts it and ``None`` is given once, which clears a stream.

    Args:
        source: a ``machine.I2S`` in receiving mode, or a :class:`midge.Replay`: ``irq(handler)``
            makes it non-blocking, ``readinto(buf)`` starts to fill a buffer, ``handler(source)``
            is called when it is full.
        hop: samples of a channel in a hop, at least 1.
        rate_hz: of ``source``.
        channels: 1 for ``I2S.MONO``, 2 for ``I2S.STEREO``.
        bits: of a sample as the source gives it, 16 or 32. Of 32 the upper 16 are kept.
        gain_bits: with 32 bits: how many times the sample is doubled first, 0..15; what leaves
            16 bits then is clamped. Microphones that give 24 bits seldom use the upper ones.
        ibuf: size in bytes of the source's own buffer, as given to ``machine.I2S``.
        wait: function that sleeps a number of microseconds. Default: ``clock.sleep_us``. No
            light sleep on a real board: it stops I2S.
        clock: see ``midge.clock``.

    Attributes:
        hop: the last hop, ``array('h')`` of ``hop * channels`` values.
        count: hops given.
        overruns: times when samples were lost.
        waited_us: time spent in ``wait``.

    Raises:
        ValueError: a number outside its range.
    """

    def __init__(
        self,
        source,
        hop,
        rate_hz=8000,
        *,
        channels=1,
        bits=32,
        gain_bits=0,
        ibuf=16000,
        wait=None,
        clock=None,
    ):
        _check("hop", hop, 1, 1 << 16)
        _check("rate_hz", rate_hz, 1, 1 << 20)
        _check("channels", channels, 1, 2)
        _check("gain_bits", gain_bits, 0, 15)
        _check("ibuf", ibuf, 1, 1 << 24)
        if bits not in (16, 32):
            raise ValueError("Microphone: bits needs 16 or 32, found %r" % (bits,))
        values = hop * channels
        self.hop = array("h", bytes(2 * values))
        self._into = memoryview(self.hop)
        self._whole = _Slicer()[0:values]
        self.rate_hz = rate_hz
        self.channels = channels
        self.count = self.overruns = self.waited_us = 0
        self._source = source
        self._wide = bits == 32
        self._gain_bits = gain_bits
        self._raw = [array("h", bytes(values * bits // 8)) for _ in range(2)]
        self._clock = _clock if clock is None else clock
        self._wait = self._clock.sleep_us if wait is None else wait
        self._nap_us = max(hop * 1000000 // rate_hz // 16, 100)
        self._slack_us = ibuf * 8 // (bits * channels) * 1000000 // rate_hz
        self._on_filled = self._filled  # made once: a bound method is an object
        self._started = False
        self.stop()

    def start(self):
        """Begins to listen; the first ``read`` does it too."""
        self._started = True
        self._source.irq(self._on_filled)
        self._fill()

    def stop(self):
        """Forgets what is in the buffers; the next ``read`` begins anew.

        A buffer that is being filled at that moment is still filled, and not given.
        """
        if self._started:
            self._source.irq(_ignore)
        self._started = False
        self._full = 0  # buffers that wait to be read
        self._next = 0  # the buffer to be read next
        self._at = 0  # the buffer being filled
        self._stalled = None  # ticks since when none is

    def ready(self):
        """True if a hop waits to be read."""
        return self._full > 0

    def read(self):
        """Waits for the next hop; returns ``hop``, or ``None`` once if samples were lost."""
        if not self._started:
            self.start()
        while not self._full:
            before = self._clock.ticks_us()
            self._wait(self._nap_us)
            self.waited_us += self._clock.ticks_diff(self._clock.ticks_us(), before)
        lost = False
        if self._stalled is not None:
            late = self._clock.ticks_diff(self._clock.ticks_us(), self._stalled)
            # Ticks wrap: a pause of minutes may look negative.
            lost = not 0 <= late <= self._slack_us
        if lost:
            self.overruns += 1
            self.stop()
            self.start()
            return None
        self._take(self._raw[self._next])
        self._next ^= 1
        self._full -= 1
        if self._stalled is not None:
            self._stalled = None
            self._fill()
        self.count += 1
        return self.hop

    def __iter__(self):
        return self

    def __next__(self):
        return self.read()

    def stats(self):
        """A dict of the counters, for telemetry."""
        return {"count": self.count, "overruns": self.overruns}

    def _fill(self):
        self._source.readinto(self._raw[self._at])

    def _filled(self, source):
        # Called by the source between two instructions of the script: allocates nothing.
        self._full += 1
        self._at ^= 1
        if self._full < 2:
            self._fill()
        else:
            self._stalled = self._clock.ticks_us()

    def _take(self, raw):
        out = self.hop
        if not self._wide:
            self._into[self._whole] = raw
            return
        bits = self._gain_bits
        if bits == 0:
            for i in range(len(out)):
                out[i] = raw[2 * i + 1]  # little endian: the upper half
            return
        down = 16 - bits
        for i in range(len(out)):
            value = (raw[2 * i + 1] << bits) | ((raw[2 * i] & 0xFFFF) >> down)
            out[i] = max(-32768, min(32767, value))


class Replay:
    """A recording in the place of ``machine.I2S``: the same ``irq``, ``readinto``, ``deinit``.

    For boards without a microphone, and for the emulated Pico, whose I2S is not emulated. Samples
    come at the recording's rate; those of which nobody asked for in time are lost, as with I2S.
    After the last one comes silence, ``done`` is True then.

    Args:
        read: function of a bytearray or memoryview that fills it with int16 samples, little
            endian, and returns how many bytes it put there (an open file's ``readinto``).
        timer: a ``machine.Timer``, for example ``Timer(-1)``.
        rate_hz: samples a second.
        ibuf: bytes that wait at most, as ``machine.I2S`` has it.
        clock: see ``midge.clock``.

    Only 16 bits, one channel.
    """

    def __init__(self, read, timer, rate_hz=8000, *, ibuf=16000, clock=None):
        self._read = read
        self._timer = timer
        self._rate = rate_hz
        self._clock = _clock if clock is None else clock
        self._slack_us = ibuf // 2 * 1000000 // rate_hz
        self._handler = None
        self._on_tick = self._tick  # made once: a bound method is an object
        self._due = None  # when the last sample asked for is there
        self._rest = 0
        self.lost = 0  # samples
        self.done = self._ended = False

    @classmethod
    def emulated(cls, timer, rate_hz=8000, **options):
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
        return cls(read, timer, rate_hz, **options)

    def irq(self, handler):
        """``handler(self)`` is called when a buffer is full."""
        self._handler = handler

    def readinto(self, buf):
        """Begins to fill ``buf``; returns at once, as I2S does with an ``irq``."""
        now = self._clock.ticks_us()
        if self._due is None:
            self._due = now
        late = self._clock.ticks_diff(now, self._due)
        if late > self._slack_us:
            self._skip(late - self._slack_us, buf)
        self._get(buf)
        self._step(len(buf))
        left = max(self._clock.ticks_diff(self._due, self._clock.ticks_us()), 0)
        self._timer.init(
            mode=self._timer.ONE_SHOT, period=max((left + 999) // 1000, 1), callback=self._on_tick
        )

    def deinit(self):
        """Ends it."""
        self._timer.deinit()

    def _tick(self, timer):
        self.done = self._ended
        self._handler(self)

    def _step(self, samples):
        # In milliseconds, as the timer counts; microseconds would leave the small integers.
        done = samples * 1000 + self._rest
        self._rest = done % self._rate
        self._due = self._clock.ticks_add(self._due, done // self._rate * 1000)

    def _skip(self, us, buf):
        samples = us // 1000 * self._rate // 1000
        self.lost += samples
        self._step(samples)
        view = memoryview(buf)
        while samples > 0:
            n = min(samples, len(buf))
            self._get(view[:n])
            samples -= n

    def _get(self, buf):
        got = 0 if self._ended else (self._read(buf) or 0) // 2
        if got < len(buf):
            self._ended = True
            for i in range(got, len(buf)):
                buf[i] = 0


def _ignore(source):
    pass


def _check(name, value, low, high):
    if not isinstance(value, int) or not low <= value <= high:
        raise ValueError("Microphone: %s needs an int %d..%d, found %r" % (name, low, high, value))
