# Stands in for the port's own manifest where micropython-lib is absent (Debian's source package
# of MicroPython has none): all of it but the drivers that come from there (dht, ds18x20, neopixel,
# onewire). ruff: noqa: F821
freeze("$(PORT_DIR)/modules")
include("$(MPY_DIR)/extmod/asyncio")
