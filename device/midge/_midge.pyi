"""The firmware's C module. Scripts import ``midge``, which re-exports it."""

from typing import Any, Literal, final

from _typeshed import ReadableBuffer, WriteableBuffer

# A model with one input takes a buffer, one with several a tuple or list of them in the model's
# order; the same for outputs.
_Input = ReadableBuffer | tuple[ReadableBuffer, ...] | list[ReadableBuffer]
_Output = WriteableBuffer | tuple[WriteableBuffer, ...] | list[WriteableBuffer]

@final
class Model:
    """A compiled-in model; made by ``load``."""

    def predict(self, window: _Input, scores: _Output | None = None) -> Any:
        """One inference.

        Args:
            window: ``'b'`` or bytes: quantized input; ``array('h')``: raw sensor counts, scaled
                as in training; ``array('f')``: real values. As many as the model's input has.
                A model with state (an LSTM) goes on from where the call before left it.
            scores: ``'b'``: takes the quantized output; ``array('f')``: the real values. With
                it, nothing is allocated and None is returned; without, a new array is.
        Raises:
            ValueError: a buffer of the wrong size.
            TypeError: a buffer of the wrong type.
            RuntimeError: called while an inference is running.
        """

    def reset(self) -> None:
        """Starts a sequence anew: the next inference knows nothing of those before. ``load`` does
        so too. Without state (``info()["state_bytes"]`` is 0) it does nothing.

        Raises:
            RuntimeError: called while an inference is running.
        """

    def classify(self, window: _Input) -> tuple[str | int, float]:
        """The label of the largest score (its index if the model has no labels), and the score."""

    def profile(self, window: _Input, cycles: WriteableBuffer) -> None:
        """One inference; ``cycles``, an ``array('I')`` of ``len(layers())``, takes each layer's
        time in the unit that ``clock()`` names."""

    def info(self) -> dict[str, Any]:
        """name, version, sha256, tool, data_fingerprint, labels, inputs and outputs (each name,
        shape, dtype, scale, zero_point), arena_bytes, state_bytes, weights_bytes, macs."""

    def layers(self) -> tuple[str, ...]:
        """What each entry of ``profile`` is."""

    def check(self) -> bool:
        """True if the golden input, compiled in with the model, gives the golden output.
        Resets a model that has state, before and after.

        Raises:
            RuntimeError: it does not; names the first byte that differs.
            ValueError: the model has none.
        """

def load(name: str) -> Model:
    """A compiled-in model, reset. All ``Model`` of one name share one state.

    Raises:
        ValueError: there is none of that name; lists those there are.
    """

def models() -> tuple[str, ...]:
    """The names of the compiled-in models."""

def clock() -> Literal["cycles", "us"]:
    """The unit of ``Model.profile``."""
