from array import array
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .clock import Clock

class Event(NamedTuple):
    label: Any
    score: float
    t: int

class Smoother:
    labels: tuple[Any, ...]
    window: int
    consecutive: int
    hold_off_ms: int
    events: int
    def __init__(
        self,
        labels: Sequence[Any] | int,
        *,
        threshold: float | Mapping[Any, float] = 0.7,
        release: float | None = None,
        window: int = 3,
        alpha: float | None = None,
        consecutive: int = 1,
        hold_off_ms: int = 0,
        quant: tuple[float, int] | None = None,
        clock: Clock | None = None,
    ) -> None: ...
    def reset(self) -> None: ...
    def update(self, label: Any, score: float, t: int | None = None) -> Event | None: ...
    def update_scores(
        self, scores: Sequence[float] | array[Any], t: int | None = None
    ) -> Event | None: ...
    def score(self, label: Any) -> float: ...
    def active(self, label: Any) -> bool: ...
