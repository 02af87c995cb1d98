"""Lines that run alike on the PC, the unix port and the emulated Pico: two sensors, one model."""

TWO = """
from midge import Gate

both = midge.load("both") if "load_both" not in globals() else load_both()
imu, mic = both.stream(0, rate_hz=50, channels=3), both.stream(1, rate_hz=1000, channels=1)
sums = array("b", [0] * 12)


def counts(n, seed):
    x, values = seed, array("h", bytes(2 * n))
    for i in range(n):
        x = (x * 1103 + 12347) & 0xffff
        values[i] = (x - 32768) // 40
    return values


# Three seconds: a sample of the IMU and 20 of the microphone come together.
slow, fast = counts(150 * 3, 5), memoryview(counts(3000, 77))
scored = []
for i in range(150):
    imu.push(tuple(slow[3 * i : 3 * i + 3]))
    took = 0
    while took < 20:
        took += mic.push_from(fast[20 * i : 20 * i + 20], took)
    if imu.ready() and mic.ready():
        both.predict((imu, mic), sums)
        scored.append([i, list(sums)])

# The IMU wakes the microphone: no second of sound is kept, or turned into features, before.
class Beats:
    def ticks_ms(self):
        return 20 * i

    def ticks_diff(self, end, start):
        return end - start


mic.clear()
imu.clear()
woke, moving = [], bytearray(imu.size)
gate = Gate(700, on_open=lambda: (mic.clear(), woke.append(i)), clock=Beats())
for i in range(150):
    moved = False
    if imu.push(tuple(slow[3 * i : 3 * i + 3])):
        imu.features(moving)
        moved = sum(moving) != 0
    if gate(moved):
        mic.push_from(fast[20 * i : 20 * i + 20])
        if mic.ready():
            both.predict((imu, mic), sums)
            woke.append([i, list(sums)])
"""
