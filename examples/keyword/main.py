"""Which digit was spoken? Listens to a microphone and reports what it heard."""

from array import array
from binascii import crc32

from machine import I2S, Pin

import midge
from midge import DutyCycle, Microphone, Playback, Smoother, Telemetry

SECONDS = 12  # the script ends after so much sound; 0: never
RATE = 8000
BLOCK = 1024  # samples
THRESHOLD = 0.65  # of the mean score of two windows
OTHER = "other"

model = midge.load("keyword")
labels = model.info()["labels"]
output = model.info()["outputs"][0]
scores = array("b", bytes(len(labels)))
stream = model.stream(rate_hz=RATE, channels=1)  # refuses what the model was not trained for
features = bytearray(stream.size)


def microphone():
    """The emulated Pico's recording, or an I2S microphone such as the INMP441."""
    played = Playback.emulated(RATE, BLOCK, wait=DutyCycle(slack_us=1000).sleep_us)
    if played:
        return played
    i2s = I2S(
        0, sck=Pin(10), ws=Pin(11), sd=Pin(12), mode=I2S.RX, bits=32, format=I2S.MONO,
        rate=RATE, ibuf=16000,
    )  # fmt: skip
    return Microphone(i2s, RATE, BLOCK, gain_bits=3)


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
since = 0  # the sample that the stream began with
for block in mic:  # the same array every time; None where sound was lost
    heard = mic.count + mic.overruns  # samples so far, lost ones too
    if block is None:
        stream.clear()
        smoother.reset()
        since = heard
        continue
    used = 0
    while used < BLOCK:
        used += stream.push_from(block, used)
        if stream.ready():
            at = heard - BLOCK + used
            heard_ms = at * 1000 // RATE
            model.predict(stream, scores)
            stream.features(features)
            best = max(range(len(scores)), key=lambda i: scores[i])
            tell.send(
                "window",
                label=labels[best],
                scores=list(scores),
                heard_ms=heard_ms,
                at=at,  # these two and crc let the PC check that it sees the same
                since=since,
                crc=crc32(features),
            )
            event = smoother.update_scores(scores, heard_ms)
            if event:
                tell.send("alert", label=event.label, score=event.score, heard_ms=heard_ms)
    if SECONDS and mic.count >= SECONDS * RATE:
        break

mic.stop()
busy = 1 - mic.waited_ms * RATE / (mic.count * 1000)  # share of the time not waited for sound
tell.send("end", windows=stream.count, words=smoother.events, busy=busy, **mic.stats())
