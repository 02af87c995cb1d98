"""The sensors' electrical side: what is wired to the emulated RP2040's I2C and ADC blocks.

Runs in the emulator's process, called by ``rp2040py`` when the firmware touches a register.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from midge.emulator.sensors import (
    ACCEL_FULL_SCALES,
    GYRO_FULL_SCALES,
    AdcSource,
    Mpu6050,
    Recording,
    Sensor,
)

# MPU6050 registers (RM-MPU-6000A-00 rev 4.2).
SMPLRT_DIV = 0x19
CONFIG = 0x1A
GYRO_CONFIG = 0x1B
ACCEL_CONFIG = 0x1C
FIFO_EN = 0x23
INT_STATUS = 0x3A
ACCEL_XOUT_H = 0x3B  # 14 bytes: accelerometer, temperature, gyroscope, big endian
GYRO_ZOUT_L = 0x48
USER_CTRL = 0x6A
PWR_MGMT_1 = 0x6B
FIFO_COUNTH = 0x72
FIFO_R_W = 0x74
WHO_AM_I = 0x75
DEVICE_RESET = 0x80
SLEEP = 0x40
DATA_RDY = 0x01
FIFO_OFLOW = 0x10
FIFO_ON = 0x40
FIFO_RESET = 0x04
FIFO_GYRO_ACCEL = 0x78
FIFO_BYTES = 1024
FRAME = struct.Struct(">6h")  # accelerometer, gyroscope
READ_ONLY = frozenset((*range(INT_STATUS, GYRO_ZOUT_L + 1), WHO_AM_I))


class Playback:
    """A recording's clock: emulated seconds since the first reading."""

    def __init__(self, recording: Recording, now_ns: Callable[[], float]):
        self.recording = recording
        self._now_ns = now_ns
        self._start_ns: float | None = None

    def rewind(self) -> None:
        """The next reading is the first."""
        self._start_ns = None

    def seconds(self, *, start: bool) -> float:
        """Seconds since the first reading; ``start``: if there was none, this is it."""
        if self._start_ns is None:
            if not start:
                return 0.0
            self._start_ns = self._now_ns()
        return (self._now_ns() - self._start_ns) * 1e-9


class Mpu6050Device:
    """The register file of an MPU6050, read and written a byte at a time."""

    def __init__(self, sensor: Mpu6050, now_ns: Callable[[], float]):
        self.sensor = sensor
        self.playback = Playback(sensor, now_ns)
        self._pointer = 0
        self._at_pointer = True  # the next byte written is a register number
        self.power_on()

    def power_on(self) -> None:
        """Registers as after power on; the recording starts again."""
        self._regs = bytearray(128)
        self._regs[WHO_AM_I] = 0x68
        self._regs[PWR_MGMT_1] = SLEEP
        self._last_index = -1
        self._fifo = bytearray()
        self._queued = 0  # conversions that are in the FIFO, or were
        self.playback.rewind()

    def answers(self) -> bool:
        """Whether the sensor acknowledges its address now."""
        return self.sensor.answers(self.playback.seconds(start=False))

    def begin(self, writing: bool) -> None:
        if writing:
            self._at_pointer = True

    def write(self, value: int) -> None:
        if self._at_pointer:
            self._pointer, self._at_pointer = value & 0x7F, False
            return
        register, self._pointer = self._pointer, (self._pointer + 1) & 0x7F
        if register == PWR_MGMT_1 and value & DEVICE_RESET:
            self.power_on()
        elif register == USER_CTRL:
            self._set_fifo(value)
        elif register not in READ_ONLY:
            self._regs[register] = value

    def read(self) -> int:
        if self._pointer in (ACCEL_XOUT_H, INT_STATUS):
            self._refresh()
        if self._pointer in (INT_STATUS, FIFO_COUNTH, FIFO_R_W):
            self._fill_fifo()
        if self._pointer == FIFO_R_W:  # the pointer stays: a burst empties the FIFO
            return self._fifo.pop(0) if self._fifo else 0xFF
        value = self._regs[self._pointer]
        if self._pointer == INT_STATUS:
            self._regs[INT_STATUS] = 0  # reading it clears it
        self._pointer = (self._pointer + 1) & 0x7F
        return value

    def _set_fifo(self, value: int) -> None:
        if value & FIFO_RESET:
            self._fifo.clear()
        self._regs[USER_CTRL] = value & ~FIFO_RESET
        self._queued = int(self._ticks())

    def _fill_fifo(self) -> None:
        """Queues every sample converted since the last time."""
        now = int(self._ticks())
        if not self._regs[USER_CTRL] & FIFO_ON or self._regs[PWR_MGMT_1] & SLEEP:
            self._queued = now
            return
        if self._regs[FIFO_EN] != FIFO_GYRO_ACCEL:
            raise ValueError(f"FIFO_EN is {self._regs[FIFO_EN]:#x}: only 0x78 is emulated")
        for tick in range(self._queued + 1, now + 1):
            self._fifo += FRAME.pack(*self._counts(self.sensor.index(tick / self._rate_hz())))
            if len(self._fifo) > FIFO_BYTES:  # the oldest bytes go
                self._regs[INT_STATUS] |= FIFO_OFLOW
                del self._fifo[: len(self._fifo) - FIFO_BYTES]
        self._queued = now
        self._regs[FIFO_COUNTH : FIFO_COUNTH + 2] = len(self._fifo).to_bytes(2, "big")

    def _refresh(self) -> None:
        """Brings the data registers up to now; they stand still while the sensor sleeps."""
        if self._regs[PWR_MGMT_1] & SLEEP:
            return
        index = self.sensor.index(self._last_conversion())
        if index != self._last_index:
            self._regs[INT_STATUS] |= DATA_RDY
            self._last_index = index
        counts = self._counts(index)
        # "Temperature in degrees C = TEMP_OUT / 340 + 36.53" (register 65)
        temperature = round((self.sensor.temperature_c - 36.53) * 340)
        data = struct.pack(">7h", *counts[:3], temperature, *counts[3:])
        self._regs[ACCEL_XOUT_H : ACCEL_XOUT_H + len(data)] = data

    def _counts(self, index: int) -> list[int]:
        """A recorded sample at the full scales that are set."""
        row = [int(v) for v in self.sensor.samples[index]]
        accel_g = ACCEL_FULL_SCALES[(self._regs[ACCEL_CONFIG] >> 3) & 3]
        gyro_dps = GYRO_FULL_SCALES[(self._regs[GYRO_CONFIG] >> 3) & 3]
        accel = [_rescale(v, self.sensor.accel_g, accel_g) for v in row[:3]]
        return accel + [_rescale(v, self.sensor.gyro_dps, gyro_dps) for v in row[3:]]

    def _rate_hz(self) -> float:
        # Output rate is 8 kHz with the low-pass filter off, else 1 kHz (register 25).
        base_hz = 8000 if self._regs[CONFIG] & 7 in (0, 7) else 1000
        return base_hz / (1 + self._regs[SMPLRT_DIV])

    def _ticks(self) -> float:
        """Conversions since the first reading."""
        return self.playback.seconds(start=True) * self._rate_hz()

    def _last_conversion(self) -> float:
        """When the sensor last converted, in seconds after the first reading."""
        # To the nearest tick, as Recording.index() does: a reader at the sensor's own rate
        # may jitter by half a period.
        return int(self._ticks() + 0.5) / self._rate_hz()


def _rescale(count: int, recorded: int, wanted: int) -> int:
    """A count at full scale ``recorded`` as one at ``wanted``; both are powers of two apart."""
    if recorded == wanted:
        return count
    doubled = 2 * abs(count) * recorded + wanted
    value = doubled // (2 * wanted)
    return max(-32768, min(32767, value if count >= 0 else -value))


class I2cBus:
    """Shares one I2C block's callbacks among the devices wired to it, by address."""

    def __init__(self, rp2040: Any, bus: int, devices: Sequence[Mpu6050Device]):
        from rp2040py.peripherals.i2c import R_TX_EMPTY

        self._tx_empty = R_TX_EMPTY
        self._i2c = i2c = rp2040.i2c[bus]
        self._devices = {device.sensor.addr: device for device in devices}
        self._active: Mpu6050Device | None = None
        i2c.on_start = lambda _repeated: i2c.complete_start()
        i2c.on_stop = i2c.complete_stop
        i2c.on_connect = self._on_connect
        i2c.on_write_byte = self._on_write
        i2c.on_read_byte = self._on_read

    def _on_connect(self, address: int, mode: int) -> None:
        device = self._devices.get(address)
        self._active = device if device is not None and device.answers() else None
        if self._active is not None:
            self._active.begin(writing=mode == 0)  # rp2040py's I2CMode.WRITE
        self._i2c.complete_connect(self._active is not None)
        if self._active is None:
            # A refused address flushes the chip's TX FIFO, and TX_EMPTY says so (RP2040
            # datasheet, 4.3.7). rp2040py leaves it out, and MicroPython would wait for it until
            # its time is up (ETIMEDOUT after 50 ms) instead of seeing the refusal (EIO).
            self._i2c.int_raw |= self._tx_empty
            self._i2c.check_interrupts()

    def _on_write(self, value: int) -> None:
        if self._active is not None:
            self._active.write(value)
        self._i2c.complete_write(self._active is not None)

    def _on_read(self, _ack: bool) -> None:
        # An undriven bus reads as ones: it is pulled up.
        self._i2c.complete_read(self._active.read() if self._active is not None else 0xFF)


def _mend_round_robin(adc: Any) -> None:
    """rp2040py 0.3.6 puts the next channel through the mask 12 instead of 7: AINSEL, bits 12..14
    (RP2040 datasheet, 4.9.6), then never leaves channel 0."""
    shift, mask = 12, 7

    def channel(self: Any) -> int:
        return int(self.cs >> shift & mask)

    def choose(self: Any, value: int) -> None:
        self.cs = self.cs & ~(mask << shift) | (value & mask) << shift

    adc._active_channel = property(channel, choose)


class AdcDevice:
    """Puts a voltage on one ADC channel at the moment it is converted."""

    def __init__(self, sensor: AdcSource, rp2040: Any):
        self.sensor = sensor
        self.playback = Playback(sensor, lambda: rp2040.clock.nanos)
        self._adc = rp2040.adc
        self._convert = rp2040.adc.on_adc_read
        _mend_round_robin(type(self._adc))
        self._adc.on_adc_read = self._on_read

    def power_on(self) -> None:
        """The recording starts again."""
        self.playback.rewind()

    def _on_read(self, channel: int) -> None:
        if channel == self.sensor.channel:
            seconds = self.playback.seconds(start=True)
            present = self.sensor.answers(seconds)
            value = int(self.sensor.samples[self.sensor.index(seconds)]) if present else 0
            self._adc.channel_values[channel] = value
        self._convert(channel)


def wire(rp2040: Any, sensors: Sequence[Sensor]) -> list[Mpu6050Device | AdcDevice]:
    """Wires sensors to the emulated RP2040; must happen before it starts."""
    motion = [
        Mpu6050Device(s, lambda: rp2040.clock.nanos) for s in sensors if isinstance(s, Mpu6050)
    ]
    for bus in range(len(rp2040.i2c)):
        I2cBus(rp2040, bus, [device for device in motion if device.sensor.bus == bus])
    adcs = [AdcDevice(s, rp2040) for s in sensors if isinstance(s, AdcSource)]
    return [*motion, *adcs]
