"""Runs on the emulated Pico: the ADC by DMA, and an MPU-6050's FIFO."""

from array import array

from machine import I2C, Pin

import midge
from midge import AdcDma, FifoCapture
from midge.mpu6050 import MPU6050


def steady():
    source = AdcDma(26, 12000, block=64)
    calls = []
    source.irq(lambda capture: calls.append(1))
    with source:
        values = []
        for block in source:
            values += list(block)
            if len(values) == 512:
                break
    print("steady", source.rate_hz, len(calls) >= 8, source.overruns, source.errors, *values)
    print("jitter", source.jitter_us)


def late():
    source = AdcDma(26, 12000, block=256)
    first = source.read()[0]
    midge.clock.sleep_ms(60)  # 2.8 blocks
    gap = source.read()
    buf = array("h", bytes(512))
    print("late", gap is None, source.readinto(buf) and buf[0] - first, source.overruns)
    source.stop()


def pins():
    source = AdcDma((26, 28), 6000, block=32)
    with source:
        values = list(source.read()) + list(source.read())
    print("pins", *values)


def no_allocation():
    import micropython

    source = AdcDma(26, 12000, block=64)
    source.read()
    micropython.heap_lock()
    try:
        for _ in range(5):
            source.read()
    finally:
        micropython.heap_unlock()
        source.stop()
    print("locked", source.count, source.overruns)


def free_again():
    for _ in range(14):  # there are 12 channels
        source = AdcDma(26, 12000, block=64)
        source.start()
        source.stop()
    print("free")


def fifo():
    imu = MPU6050(I2C(0, sda=Pin(4), scl=Pin(5)), rate_hz=500)
    source = FifoCapture(imu, block=25)
    values = []
    for _ in range(4):
        block = source.read()
        values += [block[i] for i in range(0, 150, 6)]
    print("fifo", source.overruns, source.errors, *values)
    begin = midge.clock.ticks_ms()
    while midge.clock.ticks_diff(midge.clock.ticks_ms(), begin) < 400:
        midge.clock.lightsleep(50)  # the FIFO's 85 samples last for 170 ms
    gap = source.read()
    after = source.read()
    print("overflow", gap is None, imu.fifo_overflows, source.overruns, after[0] - values[-1])
    source.stop()


def left_running():
    global kept
    kept = AdcDma(26, 12000, block=64)
    kept.start()


for test in (steady, late, pins, no_allocation, free_again, fifo, left_running):
    test()
