from array import array
from collections.abc import Callable
from typing import Any, Protocol

from .capture import Capture
from .clock import Clock

class _I2S(Protocol):
    def irq(self, handler: Callable[[Any], object], /) -> object: ...
    def readinto(self, buf: array[int], /) -> object: ...

class Microphone(Capture):
    def __init__(
        self,
        source: _I2S,
        rate_hz: float,
        block: int,
        channels: int = 1,
        *,
        bits: int = 32,
        gain_bits: int = 0,
        ibuf: int = 16000,
        wait: Callable[[int], object] | None = None,
        clock: Clock | None = None,
    ) -> None: ...
