from array import array
from collections.abc import Sequence
from typing import Any

class Window:
    length: int
    hop: int
    channels: int
    typecode: str
    buffer: array[Any]
    count: int
    def __init__(
        self, length: int, hop: int | None = None, channels: int = 1, typecode: str = "h"
    ) -> None: ...
    def __len__(self) -> int: ...
    def clear(self) -> None: ...
    def ready(self) -> bool: ...
    def push(self, sample: Sequence[float] | array[Any] | float | None) -> bool: ...
    def push_from(
        self, samples: array[Any] | bytes | bytearray | memoryview, start: int = 0
    ) -> int: ...
