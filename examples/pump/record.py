"""Prints 20 s of pressure as CSV: a recording for `midge train`."""

from machine import ADC

from midge import Sampler

SECONDS = 20

print("pressure")
for number, (count,) in enumerate(Sampler(ADC(26), rate_hz=100), 1):
    print(count)
    if number == SECONDS * 100:
        break
