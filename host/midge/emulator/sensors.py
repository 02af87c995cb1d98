"""Sensors on the emulated Pico that play recordings back, in emulated time.

A value is computed when the firmware reads it. A recording starts with the first reading, and
sample ``i`` then holds for one sample period around ``i / rate_hz`` seconds after it: a script
that samples at the recording's rate gets every sample once, with room for half a period of
jitter. After the last sample the recording starts again, or holds it (``loop=False``).
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from midge.errors import LinkError

FOREVER = math.inf
ADC_CHANNELS = 4  # of the RP2040 that are on pins: GP26..GP29 (RP2040 datasheet, 4.9)

# Full scales that the MPU6050 offers (RM-MPU-6000A-00 rev 4.2, registers 27 and 28).
GYRO_FULL_SCALES = (250, 500, 1000, 2000)  # degrees/s
ACCEL_FULL_SCALES = (2, 4, 8, 16)  # g


@dataclasses.dataclass(frozen=True, eq=False)
class Recording:
    """What every sensor has: samples, their rate, and when the sensor does not answer.

    Args:
        samples: C-contiguous int16 or uint16, one row a sample.
        rate_hz: samples a second, > 0.
        loop: start again after the last sample instead of holding it.
        fail_between: seconds (from, until) after the first reading during which the sensor
            does not answer; ``until`` may be :data:`FOREVER`.
        absent: the sensor never answers.
    """

    samples: np.ndarray
    rate_hz: float
    loop: bool = False
    fail_between: tuple[float, float] | None = None
    absent: bool = False

    kind: ClassVar[str] = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples", self._checked(np.asarray(self.samples)))
        if not (self.rate_hz > 0 and math.isfinite(self.rate_hz)):
            raise self._error(f"rate_hz is {self.rate_hz}, must be above 0")
        if len(self.samples) == 0:
            raise self._error("the recording is empty, needs at least 1 sample")
        if self.fail_between is not None and not 0 <= self.fail_between[0] < self.fail_between[1]:
            raise self._error(f"fail_between is {self.fail_between}, needs 0 <= from < until")

    def _checked(self, samples: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _error(self, what: str) -> LinkError:
        return LinkError(what, where=f"emulated {type(self).__name__}")

    def index(self, seconds: float) -> int:
        """The row that is current ``seconds`` after the first reading."""
        i = math.floor(seconds * self.rate_hz + 0.5)
        return i % len(self.samples) if self.loop else min(i, len(self.samples) - 1)

    def answers(self, seconds: float) -> bool:
        """Whether the sensor answers ``seconds`` after the first reading."""
        if self.absent:
            return False
        return self.fail_between is None or not (
            self.fail_between[0] <= seconds < self.fail_between[1]
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Mpu6050(Recording):
    """An MPU6050 accelerometer and gyroscope on I2C.

    Args:
        samples: int16 [n, 6]: accelerometer x, y, z then gyroscope x, y, z in counts at the
            full scales below. If the firmware sets other full scales, the counts are rescaled
            (rounded half away from zero, clamped to int16), as the sensor would give them.
        addr: 0x68, or 0x69 with AD0 high.
        bus: the RP2040's I2C block, 0 or 1.
        accel_g: full scale of the recorded accelerometer: 2, 4, 8 or 16 g.
        gyro_dps: full scale of the recorded gyroscope: 250, 500, 1000 or 2000 degrees/s.
        temperature_c: what its thermometer shows.

    Raises:
        LinkError: an argument is outside the above.
    """

    addr: int = 0x68
    bus: int = 0
    accel_g: int = 2
    gyro_dps: int = 250
    temperature_c: float = 25.0

    kind: ClassVar[str] = "mpu6050"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.addr not in (0x68, 0x69):
            raise self._error(f"addr is {self.addr:#x}, must be 0x68 or 0x69")
        if self.bus not in (0, 1):
            raise self._error(f"bus is {self.bus}, must be 0 or 1")
        if self.accel_g not in ACCEL_FULL_SCALES:
            raise self._error(f"accel_g is {self.accel_g}, must be one of {ACCEL_FULL_SCALES}")
        if self.gyro_dps not in GYRO_FULL_SCALES:
            raise self._error(f"gyro_dps is {self.gyro_dps}, must be one of {GYRO_FULL_SCALES}")

    def _checked(self, samples: np.ndarray) -> np.ndarray:
        if samples.dtype != np.int16 or samples.ndim != 2 or samples.shape[1] != 6:
            raise self._error(
                f"samples are {samples.dtype} {list(samples.shape)}, must be int16 [n, 6]"
            )
        return np.ascontiguousarray(samples)


@dataclasses.dataclass(frozen=True, eq=False)
class AdcSource(Recording):
    """A voltage on an ADC pin.

    Args:
        samples: integers [n], 0..4095: what the 12-bit ADC reads (MicroPython's ``read_u16()``
            returns it with the upper 4 bits repeated below).
        channel: 0..3, that is GP26..GP29.

    An ADC cannot fail to answer: while ``absent`` or in ``fail_between`` it reads 0, as a
    grounded pin does.

    Raises:
        LinkError: an argument is outside the above.
    """

    channel: int = 0

    kind: ClassVar[str] = "adc"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.channel < ADC_CHANNELS:
            raise self._error(f"channel is {self.channel}, must be 0..{ADC_CHANNELS - 1}")

    def _checked(self, samples: np.ndarray) -> np.ndarray:
        if samples.ndim != 1 or not np.issubdtype(samples.dtype, np.integer):
            raise self._error(
                f"samples are {samples.dtype} {list(samples.shape)}, must be integers [n]"
            )
        if samples.size and not (samples.min() >= 0 and samples.max() <= 4095):
            raise self._error(
                f"samples span {samples.min()}..{samples.max()}, must be 12-bit, 0..4095"
            )
        return np.ascontiguousarray(samples, dtype=np.uint16)


@dataclasses.dataclass(frozen=True, eq=False)
class Sound(Recording):
    """What ``midge.Playback.emulated`` plays in an I2S microphone's place; at most one.

    I2S itself is not emulated: samples go straight into the firmware's buffers, at the times at
    which ``Playback`` asks for them. They never fail to come; ``loop`` is not for sound.

    Args:
        samples: int16 [n], one channel.
    """

    kind: ClassVar[str] = "sound"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.loop or self.absent or self.fail_between is not None:
            raise self._error("loop, absent or fail_between is set, sound has none of them")

    def _checked(self, samples: np.ndarray) -> np.ndarray:
        if samples.dtype != np.int16 or samples.ndim != 1:
            raise self._error(
                f"samples are {samples.dtype} {list(samples.shape)}, must be int16 [n]"
            )
        return np.ascontiguousarray(samples)


Sensor = Mpu6050 | AdcSource | Sound
_KINDS: dict[str, type[Mpu6050] | type[AdcSource] | type[Sound]] = {
    Mpu6050.kind: Mpu6050,
    AdcSource.kind: AdcSource,
    Sound.kind: Sound,
}


def save(path: Path, sensors: Sequence[Sensor]) -> None:
    """Writes sensors to one ``.npz`` file, for the emulator's process."""
    _check_wiring(sensors)
    specs: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}
    for i, sensor in enumerate(sensors):
        names = [field.name for field in dataclasses.fields(sensor) if field.name != "samples"]
        spec = {name: getattr(sensor, name) for name in names}
        specs.append({"kind": sensor.kind, **spec})
        arrays[f"samples{i}"] = sensor.samples
    buffer = io.BytesIO()
    np.savez(buffer, spec=np.array(json.dumps(specs)), **arrays)  # type: ignore[arg-type]
    path.write_bytes(buffer.getvalue())


def load(path: Path) -> list[Sensor]:
    """Reads what :func:`save` wrote."""
    with np.load(path, allow_pickle=False) as npz:
        sensors: list[Sensor] = []
        for i, spec in enumerate(json.loads(str(npz["spec"]))):
            if spec["fail_between"] is not None:
                spec["fail_between"] = tuple(spec["fail_between"])
            sensors.append(_KINDS[spec.pop("kind")](samples=npz[f"samples{i}"], **spec))
        return sensors


def _place(sensor: Sensor) -> tuple[Any, ...]:
    if isinstance(sensor, Mpu6050):
        return sensor.kind, sensor.bus, sensor.addr
    return (sensor.kind, sensor.channel) if isinstance(sensor, AdcSource) else (sensor.kind,)


def _check_wiring(sensors: Sequence[Sensor]) -> None:
    places = [_place(sensor) for sensor in sensors]
    for place in places:
        if places.count(place) > 1:
            raise LinkError(
                f"{places.count(place)} sensors share one place: {place}", where="emulated Pico"
            )
