"""Recordings, without an emulator: what is current when, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from midge.emulator import devices, sensors
from midge.emulator.sensors import FOREVER, AdcSource, Mpu6050
from midge.errors import LinkError

RNG = np.random.default_rng(20)
MOTION = RNG.integers(-32768, 32768, (40, 6)).astype(np.int16)
VOLTS = RNG.integers(0, 4096, 30)


class Clock:
    """Emulated time that a test moves."""

    def __init__(self) -> None:
        self.ns = 5e9  # a board has been up for a while when its script starts

    def __call__(self) -> float:
        return self.ns


def awake(sensor: Mpu6050, clock: Clock) -> devices.Mpu6050Device:
    device = devices.Mpu6050Device(sensor, clock)
    write(device, devices.PWR_MGMT_1, 1)
    write(device, devices.CONFIG, 3)  # low-pass filter on: 1 kHz
    return device


def write(device: devices.Mpu6050Device, register: int, value: int) -> None:
    device.begin(writing=True)
    device.write(register)
    device.write(value)


def read(device: devices.Mpu6050Device, register: int, n: int) -> bytes:
    device.begin(writing=True)
    device.write(register)
    device.begin(writing=False)
    return bytes(device.read() for _ in range(n))


def counts(device: devices.Mpu6050Device) -> list[int]:
    """Accelerometer and gyroscope."""
    raw = np.frombuffer(read(device, devices.ACCEL_XOUT_H, 14), dtype=">i2")
    return [int(v) for v in (*raw[:3], *raw[4:])]


def test_a_sampler_at_the_recordings_rate_gets_every_sample_once() -> None:
    clock = Clock()
    device = awake(Mpu6050(MOTION, 50.0), clock)
    jitter = RNG.uniform(-0.45, 0.45, len(MOTION)) * 20e6
    jitter[0] = 0  # the first reading is what starts the recording
    start = clock.ns
    seen = []
    for i, late in enumerate(jitter):
        clock.ns = start + i * 20e6 + late
        seen.append(counts(device))
    assert seen == MOTION.tolist()


def test_the_last_sample_is_held_or_the_recording_starts_again() -> None:
    assert Mpu6050(MOTION, 10.0).index(100.0) == 39
    assert Mpu6050(MOTION, 10.0, loop=True).index(4.0) == 0
    assert Mpu6050(MOTION, 10.0, loop=True).index(8.1) == 1


def test_a_sensor_asleep_stands_still() -> None:
    clock = Clock()
    device = devices.Mpu6050Device(Mpu6050(MOTION, 50.0), clock)
    assert counts(device) == [0] * 6
    write(device, devices.PWR_MGMT_1, 0)
    assert counts(device) == MOTION[0].tolist()
    write(device, devices.PWR_MGMT_1, devices.SLEEP)
    clock.ns += 1e9
    assert counts(device) == MOTION[0].tolist()


def test_registers() -> None:
    device = awake(Mpu6050(MOTION, 50.0, temperature_c=30.0), Clock())
    assert read(device, devices.WHO_AM_I, 1) == b"\x68"
    write(device, devices.WHO_AM_I, 1)  # read-only
    assert read(device, devices.WHO_AM_I, 1) == b"\x68"
    raw = int.from_bytes(read(device, devices.ACCEL_XOUT_H, 14)[6:8], "big", signed=True)
    assert raw / 340 + 36.53 == pytest.approx(30.0, abs=0.5 / 340)  # half a count
    write(device, devices.PWR_MGMT_1, devices.DEVICE_RESET)
    assert read(device, devices.PWR_MGMT_1, 1) == bytes([devices.SLEEP])


def test_data_ready_is_set_once_a_sample() -> None:
    clock = Clock()
    device = awake(Mpu6050(MOTION, 50.0), clock)
    assert read(device, devices.INT_STATUS, 1) == b"\x01"
    assert read(device, devices.INT_STATUS, 1) == b"\x00"
    clock.ns += 20e6
    assert read(device, devices.INT_STATUS, 1) == b"\x01"


def test_fifo_gives_every_conversion_and_says_when_it_ran_over() -> None:
    clock = Clock()
    device = awake(Mpu6050(MOTION, 50.0), clock)
    write(device, devices.SMPLRT_DIV, 19)  # 50 Hz
    write(device, devices.FIFO_EN, devices.FIFO_GYRO_ACCEL)
    write(device, devices.USER_CTRL, devices.FIFO_ON)
    clock.ns += 5 * 20e6 + 1
    assert read(device, devices.FIFO_COUNTH, 2) == (60).to_bytes(2, "big")
    got = np.frombuffer(read(device, devices.FIFO_R_W, 60), dtype=">i2").reshape(5, 6)
    assert np.array_equal(got, MOTION[1:6])
    assert read(device, devices.FIFO_COUNTH, 2) == bytes(2)
    clock.ns += 86 * 20e6  # 1032 bytes
    assert read(device, devices.INT_STATUS, 1)[0] & devices.FIFO_OFLOW
    assert read(device, devices.FIFO_COUNTH, 2) == (1024).to_bytes(2, "big")
    write(device, devices.USER_CTRL, devices.FIFO_RESET | devices.FIFO_ON)
    assert read(device, devices.FIFO_COUNTH, 2) == bytes(2)


@pytest.mark.parametrize(("bits", "accel", "gyro"), [(0, 1, 1), (1, 2, 2), (2, 4, 4), (3, 8, 8)])
def test_other_full_scales_rescale_the_counts(bits: int, accel: int, gyro: int) -> None:
    device = awake(Mpu6050(MOTION, 50.0), Clock())
    write(device, devices.ACCEL_CONFIG, bits << 3)
    write(device, devices.GYRO_CONFIG, bits << 3)
    real = MOTION[0] / np.array([accel] * 3 + [gyro] * 3)
    expected = np.sign(real) * np.floor(np.abs(real) + 0.5)
    assert counts(device) == expected.astype(int).tolist()


def test_a_finer_full_scale_saturates() -> None:
    device = awake(
        Mpu6050(np.array([[30000, -30000, 5, 0, 0, 0]], np.int16), 1.0, accel_g=16), Clock()
    )
    assert counts(device)[:3] == [32767, -32768, 40]


def test_failing_and_absent() -> None:
    failing = Mpu6050(MOTION, 50.0, fail_between=(1.0, 2.0))
    assert [failing.answers(t) for t in (0.0, 0.99, 1.0, 1.99, 2.0)] == [
        True, True, False, False, True,
    ]  # fmt: skip
    assert not Mpu6050(MOTION, 50.0, fail_between=(1.0, FOREVER)).answers(1e9)
    assert not Mpu6050(MOTION, 50.0, absent=True).answers(0.0)


def test_sensors_survive_the_way_into_the_emulators_process(tmp_path: Path) -> None:
    path = tmp_path / "sensors.npz"
    sent = [
        Mpu6050(MOTION, 50.0, addr=0x69, bus=1, accel_g=8, fail_between=(1.0, FOREVER)),
        AdcSource(VOLTS, 100.0, channel=2, loop=True),
    ]
    sensors.save(path, sent)
    got = sensors.load(path)
    assert np.array_equal(got[0].samples, MOTION) and np.array_equal(got[1].samples, VOLTS)
    assert got[0].fail_between == (1.0, FOREVER) and got[0].addr == 0x69  # type: ignore[union-attr]
    assert got[1].loop and got[1].channel == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Mpu6050(MOTION[:, :3], 50.0), r"int16 \[40, 3\], must be int16 \[n, 6\]"),
        (lambda: Mpu6050(MOTION.astype(float), 50.0), r"float64 .*must be int16"),
        (lambda: Mpu6050(MOTION[:0], 50.0), "empty"),
        (lambda: Mpu6050(MOTION, 0.0), "rate_hz is 0.0"),
        (lambda: Mpu6050(MOTION, float("nan")), "rate_hz is nan"),
        (lambda: Mpu6050(MOTION, 50.0, addr=0x70), "0x70, must be 0x68 or 0x69"),
        (lambda: Mpu6050(MOTION, 50.0, bus=2), "bus is 2"),
        (lambda: Mpu6050(MOTION, 50.0, accel_g=3), "accel_g is 3"),
        (lambda: Mpu6050(MOTION, 50.0, gyro_dps=100), "gyro_dps is 100"),
        (lambda: Mpu6050(MOTION, 50.0, fail_between=(2.0, 1.0)), "from < until"),
        (lambda: AdcSource(VOLTS + 4000, 1.0), "12-bit"),
        (lambda: AdcSource(VOLTS / 2, 1.0), "must be integers"),
        (lambda: AdcSource(VOLTS, 1.0, channel=4), "channel is 4"),
    ],
)
def test_refused(make: object, says: str) -> None:
    with pytest.raises(LinkError, match=says):
        make()  # type: ignore[operator]


def test_two_sensors_in_one_place(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="2 sensors share one place"):
        sensors.save(tmp_path / "x.npz", [AdcSource(VOLTS, 1.0), AdcSource(VOLTS, 2.0)])
    assert not (tmp_path / "x.npz").exists()
