"""Training on the PC: recordings in, an int8 ``.tflite`` with its sidecar out.

Importing this package is cheap; TensorFlow is imported when something is trained or converted.
"""

from __future__ import annotations

from midge.train.data import DataError, Dataset, load_dataset
from midge.train.pipeline import train
from midge.train.quantize import convert

__all__ = ["DataError", "Dataset", "convert", "load_dataset", "train"]
