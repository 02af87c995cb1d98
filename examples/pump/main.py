"""Does the pump at GP26 run as it always did? Raises an alert when it does not."""

from array import array
from binascii import crc32

from machine import ADC, Pin

import midge
from midge import Alert, DutyCycle, Sampler, Smoother, Telemetry

WINDOWS = 16  # the script ends after so many; 0: never

model = midge.load("pump")
output = model.info()["outputs"][0]
quant = (output["scale"], output["zero_point"])
score = array("b", [0])  # one output: how far from normal; training put its threshold at 0.5

tell = Telemetry()
duty = DutyCycle(slack_us=1000)  # sleeps between samples
sampler = Sampler(ADC(26), rate_hz=100, wait=duty.sleep_us)  # 12-bit counts
stream = model.stream(rate_hz=100, channels=1)
features = bytearray(stream.size)
smoother = Smoother(["anomaly"], threshold=0.5, window=2, quant=quant)  # mean of two windows
alert = Alert(Pin(15, Pin.OUT, value=0), active_ms=2000)

samples = 0
for sample in sampler:
    alert.poll()
    samples += 1
    stream.push(sample)
    if stream.ready():
        model.predict(stream, score)
        stream.features(features)
        event = smoother.update_scores(score)
        tell.send(
            "window",
            n=stream.count - 1,
            label="anomaly" if score[0] >= 0 else "normal",  # int8: 0.5 is 0
            score=(score[0] - quant[1]) * quant[0],
            scores=list(score),
            at=samples,  # lets the PC check that it sees the same
            crc=crc32(features),
            **duty.stats(),
        )
        if event and alert():
            tell.send("alert", label=event.label, score=event.score)
        if stream.count == WINDOWS:
            break

alert.clear()
tell.send("end", windows=stream.count, alerts=alert.count, **sampler.stats(), **duty.stats())
