"""Prints ten seconds of acceleration as CSV: a recording for `midge train`.

Counts go into RAM first, two seconds at a time: printing is slower than sampling. The file thus
says where it has gaps, and no window reaches over one.
"""

from array import array

from midge import AdcDma

PIECES, BLOCKS = 5, 94  # 94 blocks of 256 samples: 2.0 s, 48 KB of RAM

counts = array("h", bytes(2 * 256 * BLOCKS))
view = memoryview(counts)
parts = [view[i * 256 : (i + 1) * 256] for i in range(BLOCKS)]

print("accel,recording")
for piece in range(PIECES):
    with AdcDma(26, 12000, block=256) as capture:
        for part in parts:
            if not capture.readinto(part):
                raise OSError("%d samples were lost: record again" % capture.overruns)
    for count in counts:
        print(count, piece, sep=",")
