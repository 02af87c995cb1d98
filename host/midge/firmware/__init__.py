"""Builds MicroPython firmware with models compiled in: sources, tools, build, memory map."""
