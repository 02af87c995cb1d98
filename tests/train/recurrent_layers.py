"""Small Keras models of recurrent layers (tf_keras, TF_USE_LEGACY_KERAS=1) and of attention
(Keras 3), converted to int8: ``python tests/train/recurrent_layers.py FOLDER [NAME...]``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moving_layers import convert

from midge.train.tf import import_tensorflow

WINDOW = (10, 4)


def recurrent(tf: Any) -> dict[str, Callable[[Any], Any]]:
    layer = tf.keras.layers

    def time_major(x: Any) -> Any:
        return layer.LSTM(5, time_major=True)(tf.transpose(x, [1, 0, 2]))

    def two(x: Any) -> Any:
        x = layer.LSTM(7, return_sequences=True)(layer.Conv1D(6, 3, activation="relu")(x))
        return layer.Dense(4, activation="softmax")(layer.LSTM(5)(x))

    return {
        "lstm": lambda x: layer.Dense(4)(layer.LSTM(6)(x)),
        "lstm_sequence": layer.LSTM(6, return_sequences=True),
        "lstm_time_major": time_major,
        "lstm_backwards": layer.LSTM(5, go_backwards=True),
        "lstm_two": two,
        "bidirectional": layer.Bidirectional(layer.LSTM(5)),
        "rnn_unrolled": layer.SimpleRNN(5, unroll=True),
    }


def attention(tf: Any) -> dict[str, Callable[[Any], Any]]:
    layer = tf.keras.layers

    def block(x: Any) -> Any:
        y = layer.Add()([x, layer.MultiHeadAttention(2, 4)(x, x)])
        z = layer.Dense(4)(layer.Dense(8, activation="relu")(y))
        return layer.Dense(3)(layer.GlobalAveragePooling1D()(layer.Add()([y, z])))

    def dot(x: Any) -> Any:
        query, key, value = (layer.Dense(n)(x) for n in (6, 6, 5))
        scores = layer.Softmax()(layer.Dot(axes=(2, 2))([query, key]))
        return layer.Dot(axes=(2, 1))([scores, value])

    return {
        "multi_head": lambda x: layer.MultiHeadAttention(2, 4)(x, x),
        "attention_block": block,
        "attention": lambda x: layer.Attention()([x, layer.Dense(4)(x)]),
        "dot": dot,
    }


def main(folder: str, *names: str) -> None:
    tf = import_tensorflow()
    legacy = os.environ.get("TF_USE_LEGACY_KERAS") == "1"
    for name, layers in (recurrent if legacy else attention)(tf).items():
        if name in names or not names:
            Path(folder, f"{name}.tflite").write_bytes(convert(tf, WINDOW, layers))


if __name__ == "__main__":
    main(*sys.argv[1:])
