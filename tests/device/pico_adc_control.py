"""Runs on the emulated Pico: does the ADC convert by itself? (START_MANY of ADC_CS.)"""

from machine import mem32

print(mem32[0x4004C000] & 8)
