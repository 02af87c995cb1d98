from array import array
from collections.abc import Callable, Sequence

from .clock import Clock

class Fusion:
    channels: tuple[int, ...]
    sample: array[int]
    def __init__(self, channels: Sequence[int]) -> None: ...
    def clear(self) -> None: ...
    def push(self, sensor: int, sample: int | Sequence[int]) -> None: ...
    def join(self, sample: int | Sequence[int] | None) -> array[int] | None: ...

class Gate:
    hold_ms: int
    is_open: bool
    opened: int
    def __init__(
        self,
        hold_ms: int,
        *,
        on_open: Callable[[], object] | None = None,
        on_close: Callable[[], object] | None = None,
        clock: Clock | None = None,
    ) -> None: ...
    def __call__(self, active: bool) -> bool: ...
