"""Are there spikes on the signal at GP26? Samples the ADC and raises an alert when they begin."""

from array import array
from binascii import crc32

from machine import ADC, Pin

import midge
from midge import Alert, DutyCycle, Sampler, Smoother, Telemetry, Window

WINDOWS = 16  # the script ends after so many; 0: never
THRESHOLD = 0.5  # probability of spikes that raises the alert

model = midge.load("spikes")
output = model.info()["outputs"][0]
quant = (output["scale"], output["zero_point"])
scores = array("b", [0])  # one output: the probability of spikes

tell = Telemetry()
duty = DutyCycle(slack_us=1000)  # sleeps between samples
sampler = Sampler(ADC(26), rate_hz=100, wait=duty.sleep_us)  # 12-bit counts
window = Window(length=64)
smoother = Smoother(["spikes"], threshold=THRESHOLD, window=1, quant=quant)
alert = Alert(Pin(15, Pin.OUT, value=0), active_ms=300)

for sample in sampler:
    alert.poll()
    if window.push(sample):
        model.predict(window.buffer, scores)  # raw counts in, int8 scores out
        event = smoother.update_scores(scores)
        tell.send(
            "window",
            n=window.count - 1,
            label="spikes" if smoother.active("spikes") else "normal",
            score=smoother.score("spikes"),
            scores=list(scores),
            crc=crc32(window.buffer),  # lets the PC check that it saw the same window
            **duty.stats(),
        )
        if event and alert():
            tell.send("alert", label=event.label, score=event.score)
        if window.count == WINDOWS:
            break

alert.clear()
tell.send("end", windows=window.count, alerts=alert.count, **sampler.stats(), **duty.stats())
