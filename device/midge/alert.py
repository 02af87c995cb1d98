"""Telling the world: a pin, a callback, or both."""

from . import clock as _clock


class Alert:
    """Raises a pin and calls a callback, at most once in ``min_interval_ms``::

        alert = Alert(Pin(15, Pin.OUT), active_ms=500)
        event = smoother.update(label, score, t)
        if event:
            alert(event)
        alert.poll()     # once in each round of the loop: lowers the pin again

    With a ``timer`` the pin is lowered in time without ``poll``.

    Args:
        pin: a ``machine.Pin`` (or ``Signal``, or any function of 0 and 1), or the number or name
            of one, which becomes an output; None: no pin.
        callback: called with the alert's arguments. What it raises is counted in ``errors`` and
            handed to ``on_error``; the script goes on.
        active_ms: how long the pin stays high; 0: until ``clear``.
        min_interval_ms: alerts that follow an alert sooner are only counted, in ``suppressed``.
        timer: a ``machine.Timer``, for example ``Timer(-1)``.
        on_error: called with the exception. Default: prints it.
        clock: see ``midge.clock``.

    Attributes:
        active: True while the pin is high.
        count, suppressed, errors: alerts raised, alerts within ``min_interval_ms``, callbacks
            that failed.

    Raises:
        ValueError: a time outside 0..2**29 - 1 ms.
    """

    def __init__(
        self,
        pin=None,
        callback=None,
        *,
        active_ms=1000,
        min_interval_ms=0,
        timer=None,
        on_error=None,
        clock=None,
    ):
        for name, value in (("active_ms", active_ms), ("min_interval_ms", min_interval_ms)):
            if not isinstance(value, int) or not 0 <= value < 1 << 29:
                raise ValueError(
                    "Alert: %s needs an int 0..%d, found %r" % (name, (1 << 29) - 1, value)
                )
        if isinstance(pin, (int, str)):
            from machine import Pin

            pin = Pin(pin, Pin.OUT, value=0)
        self.pin = pin
        self.callback = callback
        self.active_ms = active_ms
        self.min_interval_ms = min_interval_ms
        self.timer = timer
        self.on_error = _print if on_error is None else on_error
        self._clock = _clock if clock is None else clock
        self._lower = self._expire  # a bound method made now: timers may fire in interrupts
        self._since = None
        self.active = False
        self.count = self.suppressed = self.errors = 0

    def __call__(self, *args):
        """Raises the alert; returns False if ``min_interval_ms`` suppressed it."""
        now = self._clock.ticks_ms()
        if self._since is not None:
            if 0 <= self._clock.ticks_diff(now, self._since) < self.min_interval_ms:
                self.suppressed += 1
                return False
        self._since = now
        self.count += 1
        self.active = True
        self._set(1)
        if self.timer is not None and self.active_ms:
            self.timer.init(period=self.active_ms, mode=self.timer.ONE_SHOT, callback=self._lower)
        if self.callback is not None:
            try:
                self.callback(*args)
            except Exception as err:  # whatever a user's callback may raise
                self.errors += 1
                self.on_error(err)
        return True

    def poll(self):
        """Lowers the pin if ``active_ms`` have passed; returns ``active``."""
        if self.active and self.active_ms:
            if self._clock.ticks_diff(self._clock.ticks_ms(), self._since) >= self.active_ms:
                self.clear()
        return self.active

    def clear(self):
        """Lowers the pin now."""
        self.active = False
        self._set(0)

    def _expire(self, timer):
        self.clear()

    def _set(self, value):
        if self.pin is not None:
            self.pin(value)


def _print(err):
    import sys

    if hasattr(sys, "print_exception"):
        sys.print_exception(err)
    else:
        import traceback

        traceback.print_exception(err)
