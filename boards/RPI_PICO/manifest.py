# Frozen Python of this board. ruff: noqa: F821 - MicroPython's manifest reader brings the names

# The port's own: _boot.py, without which there is no filesystem, rp2.py, asyncio and drivers.
include("$(MIDGE_PORT_MANIFEST)")

# device/midge/, and what `midge build --freeze` names.
freeze("$(MIDGE_FROZEN)")
