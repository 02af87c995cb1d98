"""The emulated Pico as a link: the real ``mpremote`` talks to it over TCP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from midge.emulator.pico import EmulatedPico
from midge.emulator.probes import Edge
from midge.emulator.sensors import Sensor
from midge.links.base import DEFAULT_TIMEOUT_S, Link
from midge.links.mpremote import MpremoteLink


class EmulatedLink(Link):
    """An emulated Pico. Its sensors' recordings start anew with every ``run``.

    Args and errors: as :class:`midge.emulator.pico.EmulatedPico`, which is ``pico``.
    """

    def __init__(self, uf2: Path, sensors: Sequence[Sensor] = (), filesystem: Path | None = None):
        self.pico = EmulatedPico(uf2, sensors, filesystem)
        try:
            self._mpremote = MpremoteLink(self.pico.url, "emulated Pico", soft_reset_first=False)
        except BaseException:
            self.pico.close(save=False)
            raise

    @property
    def description(self) -> str:
        return self._mpremote.description

    def run(self, script: Path, timeout_s: float = DEFAULT_TIMEOUT_S) -> Iterator[str]:
        self.pico.power_cycle_sensors()
        return self._mpremote.run(script, timeout_s)

    def exec(self, code: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> str:
        return self._mpremote.exec(code, timeout_s)

    def put(self, local: Path, remote: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self._mpremote.put(local, remote, timeout_s)

    def gpio(self) -> list[Edge]:
        return self.pico.gpio()

    def close(self) -> None:
        self.pico.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pico.close(save=kind is None)
