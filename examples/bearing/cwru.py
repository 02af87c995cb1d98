"""Makes recordings/ out of the bearing data of Case Western Reserve University. Runs on the PC:

    python cwru.py FILE.npz [RPM]

The file holds drive-end acceleration at 12 kHz: `signal` int16 (4096 counts per g, recordings end
to end), `length`, `label` (normal, ball_007, inner_014, ...), `rpm`. Recordings at the speed RPM
(default 1750) become recordings/test/, the others recordings/train/. Normal running is there at
one speed only: its first 6 s are for training, its last 3 s for testing, the second between is
not used.

The samples become what an ADC of 12 bits would read: 256 counts per g round the middle, 2048.
"""

import sys
from pathlib import Path

import numpy as np

RATE_HZ = 12000
TRAIN_S, TEST_S = 6, 3  # of normal running


def counts(signal):
    """12-bit ADC counts of a signal with 16 bits."""
    return ((signal.astype(np.int32) >> 4) + 2048).astype(np.int16)


def cut(data, rpm):
    """({"train": recordings, "test": recordings}); a recording is (class, rpm, counts)."""
    if int(data["sample_rate"]) != RATE_HZ:
        raise SystemExit("needs %d samples a second, found %d" % (RATE_HZ, data["sample_rate"]))
    if rpm not in data["rpm"]:
        raise SystemExit("no recording at %d rpm; there are %s" % (rpm, sorted(set(data["rpm"]))))
    sides = {"train": [], "test": []}
    ends = np.cumsum(data["length"])
    for label, speed, length, end in zip(
        data["label"], data["rpm"], data["length"], ends, strict=True
    ):
        signal = counts(data["signal"][end - length : end])
        name = str(label).split("_")[0]
        if name == "normal":
            sides["train"].append((name, int(speed), signal[: TRAIN_S * RATE_HZ]))
            sides["test"].append((name, int(speed), signal[-TEST_S * RATE_HZ :]))
        else:
            side = "test" if int(speed) == rpm else "train"
            sides[side].append((name, int(speed), signal))
    return sides


def main(file, rpm="1750", folder="recordings"):
    """Writes FOLDER/train/cwru.npz and FOLDER/test/cwru.npz."""
    for side, recordings in cut(np.load(file), int(rpm)).items():
        labels, speeds, signals = zip(*recordings, strict=True)
        path = Path(folder) / side / "cwru.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            path,
            samples=np.concatenate(signals)[:, np.newaxis],
            length=np.array([len(signal) for signal in signals], np.int32),
            label=np.array(labels),
            rpm=np.array(speeds, np.int32),
            rate_hz=np.int32(RATE_HZ),
        )
        seconds = sum(map(len, signals)) / RATE_HZ
        print("%s: %d recordings, %d s" % (path, len(signals), seconds))


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
