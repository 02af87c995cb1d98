from collections.abc import Callable
from typing import Any

from .clock import Clock

class Alert:
    pin: Any
    callback: Callable[..., object] | None
    active_ms: int
    min_interval_ms: int
    timer: Any
    on_error: Callable[[Exception], object]
    active: bool
    count: int
    suppressed: int
    errors: int
    def __init__(
        self,
        pin: Any = None,
        callback: Callable[..., object] | None = None,
        *,
        active_ms: int = 1000,
        min_interval_ms: int = 0,
        timer: Any = None,
        on_error: Callable[[Exception], object] | None = None,
        clock: Clock | None = None,
    ) -> None: ...
    def __call__(self, *args: Any) -> bool: ...
    def poll(self) -> bool: ...
    def clear(self) -> None: ...
