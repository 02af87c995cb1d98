from collections.abc import Callable, Sequence

from .capture import Capture
from .clock import Clock

class AdcDma(Capture):
    def __init__(
        self,
        pins: int | Sequence[int],
        rate_hz: float,
        block: int = 256,
        *,
        wait: Callable[[int], object] | None = None,
        clock: Clock | None = None,
    ) -> None: ...
