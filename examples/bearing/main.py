"""Does the bearing run well, and if not, what is worn? Acceleration at GP26, sampled by DMA."""

from array import array
from binascii import crc32

from machine import Pin

import midge
from midge import AdcDma, Alert, Smoother, Telemetry

WINDOWS = 16  # the script ends after so many; 0: never
THRESHOLD = 0.7  # mean score of five windows that raises the alert
FAULTS = ("ball", "inner", "outer")

model = midge.load("bearing")
info = model.info()
labels = info["labels"]
scale, zero_point = info["outputs"][0]["scale"], info["outputs"][0]["zero_point"]
scores = array("b", bytes(len(labels)))

tell = Telemetry()
capture = AdcDma(26, 12000, block=256)  # 12-bit counts; a block lasts 21 ms
stream = model.stream(rate_hz=capture.rate_hz, channels=capture.channels)
features = bytearray(stream.size)
smoother = Smoother(
    labels, threshold=dict.fromkeys(FAULTS, THRESHOLD), release=0.4, window=5,
    hold_off_ms=1000, quant=(scale, zero_point),
)  # fmt: skip
alert = Alert(Pin(15, Pin.OUT, value=0), active_ms=2000)


def judge(at, since):
    model.predict(stream, scores)  # the window's features, computed row by row as it came
    stream.features(features)
    best = max(range(len(scores)), key=lambda i: scores[i])
    tell.send(
        "window",
        n=stream.count - 1,
        label=labels[best],
        score=(scores[best] - zero_point) * scale,
        scores=list(scores),
        at=at,  # samples so far: these let the PC check that it sees the same
        since=since,
        crc=crc32(features),
    )
    event = smoother.update_scores(scores)
    if event and alert():
        tell.send("alert", label=event.label, score=event.score)


since = 0  # the sample that the stream began with
with capture:
    for block in capture:  # the same array every time; None if samples were lost
        alert.poll()
        heard = capture.count + capture.overruns
        if block is None:
            stream.clear()
            smoother.reset()
            since = heard
            tell.send("error", what="samples lost: %d" % capture.overruns)
            continue
        used = 0
        while used < len(block):
            used += stream.push_from(block, used)
            if stream.ready():
                judge(heard - len(block) + used, since)
        if WINDOWS and stream.count >= WINDOWS:
            break

alert.clear()
tell.send("end", windows=stream.count, alerts=alert.count, **capture.stats())
