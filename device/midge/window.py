"""Windows over a stream of samples, preallocated, ready for a model."""

from array import array
from struct import calcsize

_NUMBERS = (int, float)


class _Slicer:
    # Slices made once: MicroPython allocates a slice object for every x[a:b].
    def __getitem__(self, key):
        return key


class Window:
    """Collects samples and gives a full window every ``hop`` samples.

    Args:
        length: samples in a window, at least 1.
        hop: samples from one window's start to the next: below ``length`` windows overlap,
            above it the samples between are dropped. Default: ``length``.
        channels: values in a sample.
        typecode: of ``buffer``, as in ``array``: ``'h'`` for raw int16 counts, ``'f'`` for
            real values, ``'b'`` for quantized ones.

    ``buffer`` is the window: an array of ``length * channels`` values, oldest sample first,
    time-major as Keras has it ([length, channels]). Give it to ``Model.predict`` or
    ``Model.classify``. It holds a whole window while ``ready()``, until the next push.
    ``count`` is the number of full windows so far.

    Raises:
        ValueError: a size below 1, or a typecode that ``array`` does not have.
    """

    def __init__(self, length, hop=None, channels=1, typecode="h"):
        hop = length if hop is None else hop
        for name, value in (("length", length), ("hop", hop), ("channels", channels)):
            if not isinstance(value, int) or value < 1:
                raise ValueError("Window: %s needs an int >= 1, found %r" % (name, value))
        self.length = length
        self.hop = hop
        self.channels = channels
        self.typecode = typecode
        self.buffer = array(typecode, bytes(length * channels * calcsize(typecode)))
        self.count = 0
        self._view = memoryview(self.buffer)
        slices = _Slicer()
        kept = max(length - hop, 0) * channels
        self._head = slices[0:kept]
        self._tail = self._view[hop * channels :] if kept else None  # moves to the head
        self._end = kept  # where the next window's new samples go
        self.clear()

    def __len__(self):
        """Values in ``buffer``."""
        return self.length * self.channels

    def clear(self):
        """Forgets the samples collected (``count`` stays): the next window starts anew."""
        self._fill = 0  # values in the buffer
        self._skip = 0  # samples still to drop
        self._ready = False

    def ready(self):
        """True while ``buffer`` holds a full window: from the push that filled it to the next."""
        return self._ready

    def push(self, sample):
        """Adds one sample; returns True if it completed a window. Allocates nothing.

        Args:
            sample: a sequence of ``channels`` values; with one channel, a number will do.
                ``None`` is a gap in the signal (see ``Sampler``): it clears the window.
        Raises:
            ValueError: the sample has another number of values than the window has channels.
        """
        if sample is None:
            self.clear()
            return False
        channels = self.channels
        scalar = isinstance(sample, _NUMBERS)
        found = 1 if scalar else len(sample)
        if found != channels:
            raise ValueError("Window.push: sample needs %d values, found %d" % (channels, found))
        if self._ready:
            self._slide()
        if self._skip:
            self._skip -= 1
            return False
        at = self._fill
        buffer = self.buffer
        if scalar:
            buffer[at] = sample
        else:
            for value in sample:
                buffer[at] = value
                at += 1
        return self._grow(channels)

    def push_from(self, samples, start=0):
        """Adds samples from a buffer until one window is full or the buffer is used up.

        Call it again with a later ``start`` for the rest, after the window was used::

            at = 0
            while at < frames:
                at += window.push_from(fifo, at)
                if window.ready():
                    model.predict(window.buffer, scores)

        Args:
            samples: a buffer of ``typecode``, samples one after the other.
            start: the first sample to take (in samples, not values).
        Returns:
            How many samples it took.
        Raises:
            ValueError: the buffer is not a whole number of samples, or ``start`` is outside it.
        """
        channels = self.channels
        total = len(samples) // channels
        if len(samples) % channels:
            raise ValueError(
                "Window.push_from: needs a multiple of %d values, found %d"
                % (channels, len(samples))
            )
        if not 0 <= start <= total:
            raise ValueError("Window.push_from: start needs 0..%d, found %d" % (total, start))
        if start == total:
            return 0
        if self._ready:
            self._slide()
        skipped = min(self._skip, total - start)
        self._skip -= skipped
        start += skipped
        frames = min(total - start, self.length - self._fill // channels)
        if frames:
            begin = self._fill
            source = memoryview(samples)[start * channels : (start + frames) * channels]
            self._view[begin : begin + frames * channels] = source
            self._grow(frames * channels)
        return skipped + frames

    def _grow(self, values):
        self._fill += values
        if self._fill < self.length * self.channels:
            return False
        self._ready = True
        self.count += 1
        return True

    def _slide(self):
        if self._tail is not None:
            self._view[self._head] = self._tail
        self._fill = self._end
        self._skip = max(self.hop - self.length, 0)
        self._ready = False
