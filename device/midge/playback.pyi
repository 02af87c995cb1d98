from collections.abc import Callable
from typing import Any, Self

from .capture import Capture
from .clock import Clock

class Playback(Capture):
    done: bool
    def __init__(
        self,
        samples: Any,
        rate_hz: float,
        block: int,
        channels: int = 1,
        *,
        ibuf: int = 0,
        wait: Callable[[int], object] | None = None,
        clock: Clock | None = None,
    ) -> None: ...
    @classmethod
    def emulated(
        cls, rate_hz: float, block: int, *, ibuf: int = 16000, **options: Any
    ) -> Self | None: ...
