"""Records takes of one word as WAV files on the board; copy them to recordings/<word>/."""

from struct import pack

from machine import I2S, Pin

from midge import DutyCycle, Microphone, Playback, clock

WORD = "yes"
TAKES = 5
SECONDS = 2
RATE = 8000
BLOCK = 800  # samples


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


def header(data_bytes):
    """Of a WAV file: PCM, one channel, 16 bits."""
    return pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + data_bytes, b"WAVE", b"fmt ", 16, 1, 1, RATE,
        2 * RATE, 2, 16, b"data", data_bytes,
    )  # fmt: skip


mic = microphone()
sound = bytearray(2 * RATE * SECONDS)  # flash is written afterwards: that would stop the sound
for take in range(TAKES):
    print("say", WORD, "now")
    at = 0
    while at < len(sound):
        block = mic.read()
        if block is None:
            at = 0  # sound was lost: this take anew
            continue
        sound[at : at + 2 * BLOCK] = bytes(block)
        at += 2 * BLOCK
    mic.stop()
    clock.sleep_ms(BLOCK * 1000 // RATE)  # the buffer being filled gets full
    name = "%s_%d.wav" % (WORD, take)
    with open(name, "wb") as file:
        file.write(header(len(sound)))
        file.write(sound)
    print("mpremote cp :%s recordings/%s/" % (name, WORD))
