"""Prints the sensor's counts as CSV: a recording for `midge train`."""

from machine import I2C, Pin

from midge import DutyCycle, Sampler
from midge.mpu6050 import MPU6050

SAMPLES = 300  # 30 s

bus = I2C(0, sda=Pin(4), scl=Pin(5), freq=400000)
imu = MPU6050(bus, accel_range=4, gyro_range=2000)
sampler = Sampler(imu, rate_hz=10, wait=DutyCycle().sleep_us)

print("ax,ay,az,gx,gy,gz")
left = SAMPLES
for sample in sampler:
    if sample is None:  # the sensor did not answer: a gap would teach the model a jump
        raise OSError("no sample %d of %d: record again" % (SAMPLES - left + 1, SAMPLES))
    print(*sample, sep=",")
    left -= 1
    if left == 0:
        break
