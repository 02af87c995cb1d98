"""Runs on the emulated Pico: what a script does for each sample and window, heap locked."""

import gc
from array import array

import micropython
from machine import ADC, I2C, Pin

import midge
from midge import Alert, DutyCycle, Sampler, Smoother, Window
from midge.mpu6050 import MPU6050

model = midge.load("gesture")
output = model.info()["outputs"][0]
scores = array("b", bytes(4))
duty = DutyCycle(slack_us=1000)
imu = MPU6050(I2C(0, sda=Pin(4), scl=Pin(5), freq=400000), accel_range=4, gyro_range=2000)
motion = Sampler(imu, 100, wait=duty.sleep_us)
voltage = Sampler(ADC(26), 100, wait=duty.sleep_us)
window = Window(100, 10, channels=6)
quant = (output["scale"], output["zero_point"])
smoother = Smoother(4, threshold={1: 2.0}, quant=quant)
averager = Smoother(4, threshold={1: 2.0}, alpha=0.3, quant=quant)
alert = Alert(Pin(15, Pin.OUT), active_ms=5)


def step():
    alert.poll()
    voltage.read()
    if window.push(motion.read()):
        model.predict(window.buffer, scores)
        smoother.update_scores(scores)
        averager.update_scores(scores)
        alert()


def many(times):
    for _ in range(times):
        step()


many(110)  # a first window: what is made once is made
motion.restart()
voltage.restart()
gc.collect()
before = gc.mem_alloc()
micropython.heap_lock()
try:
    many(60)
finally:
    micropython.heap_unlock()
print("windows", window.count, "grown", gc.mem_alloc() - before, "overruns", motion.overruns)
