"""InvenSense MPU-6050: accelerometer and gyroscope, 16 bits, on I2C.

Registers and formulas: "MPU-6000 and MPU-6050 Register Map and Descriptions", revision 4.2,
and the product specification, revision 3.4.

    from machine import I2C, Pin
    from midge.mpu6050 import MPU6050

    imu = MPU6050(I2C(0, sda=Pin(4), scl=Pin(5)))
    print(imu.accel(), imu.gyro(), imu.temperature())
"""

try:
    from micropython import const
except ImportError:  # CPython

    def const(value):
        return value


from array import array

_SMPLRT_DIV = const(0x19)
_CONFIG = const(0x1A)
_GYRO_CONFIG = const(0x1B)
_ACCEL_CONFIG = const(0x1C)
_FIFO_EN = const(0x23)
_INT_STATUS = const(0x3A)
_ACCEL_XOUT_H = const(0x3B)
_TEMP_OUT_H = const(0x41)
_USER_CTRL = const(0x6A)
_PWR_MGMT_1 = const(0x6B)
_FIFO_COUNTH = const(0x72)
_FIFO_R_W = const(0x74)
_WHO_AM_I = const(0x75)

_ID = const(0x68)  # whatever the address is
_SLEEP = const(0x40)
_CLOCK_GYRO_X = const(0x01)  # steadier than the internal oscillator
_FIFO_ON = const(0x40)
_FIFO_RESET = const(0x04)
_FIFO_GYRO_ACCEL = const(0x78)
_FIFO_OVERFLOW = const(0x10)
_FRAME = const(12)  # bytes of accel and gyro in the FIFO
_BATCH = const(10)  # samples read from it at once
_ENODEV = const(19)

_VALUES = (0, 2, 4, 8, 10, 12)  # of accel and gyro after ACCEL_XOUT_H; the temperature is at 6
_ACCEL_RANGES = (2, 4, 8, 16)  # g, in the order of AFS_SEL
_GYRO_RANGES = (250, 500, 1000, 2000)  # degrees a second, in the order of FS_SEL
_BANDWIDTHS = (184, 94, 44, 21, 10, 5)  # Hz of the accelerometer, for DLPF_CFG 1..6


def _choice(name, value, allowed):
    if value not in allowed:
        raise ValueError("MPU6050: %s needs one of %r, found %r" % (name, allowed, value))
    return allowed.index(value)


class MPU6050:
    """An MPU-6050 on ``i2c``.

    Args:
        i2c: a ``machine.I2C`` or ``machine.SoftI2C``, at most 400 kHz.
        addr: 0x68, or 0x69 with pin AD0 high.
        accel_range: full scale in g: 2, 4, 8 or 16.
        gyro_range: full scale in degrees a second: 250, 500, 1000 or 2000.
        rate_hz: how often the sensor measures, 4..1000. The low-pass filter is set to the
            widest band below half of it (5 Hz at least).
        init: with False the bus is first touched by the first reading, so that an absent
            sensor is an ``OSError`` of that reading.

    Any reading that fails makes the next one set the sensor up again, as it needs after a loss
    of power.

    Raises:
        OSError: no sensor at ``addr``, or another device.
        ValueError: a range or rate the sensor does not have.
    """

    channels = 6  # of readinto: accel x, y, z, gyro x, y, z

    def __init__(self, i2c, addr=0x68, *, accel_range=2, gyro_range=250, rate_hz=100, init=True):
        if not 4 <= rate_hz <= 1000:
            raise ValueError("MPU6050: rate_hz needs 4..1000, found %r" % (rate_hz,))
        self._accel_sel = _choice("accel_range", accel_range, _ACCEL_RANGES)
        self._gyro_sel = _choice("gyro_range", gyro_range, _GYRO_RANGES)
        self.i2c = i2c
        self.addr = addr
        self.accel_range = accel_range
        self.gyro_range = gyro_range
        self._divider = max(round(1000 / rate_hz), 1) - 1
        self.rate_hz = 1000 / (self._divider + 1)
        self._raw = bytearray(14)
        self._pair = bytearray(2)
        self._byte = bytearray(1)
        self._counts = array("h", bytes(2 * self.channels))
        self._frames = bytearray(_BATCH * _FRAME)
        view = memoryview(self._frames)
        self._batches = [view[: n * _FRAME] for n in range(1, _BATCH + 1)]
        self._fifo = False
        self._set_up = False
        self.fifo_overflows = 0
        if init:
            self.init()

    def init(self):
        """Wakes the sensor and sets ranges, rate and filter. The gyroscope needs 30 ms then."""
        self._set_up = False
        found = self._get(_WHO_AM_I)
        if found != _ID:
            raise OSError(
                _ENODEV,
                "MPU6050: who_am_i at I2C address 0x%02x needs 0x%02x, found 0x%02x: "
                "another device" % (self.addr, _ID, found),
            )
        self._put(_PWR_MGMT_1, _CLOCK_GYRO_X)
        self._put(_CONFIG, self._filter())
        self._put(_SMPLRT_DIV, self._divider)
        self._put(_GYRO_CONFIG, self._gyro_sel << 3)
        self._put(_ACCEL_CONFIG, self._accel_sel << 3)
        self._set_up = True
        if self._fifo:
            self.fifo_start()

    def who_am_i(self):
        """The identity register: 0x68 for this sensor."""
        return self._get(_WHO_AM_I)

    def readinto(self, buf):
        """Reads one sample of raw counts: accel x, y, z, gyro x, y, z. Allocates nothing.

        Args:
            buf: ``array('h')`` or the like, of at least 6 values. It is written only when the
                whole sample has been read.
        Raises:
            OSError: the sensor does not answer.
        """
        if not self._set_up:
            self.init()
        raw = self._raw
        self._read(_ACCEL_XOUT_H, raw)
        i = 0
        for at in _VALUES:
            buf[i] = ((raw[at] << 8 | raw[at + 1]) ^ 0x8000) - 0x8000
            i += 1

    def accel(self):
        """Acceleration (x, y, z) in g."""
        self.readinto(self._counts)
        scale = self.accel_range / 32768
        counts = self._counts
        return counts[0] * scale, counts[1] * scale, counts[2] * scale

    def gyro(self):
        """Rotation about (x, y, z) in degrees a second."""
        self.readinto(self._counts)
        scale = self.gyro_range / 32768
        counts = self._counts
        return counts[3] * scale, counts[4] * scale, counts[5] * scale

    def temperature(self):
        """Temperature of the chip in degrees Celsius."""
        if not self._set_up:
            self.init()
        pair = self._pair
        self._read(_TEMP_OUT_H, pair)
        return (((pair[0] << 8 | pair[1]) ^ 0x8000) - 0x8000) / 340 + 36.53

    def sleep(self):
        """Stops measuring: 5 uA instead of 3.8 mA. ``wake`` goes on."""
        self._put(_PWR_MGMT_1, _SLEEP | _CLOCK_GYRO_X)

    def wake(self):
        """Measures again after ``sleep``. The gyroscope needs 30 ms."""
        self._put(_PWR_MGMT_1, _CLOCK_GYRO_X)

    def fifo_start(self):
        """Collects samples in the sensor's FIFO from now on: 85 of them fit."""
        if not self._set_up:
            self.init()
        self._fifo = True
        self._put(_USER_CTRL, _FIFO_RESET)
        self._put(_FIFO_EN, _FIFO_GYRO_ACCEL)
        self._put(_USER_CTRL, _FIFO_ON)

    def fifo_stop(self):
        """Ends ``fifo_start``."""
        self._fifo = False
        self._put(_FIFO_EN, 0)
        self._put(_USER_CTRL, 0)

    def fifo_readinto(self, buf):
        """Reads the samples waiting in the FIFO, oldest first, in order of ``readinto``.

        It reads ten at a time and allocates nothing. A FIFO that ran over is emptied and counted
        in ``fifo_overflows``. `FifoCapture` makes blocks of it.

        Args:
            buf: ``array('h')`` or the like; room for 6 values a sample.
        Returns:
            Samples read: as many as waited and as have room in ``buf``.
        Raises:
            OSError: the sensor does not answer.
        """
        if not self._fifo or not self._set_up:
            self.fifo_start()
        if self._get(_INT_STATUS) & _FIFO_OVERFLOW:
            self.fifo_overflows += 1
            self.fifo_start()
            return 0
        pair = self._pair
        self._read(_FIFO_COUNTH, pair)
        frames = min((pair[0] << 8 | pair[1]) // _FRAME, len(buf) // 6)
        done = 0
        while done < frames:
            batch = min(frames - done, _BATCH)
            self._read(_FIFO_R_W, self._batches[batch - 1])
            self._unpack(buf, done * 6, batch * 6)
            done += batch
        return frames

    def _unpack(self, buf, at, values):
        raw = self._frames
        for i in range(values):
            buf[at + i] = ((raw[2 * i] << 8 | raw[2 * i + 1]) ^ 0x8000) - 0x8000

    def _filter(self):
        for config, band in enumerate(_BANDWIDTHS, 1):
            if band <= self.rate_hz / 2:
                return config
        return len(_BANDWIDTHS)

    def _read(self, reg, buf):
        try:
            self.i2c.readfrom_mem_into(self.addr, reg, buf)
        except OSError:
            self._set_up = False
            raise

    def _get(self, reg):
        self._read(reg, self._byte)
        return self._byte[0]

    def _put(self, reg, value):
        self._byte[0] = value
        try:
            self.i2c.writeto_mem(self.addr, reg, self._byte)
        except OSError:
            self._set_up = False
            raise
