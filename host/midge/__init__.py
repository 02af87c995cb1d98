"""Midge: machine learning in MicroPython.

The same names as on the board: ``midge.load(...)`` runs the board's C code here, and
``Window``, ``Sampler``, ``Smoother``, ``DutyCycle``, ``Alert`` are the board's own classes.
Nothing is imported before it is asked for.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from midge.errors import MidgeError as MidgeError
    from midge.features import Pipeline as Pipeline
    from midge.model import Model as Model
    from midge.model import load as load
    from midge.model import models as models
    from midge.stream import Stream as Stream

_MODULES = {
    "MidgeError": "midge.errors",
    "Model": "midge.model",
    "Pipeline": "midge.features",
    "Stream": "midge.stream",
    "load": "midge.model",
    "models": "midge.model",
}
# What device/midge re-exports; the classes run on both sides.
_DEVICE = (
    "Alert",
    "Capture",
    "DutyCycle",
    "Event",
    "FifoCapture",
    "Fusion",
    "Gate",
    "MPU6050",
    "Microphone",
    "Playback",
    "Sampler",
    "Smoother",
    "Telemetry",
    "Window",
)
__all__ = ["MidgeError", "Model", "Pipeline", "Stream", "load", "models", *_DEVICE]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from midge.version import version

        return version()
    if name in _MODULES:
        value = getattr(importlib.import_module(_MODULES[name]), name)
    elif name in _DEVICE:
        value = getattr(_device(), name)
    elif name == "device":
        return _device()
    else:
        raise AttributeError(f"module 'midge' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "device", "__version__"})


def _device() -> ModuleType:
    """``midge.device``: a sub-package of the installed package; in a checkout, device/midge."""
    try:
        return importlib.import_module("midge.device")
    except ModuleNotFoundError as err:
        if err.name != "midge.device":
            raise
    from midge.paths import device_dir

    folder = device_dir()
    spec = importlib.util.spec_from_file_location(
        "midge.device", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["midge.device"] = module
    spec.loader.exec_module(module)
    return module
