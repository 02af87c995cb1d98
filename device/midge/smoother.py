"""From a score per window to decisions that do not flicker."""

from array import array
from collections import namedtuple

from . import clock as _clock

# Scores are kept as integers of 1/_ONE: on a board, floats would be allocated for each window.
_BITS = 14
_ONE = 1 << _BITS
_ALPHA_BITS = 10
_MAX_SCALE = 60  # keeps (q - zero_point) * scale in MicroPython's small integers

Event = namedtuple("Event", ("label", "score", "t"))


class Smoother:
    """Smooths the scores of each label over time and says when a label becomes active::

        smoother = Smoother(model.info()["labels"], threshold=0.8, release=0.5, window=3)
        label, score = model.classify(window.buffer)
        event = smoother.update(label, score)
        if event:
            alert(event)

    A label becomes active, with one event, when its smoothed score has been at ``threshold`` or
    above for ``consecutive`` updates. It stays active until that score is below ``release``;
    then it can become active again, but not within ``hold_off_ms`` of its last event. One update
    gives at most one event, that of the highest smoothed score; another label's comes next time
    if it still holds.

    Args:
        labels: the model's labels in its order, or their number.
        threshold: score that makes a label active; or a dict of label: score, where labels left
            out never become active.
        release: score below which it ends, at most ``threshold``. Default: ``threshold``.
        window: updates in the plain mean; no event before there were as many. 1: no smoothing.
        alpha: with 0 < alpha <= 1, exponential smoothing instead of the mean:
            ``smoothed += alpha * (score - smoothed)``, from 0.
        consecutive: updates in a row at or above the threshold.
        hold_off_ms: shortest time between two events of a label (refractory time), 0..2**29 - 1.
        quant: (scale, zero_point) of the model's output: integer scores are then quantized ones,
            ``scale * (score - zero_point)``. With them updates allocate nothing on a board.
        clock: see ``midge.clock``.

    Attributes:
        labels: a tuple.
        events: number of events so far.

    Raises:
        ValueError: a number outside its range, or a threshold for an unknown label.
    """

    def __init__(
        self,
        labels,
        *,
        threshold=0.7,
        release=None,
        window=3,
        alpha=None,
        consecutive=1,
        hold_off_ms=0,
        quant=None,
        clock=None,
    ):
        self.labels = tuple(range(labels)) if isinstance(labels, int) else tuple(labels)
        _check("labels", len(self.labels), 1, None)
        _check("window", window, 1, None)
        _check("consecutive", consecutive, 1, None)
        _check("hold_off_ms", hold_off_ms, 0, (1 << 29) - 1)
        if alpha is not None:
            if not 0 < alpha <= 1:
                raise ValueError("Smoother: alpha needs 0 < alpha <= 1, found %r" % (alpha,))
            window = 1
            alpha = max(int(alpha * (1 << _ALPHA_BITS) + 0.5), 1)
        self.window = window
        self.consecutive = consecutive
        self.hold_off_ms = hold_off_ms
        self._clock = _clock if clock is None else clock
        self._alpha = alpha
        self._quantize(quant)
        self._thresholds(threshold, release)
        n = len(self.labels)
        self._index = {label: i for i, label in enumerate(self.labels)}
        self._ring = array("i", bytes(4 * n * window))
        self._sum = array("i", bytes(4 * n))  # of the ring; or the exponential mean
        self._run = array("i", bytes(4 * n))  # updates in a row at or above the threshold
        self._active = bytearray(n)
        self._last = [None] * n  # ticks of the last event
        self.events = 0
        self.reset()

    def reset(self):
        """Forgets the scores and ends what is active, for example after a gap in the signal.

        Hold-off times go on.
        """
        for i in range(len(self._ring)):
            self._ring[i] = 0
        for i in range(len(self.labels)):
            self._sum[i] = self._run[i] = self._active[i] = 0
        self._at = 0
        self._seen = 0

    def update(self, label, score, t=None):
        """One window's result, as ``Model.classify`` gives it; the other labels score 0.

        Args:
            label: one of ``labels``, or its index.
            score: float; an int too, which is a quantized score if ``quant`` was given.
            t: time in ms, as from ``time.ticks_ms()``. Default: now.
        Returns:
            ``Event(label, score, t)`` with the smoothed score, or None.
        Raises:
            ValueError: the label is unknown.
        """
        winner = self._find(label)
        for i in range(len(self.labels)):
            self._add(i, self._fixed(score) if i == winner else 0)
        return self._decide(t)

    def update_scores(self, scores, t=None):
        """One window's scores for all labels, in order; otherwise as ``update``.

        Args:
            scores: a buffer or sequence: ``array('f')``, or with ``quant`` an ``array('b')`` as
                ``Model.predict(window, scores)`` fills it. On a PC also a numpy array.
        Raises:
            ValueError: there are not as many scores as labels.
        """
        if len(scores) != len(self.labels):
            raise ValueError(
                "Smoother.update_scores: needs %d scores, found %d"
                % (len(self.labels), len(scores))
            )
        if hasattr(scores, "tolist"):  # on a PC: numpy's numbers are no int and overflow
            scores = scores.tolist()
        for i in range(len(self.labels)):
            self._add(i, self._fixed(scores[i]))
        return self._decide(t)

    def score(self, label):
        """The smoothed score of ``label``, a float."""
        return self._sum[self._find(label)] / (self.window * _ONE)

    def active(self, label):
        """True while ``label`` is active."""
        return bool(self._active[self._find(label)])

    def _find(self, label):
        i = self._index.get(label, -1)
        if i < 0:
            if not isinstance(label, int) or not 0 <= label < len(self.labels):
                raise ValueError(
                    "Smoother: label needs one of %r, found %r" % (self.labels, label)
                )
            i = label
        return i

    def _fixed(self, score):
        if self._scale and isinstance(score, int):
            return (score - self._zero) * self._scale >> (16 - _BITS)
        return int(score * _ONE)

    def _add(self, i, value):
        if self._alpha is not None:
            step = (value - self._sum[i]) * self._alpha
            self._sum[i] += (step + (1 << (_ALPHA_BITS - 1))) >> _ALPHA_BITS
            return
        at = i * self.window + self._at
        self._sum[i] += value - self._ring[at]
        self._ring[at] = value

    def _decide(self, t):
        if t is None:
            t = self._clock.ticks_ms()
        self._at = (self._at + 1) % self.window
        if self._seen < self.window:
            self._seen += 1
        best = -1
        for i in range(len(self.labels)):
            if self._begins(i, t) and (best < 0 or self._sum[i] > self._sum[best]):
                best = i
        if best < 0:
            return None
        self._active[best] = 1
        self._last[best] = t
        self.events += 1
        return Event(self.labels[best], self._sum[best] / (self.window * _ONE), t)

    def _begins(self, i, t):
        # Follows label i; True if it may become active now.
        total = self._sum[i]
        if self._active[i] and total < self._off[i]:
            self._active[i] = 0
        if self._on[i] is None or total < self._on[i] or self._seen < self.window:
            self._run[i] = 0
            return False
        if self._run[i] < self.consecutive:
            self._run[i] += 1
        if self._active[i] or self._run[i] < self.consecutive:
            return False
        last = self._last[i]
        return last is None or not 0 <= self._clock.ticks_diff(t, last) < self.hold_off_ms

    def _quantize(self, quant):
        self._scale = self._zero = 0
        if quant is not None:
            scale, self._zero = quant
            if not 0 < scale <= _MAX_SCALE:
                raise ValueError(
                    "Smoother: quant's scale needs 0 < scale <= %d, found %r" % (_MAX_SCALE, scale)
                )
            self._scale = max(int(scale * 65536 + 0.5), 1)

    def _thresholds(self, threshold, release):
        levels = threshold if isinstance(threshold, dict) else None
        for label in levels or ():
            if label not in self.labels:
                raise ValueError(
                    "Smoother: threshold for %r, which is not one of %r" % (label, self.labels)
                )
        self._on = []
        self._off = []
        for label in self.labels:
            on = threshold if levels is None else levels.get(label)
            off = on if release is None else release
            if on is not None and off > on:
                raise ValueError(
                    "Smoother: release needs at most the threshold %r, found %r" % (on, off)
                )
            self._on.append(None if on is None else int(on * _ONE * self.window))
            self._off.append(None if on is None else int(off * _ONE * self.window))


def _check(name, value, low, high):
    if not isinstance(value, int) or value < low or (high is not None and value > high):
        span = "int >= %d" % low if high is None else "int %d..%d" % (low, high)
        raise ValueError("Smoother: %s needs an %s, found %r" % (name, span, value))
