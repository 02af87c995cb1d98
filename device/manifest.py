# For firmware builds that freeze Midge's Python: include("<checkout>/device/manifest.py").
# ruff: noqa: F821 - MicroPython's manifest reader brings the names
metadata(
    description="Machine learning in MicroPython: sampling, windows, decisions, sleep, alerts",
    version="0.1.0",
    license="MIT",
    author="Midge contributors",
)
package("midge")
