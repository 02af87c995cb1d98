"""Midge on the board: models, sampling, windows, decisions, sleep, alerts, telemetry.

On the board this is the frozen package ``midge`` and takes the models from the C module
``_midge``. On a PC the same files are ``midge.device``, and ``midge`` brings its own ``load``.
Each class is imported when it is first asked for: what a script does not use costs no RAM.
"""

try:
    from _midge import Model, Stream, load, models  # noqa: F401
except ImportError:  # a PC, or a firmware without Midge's C module: see __getattr__
    pass

_attrs = {
    "AdcDma": "adcdma",
    "Alert": "alert",
    "Capture": "capture",
    "DutyCycle": "dutycycle",
    "Event": "smoother",
    "FifoCapture": "fifo",
    "Fusion": "fusion",
    "Gate": "fusion",
    "MPU6050": "mpu6050",
    "Microphone": "microphone",
    "Playback": "playback",
    "Sampler": "sampler",
    "Smoother": "smoother",
    "Telemetry": "telemetry",
    "Window": "window",
    "clock": "clock",
}


def __getattr__(attr):
    if attr in ("Model", "Stream", "load", "models"):
        raise AttributeError(
            "midge." + attr + ": no C module _midge in this firmware; "
            "make one with `midge build MODEL.tflite` and flash it"
        )
    name = _attrs.get(attr, attr)
    if name not in _attrs.values():
        raise AttributeError(attr)
    module = __import__(name, globals(), None, (attr,), 1)
    value = module if name == attr else getattr(module, attr)
    globals()[attr] = value
    return value
