from array import array
from collections.abc import Callable
from typing import Any, Protocol

from .clock import Clock

class _I2S(Protocol):
    def irq(self, handler: Callable[[Any], object], /) -> object: ...
    def readinto(self, buf: array[int], /) -> object: ...

class Microphone:
    hop: array[int]
    rate_hz: int
    channels: int
    count: int
    overruns: int
    waited_us: int
    def __init__(
        self,
        source: _I2S,
        hop: int,
        rate_hz: int = 8000,
        *,
        channels: int = 1,
        bits: int = 32,
        gain_bits: int = 0,
        ibuf: int = 16000,
        wait: Callable[[int], object] | None = None,
        clock: Clock | None = None,
    ) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def ready(self) -> bool: ...
    def read(self) -> array[int] | None: ...
    def __iter__(self) -> Microphone: ...
    def __next__(self) -> array[int] | None: ...
    def stats(self) -> dict[str, int]: ...

class Replay:
    lost: int
    done: bool
    def __init__(
        self,
        read: Callable[[Any], int | None],
        timer: Any,
        rate_hz: int = 8000,
        *,
        ibuf: int = 16000,
        clock: Clock | None = None,
    ) -> None: ...
    @classmethod
    def emulated(cls, timer: Any, rate_hz: int = 8000, **options: Any) -> Replay | None: ...
    def irq(self, handler: Callable[[Replay], object]) -> None: ...
    def readinto(self, buf: array[int]) -> None: ...
    def deinit(self) -> None: ...
