"""Which digit was spoken? Listens to a microphone and reports what it heard."""

from array import array

from machine import I2S, Pin, Timer

import midge
from midge import DutyCycle, Microphone, Replay, Smoother, Telemetry

SECONDS = 12  # the script ends after so much sound; 0: never
RATE = 8000
HOP = 1024
THRESHOLD = 0.5  # of the mean score of two windows
OTHER = "other"

model = midge.load("keyword")
labels = model.info()["labels"]
output = model.info()["outputs"][0]
scores = array("b", bytes(len(labels)))
stream = model.stream(rate_hz=RATE, channels=1)  # refuses what the model was not trained for


def microphone():
    """The emulated Pico's recording, or an I2S microphone such as the INMP441."""
    played = Replay.emulated(Timer(-1), RATE)
    if played:
        return Microphone(played, HOP, RATE, bits=16, wait=DutyCycle(slack_us=1000).sleep_us)
    i2s = I2S(
        0, sck=Pin(10), ws=Pin(11), sd=Pin(12), mode=I2S.RX, bits=32, format=I2S.MONO,
        rate=RATE, ibuf=16000,
    )  # fmt: skip
    return Microphone(i2s, HOP, RATE, gain_bits=3)


tell = Telemetry()
smoother = Smoother(
    labels,
    threshold={label: THRESHOLD for label in labels if label != OTHER},
    release=0.4,
    window=2,
    hold_off_ms=700,
    quant=(output["scale"], output["zero_point"]),
)
mic = microphone()
for hop in mic:  # the same array every time; None where sound was lost
    if hop is None:
        stream.clear()
        smoother.reset()
        continue
    at = 0
    while at < HOP:
        at += stream.push_from(hop, at)
        if stream.ready():
            heard_ms = ((mic.count - 1) * HOP + at) * 1000 // RATE  # sound so far
            model.predict(stream, scores)
            best = max(range(len(scores)), key=lambda i: scores[i])
            tell.send("window", label=labels[best], scores=list(scores), heard_ms=heard_ms)
            event = smoother.update_scores(scores, heard_ms)
            if event:
                tell.send("alert", label=event.label, score=event.score, heard_ms=heard_ms)
    if SECONDS and mic.count * HOP >= SECONDS * RATE:
        break

mic.stop()
heard_us = mic.count * HOP * 1000000 // RATE
busy = 1 - mic.waited_us / heard_us  # share of the time that the script did not wait for sound
tell.send("end", windows=stream.count, words=smoother.events, busy=busy, **mic.stats())
