"""Sound from ``machine.I2S`` in blocks, while the script does something else."""

from array import array

from .capture import _TURN, Capture


class Microphone(Capture):
    """Blocks of samples from an I2S microphone; see `Capture`::

        i2s = I2S(0, sck=Pin(10), ws=Pin(11), sd=Pin(12), mode=I2S.RX, bits=32,
                  format=I2S.MONO, rate=8000, ibuf=16000)
        for block in Microphone(i2s, 8000, block=1024):
            if block is None:      # samples were lost
                ...

    I2S fills one buffer in the background while the other waits to be read, and beyond both there
    is its own buffer (``ibuf``): so long the script may be late. After that I2S throws away what
    comes. What it still held is given up too, as the gap is somewhere in it; all that is counted,
    by the clock, in ``overruns``.

    Args:
        source: a ``machine.I2S`` in receiving mode, or what behaves like it: ``irq(handler)``
            makes it non-blocking, ``readinto(buf)`` starts to fill a buffer, ``handler(source)``
            is called when it is full.
        rate_hz: of ``source``.
        block: samples of a channel in a block.
        channels: 1 for ``I2S.MONO``, 2 for ``I2S.STEREO``.
        bits: of a sample as the source gives it, 16 or 32. Of 32 the upper 16 are kept.
        gain_bits: with 32 bits: how many times the sample is doubled first, 0..15; what leaves
            16 bits then is clamped. Microphones that give 24 bits seldom use the upper ones.
        ibuf: size in bytes of the source's own buffer, as given to ``machine.I2S``.
        wait, clock: see `Capture`. No light sleep on a real board: it stops I2S.

    Raises:
        ValueError: a number outside its range.
    """

    _keep = 2  # both buffers: I2S waits for one to be taken

    def __init__(
        self,
        source,
        rate_hz,
        block,
        channels=1,
        *,
        bits=32,
        gain_bits=0,
        ibuf=16000,
        wait=None,
        clock=None,
    ):
        _check("channels", channels, 1, 2)
        _check("gain_bits", gain_bits, 0, 15)
        _check("ibuf", ibuf, 1, 1 << 24)
        if bits not in (16, 32):
            raise ValueError("Microphone: bits needs 16 or 32, found %r" % (bits,))
        self._wide = bits == 32
        super().__init__(rate_hz, block, channels, wait=wait, clock=clock)
        self._source = source
        self._gain_bits = gain_bits
        self._own = ibuf * 8 // (bits * channels)  # samples that the source itself keeps
        self._slack_us = int(self._own * 1000000 // rate_hz)
        self._on_filled = self._source_filled  # made once: a bound method is an object

    def _make_buffers(self, values):
        size = 4 if self._wide else 2
        return [array("h", bytes(size * values)) for _ in range(2)]

    def _start(self):
        self._stalled = None  # ticks since when no buffer is being filled
        self._drop = 0  # blocks that come from before a gap
        self._source.irq(self._on_filled)
        self._fill()

    def _stop(self):
        # A buffer that is being filled at this moment is still filled, and not given.
        self._source.irq(_ignore)

    def _nap_us(self):
        return max(self._period // 16, 100)

    def _fill(self):
        self._source.readinto(self._buffers[self._filled & 1])

    def _source_filled(self, source):
        # Called by the source between two instructions of the script: allocates nothing.
        if self._drop:
            self._drop -= 1
            self.overruns += self.length
            self._fill()
            return
        self._full()
        if (self._filled - self._taken) & _TURN < 2:
            self._fill()
        else:
            self._stalled = self._clock.ticks_us()

    def _take(self):
        if self._stalled is not None and not self._gap:
            late = self._clock.ticks_diff(self._clock.ticks_us(), self._stalled)
            if not 0 <= late <= self._slack_us:  # ticks wrap: a pause of minutes looks negative
                self._lose(max(int(late * self.rate_hz) // 1000000 - self._own, 1))
                self._drop = self._own // self.length + 1
        block = super()._take()
        if self._stalled is not None and not self._gap:
            self._stalled = None
            if block is None:
                self._due = None
            self._fill()
        return block

    def _copy(self, raw):
        if not self._wide:
            super()._copy(raw)
            return
        out, bits = self.block, self._gain_bits
        if bits == 0:
            for i in range(len(out)):
                out[i] = raw[2 * i + 1]  # little endian: the upper half
            return
        down = 16 - bits
        for i in range(len(out)):
            value = (raw[2 * i + 1] << bits) | ((raw[2 * i] & 0xFFFF) >> down)
            out[i] = max(-32768, min(32767, value))


def _ignore(source):
    pass


def _check(name, value, low, high):
    if not isinstance(value, int) or not low <= value <= high:
        raise ValueError("Microphone: %s needs an int %d..%d, found %r" % (name, low, high, value))
