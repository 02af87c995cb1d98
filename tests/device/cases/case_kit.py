"""What the cases share. Runs on MicroPython and CPython."""

import gc
import sys

ON_BOARD = sys.implementation.name == "micropython"

_PERIOD = 1 << 30
_HALF = 1 << 29


class Skip(Exception):  # noqa: N818 - not an error
    """This case cannot run here; the message says why."""


def device(module):
    """A module of the device package: ``midge.<module>`` on a board, ``midge.device.<module>``."""
    package = "midge" if ON_BOARD else "midge.device"
    return __import__(package + "." + module, None, None, ("*",))


def raises(kind, function, *args, **kwargs):
    """Calls ``function``, which must raise ``kind``; returns the message."""
    try:
        function(*args, **kwargs)
    except kind as err:
        return str(err)
    raise AssertionError(kind.__name__ + " was not raised")


def assert_no_allocation(function, times):
    """On MicroPython ``function()`` must run ``times`` times with the heap locked.

    CPython has no such lock: there it only runs.
    """
    function()  # what is made once may be made now
    if not ON_BOARD:
        for _ in range(times):
            function()
        return
    import micropython

    gc.collect()
    before = gc.mem_alloc()
    micropython.heap_lock()
    try:
        for _ in range(times):
            function()
    finally:
        micropython.heap_unlock()
    assert gc.mem_alloc() <= before, (gc.mem_alloc(), before)


class FakeClock:
    """A clock that only moves when told to, in microseconds; wraps as a board's does."""

    def __init__(self, us=0, late_us=0):
        self.us = us
        self.late_us = late_us  # every sleep takes this much longer
        self.deep_ms = 0  # in lightsleep
        self.shallow_us = 0  # in sleep_us and sleep_ms
        self.wakes_after_ms = None  # a light sleep never lasts longer: interrupts

    def ticks_us(self):
        return self.us & (_PERIOD - 1)

    def ticks_ms(self):
        return self.us // 1000 & (_PERIOD - 1)

    def ticks_add(self, ticks, delta):
        return (ticks + delta) & (_PERIOD - 1)

    def ticks_diff(self, end, start):
        return ((end - start + _HALF) & (_PERIOD - 1)) - _HALF

    def sleep_us(self, us):
        self.shallow_us += us
        self.us += us + self.late_us

    def sleep_ms(self, ms):
        self.sleep_us(ms * 1000)

    def lightsleep(self, ms):
        if self.wakes_after_ms is not None:
            ms = min(ms, self.wakes_after_ms)
        self.deep_ms += ms
        self.us += ms * 1000 + self.late_us

    async def asleep_ms(self, ms):
        self.us += ms * 1000
