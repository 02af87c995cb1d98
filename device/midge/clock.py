"""Time as Midge uses it: MicroPython's ticks and sleeps, on a board and on a PC.

Ticks wrap: compare them with ``ticks_diff`` only. Its answer is right for spans below 2**29
ticks (8.9 minutes of microseconds, 6.2 days of milliseconds).

This module is also the shape of a clock: classes with a ``clock`` argument take any object with
these names, and tests give them one whose time they control.
"""

try:
    from time import sleep_ms, sleep_us, ticks_add, ticks_diff, ticks_ms, ticks_us
except ImportError:  # CPython
    import time as _time

    _PERIOD = 1 << 30  # as on the boards, so that a PC meets the wrap too
    _HALF = 1 << 29

    def ticks_us():
        return _time.monotonic_ns() // 1000 & (_PERIOD - 1)

    def ticks_ms():
        return _time.monotonic_ns() // 1000000 & (_PERIOD - 1)

    def ticks_add(ticks, delta):
        return (ticks + delta) & (_PERIOD - 1)

    def ticks_diff(end, start):
        return ((end - start + _HALF) & (_PERIOD - 1)) - _HALF

    def sleep_us(us):
        _time.sleep(max(us, 0) / 1000000)

    def sleep_ms(ms):
        _time.sleep(max(ms, 0) / 1000)


try:
    from machine import lightsleep
except ImportError:  # a PC, or MicroPython's unix port
    lightsleep = sleep_ms


def asleep_ms(ms):
    """An awaitable that takes ``ms`` milliseconds of asyncio's time."""
    import asyncio

    if hasattr(asyncio, "sleep_ms"):
        return asyncio.sleep_ms(ms)
    return asyncio.sleep(ms / 1000)
