from array import array
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from .clock import Clock

class _Sensor(Protocol):
    def readinto(self, buf: array[int], /) -> object: ...

class _Adc(Protocol):
    def read_u16(self) -> int: ...

class Sampler:
    sample: array[int]
    rate_hz: float
    channels: int
    hold: int
    retries: int
    on_error: Callable[[OSError | None], object] | None
    count: int
    overruns: int
    errors: int
    failing: bool
    held: int
    jitter_us: int
    def __init__(
        self,
        source: _Sensor | _Adc | Sequence[_Adc] | Callable[[array[int]], object],
        rate_hz: float,
        channels: int | None = None,
        *,
        wait: Callable[[int], object] | None = None,
        hold: int = 3,
        retries: int = 1,
        on_error: Callable[[OSError | None], object] | None = None,
        adc_shift: int = 4,
        clock: Clock | None = None,
    ) -> None: ...
    def restart(self) -> None: ...
    def read(self) -> array[int] | None: ...
    def __iter__(self) -> Sampler: ...
    def __next__(self) -> array[int] | None: ...
    def __aiter__(self) -> Sampler: ...
    async def __anext__(self) -> array[int] | None: ...
    def start(self, timer: Any, depth: int = 16, **options: Any) -> None: ...
    def stop(self) -> None: ...
    def stats(self) -> dict[str, int]: ...
