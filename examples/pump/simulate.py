"""Makes recordings/normal/ and leak.npy of a simulated pump. Runs on the PC, needs numpy.

Pressure at an ADC of 12 bits: strokes (four to six a second, the speed wanders) with two
harmonics, and noise. A leaking valve lets the pressure flutter and the second harmonic grow.
"""

from pathlib import Path

import numpy as np

RATE_HZ, SECONDS, RECORDINGS = 100, 20, 40
LEAK_S = (4, 7)  # of leak.npy, which lasts 12 s


def pressure(rng, seconds, leak=(0, 0)):
    """12-bit counts, int16; the valve leaks in the seconds from leak[0] to leak[1]."""
    n = seconds * RATE_HZ
    time = np.arange(n) / RATE_HZ
    leaking = (time >= leak[0]) & (time < leak[1])
    wander = np.cumsum(rng.normal(0, 0.02, n))
    speed = rng.uniform(4.5, 5.5) + 0.3 * np.sin(wander)
    phase = 2 * np.pi * np.cumsum(speed) / RATE_HZ
    level = rng.uniform(500, 700)
    signal = level * (np.sin(phase) + 0.3 * np.sin(2 * phase + 1) + 0.1 * np.sin(3 * phase))
    flutter = 0.25 * np.sin(2 * np.pi * 23 * time) + 0.3 * np.sin(2 * phase)
    signal += leaking * level * flutter
    counts = np.rint(2048 + signal + rng.normal(0, 25, n))
    return np.clip(counts, 0, 4095).astype(np.int16)


def main():
    rng = np.random.default_rng(1)
    folder = Path("recordings/normal")
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(RECORDINGS):
        rows = "\n".join(map(str, pressure(rng, SECONDS)))
        (folder / f"{number}.csv").write_text("pressure\n" + rows + "\n")
    np.save("leak.npy", pressure(rng, 12, LEAK_S)[:, np.newaxis])


if __name__ == "__main__":
    main()
