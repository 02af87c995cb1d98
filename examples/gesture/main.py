"""Which activity is the wrist at? Samples an MPU6050, classifies, raises an alert, sleeps."""

from array import array
from binascii import crc32

from machine import I2C, Pin

import midge
from midge import Alert, DutyCycle, Sampler, Smoother, Telemetry, Window
from midge.mpu6050 import MPU6050

WINDOWS = 16  # the script ends after so many; 0: never
LONGEST_S = 300  # or after so many seconds, if the sensor does not answer
ALERT_ON = {"Running": 0.6, "Badminton": 0.6}  # smoothed scores that raise the alert

model = midge.load("gesture")
labels = model.info()["labels"]
output = model.info()["outputs"][0]
scale, zero_point = output["scale"], output["zero_point"]
scores = array("b", bytes(len(labels)))

tell = Telemetry()
duty = DutyCycle(slack_us=1000)  # sleeps between samples
bus = I2C(0, sda=Pin(4), scl=Pin(5), freq=400000)
imu = MPU6050(bus, accel_range=4, gyro_range=2000, init=False)
window = Window(length=100, hop=50, channels=6)
smoother = Smoother(labels, threshold=ALERT_ON, release=0.3, alpha=0.7, quant=(scale, zero_point))
alert = Alert(Pin(15, Pin.OUT, value=0), active_ms=2000)


def report(err):
    tell.send("error", what="sensor: %r" % err if err else "the sensor answers again")


sampler = Sampler(imu, rate_hz=10, wait=duty.sleep_us, on_error=report)
for sample in sampler:  # the same array every time; None, which clears the window, in a gap
    alert.poll()
    if window.push(sample):
        model.predict(window.buffer, scores)  # raw counts in, int8 scores out
        best = max(range(len(scores)), key=lambda i: scores[i])
        tell.send(
            "window",
            n=window.count - 1,
            label=labels[best],
            score=(scores[best] - zero_point) * scale,
            scores=list(scores),
            crc=crc32(window.buffer),  # lets the PC check that it saw the same window
            **duty.stats(),
        )
        event = smoother.update_scores(scores)
        if event and alert():
            tell.send("alert", label=event.label, score=event.score)
    if WINDOWS and (window.count == WINDOWS or tell.ms() > LONGEST_S * 1000):
        break

alert.clear()
tell.send("end", windows=window.count, alerts=alert.count, **sampler.stats(), **duty.stats())
