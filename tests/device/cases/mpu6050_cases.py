import struct
from array import array

from case_kit import assert_no_allocation, device, raises

MPU6050 = device("mpu6050").MPU6050

FIFO_FULL = 1024


class I2C:
    """An MPU-6050 on a bus, by its register map."""

    def __init__(self, addr=0x68):
        self.addr = addr
        self.answers = True
        self.writes = []
        self.fifo = b""
        self.power_on()

    def power_on(self):
        self.regs = bytearray(128)
        self.regs[0x75] = 0x68
        self.regs[0x6B] = 0x40  # asleep

    def measure(self, accel, gyro, temperature=0):
        self.regs[0x3B:0x49] = struct.pack(">7h", *accel, temperature, *gyro)

    def queue(self, *samples):
        if self.regs[0x23] == 0x78 and self.regs[0x6A] & 0x40:
            for sample in samples:
                self.fifo += struct.pack(">6h", *sample)
        if len(self.fifo) > FIFO_FULL:
            self.fifo = self.fifo[-FIFO_FULL:]
            self.regs[0x3A] |= 0x10

    def _check(self, addr):
        if addr != self.addr or not self.answers:
            raise OSError(5)

    def writeto_mem(self, addr, reg, data):
        self._check(addr)
        self.writes.append((reg, data[0]))
        self.regs[reg] = data[0]
        if reg == 0x6A and data[0] & 0x04:
            self.fifo = b""
            self.regs[0x6A] &= ~0x04
            self.regs[0x3A] &= ~0x10

    def readfrom_mem_into(self, addr, reg, buf):
        self._check(addr)
        if reg == 0x72:
            buf[0], buf[1] = len(self.fifo) >> 8, len(self.fifo) & 0xFF
        elif reg == 0x74:
            for i in range(len(buf)):
                buf[i] = self.fifo[i]
            self.fifo = self.fifo[len(buf) :]
        else:
            for i in range(len(buf)):
                buf[i] = self.regs[reg + i]


def test_set_up_follows_the_data_sheet():
    i2c = I2C()
    MPU6050(i2c, accel_range=8, gyro_range=1000, rate_hz=50)
    assert i2c.regs[0x6B] == 0x01  # awake, clock from the gyroscope's x axis
    assert i2c.regs[0x19] == 19  # 1000 / (1 + 19) = 50 Hz
    assert i2c.regs[0x1A] == 4  # 21 Hz, the widest below 25
    assert i2c.regs[0x1B] == 2 << 3
    assert i2c.regs[0x1C] == 2 << 3


def test_rates_and_filters():
    for rate, divider, config in (
        (1000, 0, 1),
        (200, 4, 2),
        (100, 9, 3),
        (10, 99, 6),
        (4, 249, 6),
    ):
        i2c = I2C()
        imu = MPU6050(i2c, rate_hz=rate)
        assert (i2c.regs[0x19], i2c.regs[0x1A]) == (divider, config), rate
        assert imu.rate_hz == rate


def test_raw_counts():
    i2c = I2C()
    i2c.measure((-32768, -1, 32767), (0, 256, -257), temperature=12345)
    imu = MPU6050(i2c)
    buf = array("h", bytes(12))
    imu.readinto(buf)
    assert list(buf) == [-32768, -1, 32767, 0, 256, -257]


def test_units():
    i2c = I2C()
    i2c.measure((16384, -8192, 0), (131, -13100, 32767), temperature=-521)
    imu = MPU6050(i2c)
    assert imu.accel() == (1.0, -0.5, 0.0)
    x, y, z = imu.gyro()
    # 131 counts a degree/s, as the data sheet rounds 32768 / 250
    assert abs(x - 1) < 0.001 and abs(y + 100) < 0.1 and abs(z - 250) < 0.1
    assert abs(imu.temperature() - 35.0) < 0.01  # -521 / 340 + 36.53
    wide = MPU6050(i2c, accel_range=16, gyro_range=2000)
    assert wide.accel() == (8.0, -4.0, 0.0)
    assert abs(wide.gyro()[0] - 8) < 0.01


def test_other_address():
    i2c = I2C(addr=0x69)
    assert MPU6050(i2c, 0x69).who_am_i() == 0x68
    raises(OSError, MPU6050, i2c)


def test_absent_sensor():
    i2c = I2C()
    i2c.answers = False
    raises(OSError, MPU6050, i2c)
    imu = MPU6050(i2c, init=False)
    raises(OSError, imu.readinto, array("h", bytes(12)))
    i2c.answers = True
    i2c.measure((1, 2, 3), (4, 5, 6))
    buf = array("h", bytes(12))
    imu.readinto(buf)
    assert list(buf) == [1, 2, 3, 4, 5, 6]
    assert i2c.regs[0x6B] == 0x01


def test_another_device():
    i2c = I2C()
    i2c.regs[0x75] = 0x71
    message = raises(OSError, MPU6050, i2c)
    assert "0x68" in message and "0x71" in message


def test_loss_of_power_in_a_run():
    i2c = I2C()
    imu = MPU6050(i2c, accel_range=4)
    buf = array("h", [9] * 6)
    i2c.answers = False
    raises(OSError, imu.readinto, buf)
    assert list(buf) == [9] * 6  # all or nothing
    i2c.power_on()
    i2c.answers = True
    imu.readinto(buf)
    assert (i2c.regs[0x6B], i2c.regs[0x1C]) == (0x01, 1 << 3)


def test_sleep_and_wake():
    i2c = I2C()
    imu = MPU6050(i2c)
    imu.sleep()
    assert i2c.regs[0x6B] & 0x40
    imu.wake()
    assert not i2c.regs[0x6B] & 0x40


def test_fifo():
    i2c = I2C()
    imu = MPU6050(i2c)
    imu.fifo_start()
    i2c.queue(*[(i, -i, 2 * i, 0, 1, -32768) for i in range(5)])
    buf = array("h", bytes(2 * 6 * 3))
    assert imu.fifo_readinto(buf) == 3
    assert list(buf) == [0, 0, 0, 0, 1, -32768, 1, -1, 2, 0, 1, -32768, 2, -2, 4, 0, 1, -32768]
    assert imu.fifo_readinto(buf) == 2
    assert list(buf[:4]) == [3, -3, 6, 0]
    assert imu.fifo_readinto(buf) == 0
    imu.fifo_stop()
    assert (i2c.regs[0x23], i2c.regs[0x6A]) == (0, 0)


def test_fifo_that_ran_over():
    i2c = I2C()
    imu = MPU6050(i2c)
    imu.fifo_start()
    i2c.queue(*[(i, 0, 0, 0, 0, 0) for i in range(86)])
    buf = array("h", bytes(2 * 6 * 100))
    assert imu.fifo_readinto(buf) == 0
    assert imu.fifo_overflows == 1
    i2c.queue((7, 0, 0, 0, 0, 0))
    assert imu.fifo_readinto(buf) == 1 and buf[0] == 7


def test_bad_arguments_name_the_numbers():
    message = raises(ValueError, MPU6050, I2C(), accel_range=3)
    assert "(2, 4, 8, 16)" in message and "found 3" in message
    assert "gyro_range" in raises(ValueError, MPU6050, I2C(), gyro_range=100)
    assert "4..1000, found 2000" in raises(ValueError, MPU6050, I2C(), rate_hz=2000)


def test_readinto_allocates_nothing():
    i2c = I2C()
    imu = MPU6050(i2c)
    i2c.measure((1, -2, 3), (-4, 5, -6))
    buf = array("h", bytes(12))
    assert_no_allocation(lambda: imu.readinto(buf), 100)
    assert list(buf) == [1, -2, 3, -4, 5, -6]
