from array import array
from collections.abc import Callable
from typing import Any, Protocol

from .capture import Capture
from .clock import Clock

class _Fifo(Protocol):
    rate_hz: float
    channels: int
    fifo_overflows: int
    def fifo_start(self) -> None: ...
    def fifo_stop(self) -> None: ...
    def fifo_readinto(self, buf: array[int], /) -> int: ...

class FifoCapture(Capture):
    def __init__(
        self,
        sensor: _Fifo,
        block: int,
        *,
        wait: Callable[[int], object] | None = None,
        clock: Clock | None = None,
    ) -> None: ...
    def poll_with(self, timer: Any) -> None: ...
