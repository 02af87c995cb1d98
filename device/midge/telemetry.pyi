from collections.abc import Callable
from typing import Any

from .clock import Clock

PREFIX: str
KINDS: tuple[str, ...]

class Telemetry:
    def __init__(
        self, write: Callable[[str], object] = ..., clock: Clock | None = None
    ) -> None: ...
    def ms(self) -> int: ...
    def send(self, kind: str, **fields: Any) -> None: ...
