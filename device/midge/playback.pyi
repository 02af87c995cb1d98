from collections.abc import Callable
from typing import Any

from .capture import Capture
from .clock import Clock

class Playback(Capture):
    def __init__(
        self,
        samples: Any,
        rate_hz: float,
        block: int,
        channels: int = 1,
        *,
        wait: Callable[[int], object] | None = None,
        clock: Clock | None = None,
    ) -> None: ...
