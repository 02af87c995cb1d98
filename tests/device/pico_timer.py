"""Runs on the emulated Pico: machine.Timer samples while the script does something else."""

from time import ticks_diff, ticks_us

import machine
from machine import ADC, Timer

from midge import Sampler

for options in ({}, {"hard": True}):
    sampler = Sampler(ADC(26), 200)
    sampler.start(Timer(-1), depth=16, **options)
    begin = ticks_us()
    values = []
    while len(values) < 30:
        values += [sampler.read()[0] for _ in range(5)]
        for _ in range(4):
            machine.lightsleep(5)  # the ring keeps what the timer samples meanwhile
    took = ticks_diff(ticks_us(), begin)
    sampler.stop()
    print(took, sampler.overruns, *values)
