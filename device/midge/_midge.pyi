"""The firmware's C module. Scripts import ``midge``, which re-exports it."""

from collections.abc import Sequence
from typing import Any, Literal, final

from _typeshed import ReadableBuffer, WriteableBuffer

@final
class Model:
    """A compiled-in model; made by ``load``."""

    def predict(self, window: _Input, scores: _Output | None = None) -> Any:
        """One inference.

        Args:
            window: ``'b'`` or bytes: quantized input; ``array('h')``: raw sensor counts, scaled
                as in training; ``array('f')``: real values. As many as the model's input has.
                A model that computes features takes a ``Stream`` instead of counts.
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

    def stream(
        self, number: int = 0, *, rate_hz: float | None = None, channels: int | None = None
    ) -> Stream:
        """Takes samples and computes features for an input. All streams of it share one state,
        which this clears.

        Args:
            number: of the input.
            rate_hz, channels: of the sensor, to be checked.
        Raises:
            ValueError: no features, no such input, or another rate or number of channels than the
                model was trained with.
        """

    def layers(self) -> tuple[str, ...]:
        """What each entry of ``profile`` is."""

    def check(self) -> bool:
        """True if the golden input, compiled in with the model, gives the golden output.
        Resets a model that has state, before and after.

        Raises:
            RuntimeError: it does not; names the first byte that differs.
            ValueError: the model has none.
        """

@final
class Stream:
    """Samples of a sensor become windows of features, each step's computed once; made by
    ``Model.stream``. Nothing is allocated, and a handler may push while an inference runs::

        at = 0
        while at < n:
            at += stream.push_from(samples, at)
            if stream.ready():
                model.predict(stream, scores)

    ``rate_hz``, ``channels``, ``length`` and ``hop`` of windows and ``step`` of rows, in samples,
    are what the model was trained for; ``count`` is the number of complete windows, ``size``
    that of a window's features.
    """

    rate_hz: float
    channels: int
    length: int
    hop: int
    step: int
    count: int
    size: int

    def push(self, sample: int | Sequence[int] | None) -> bool:
        """Adds one sample; ``None`` is a gap (see ``Sampler``) and forgets those before.

        Returns:
            Whether it completed a window.
        Raises:
            ValueError: another number of values than channels, or one beyond 16 bits.
            RuntimeError: called while a push is running.
        """

    def push_from(self, samples: ReadableBuffer, start: int = 0) -> int:
        """Adds samples from a buffer until one window is complete or the buffer is used up.

        Args:
            samples: ``array('h')`` or bytes of it, samples one after the other.
            start: the first sample to take.
        Returns:
            How many it took.
        Raises:
            TypeError: another type of buffer.
            ValueError: no whole number of samples, or ``start`` outside.
            RuntimeError: called while a push is running.
        """

    def ready(self) -> bool:
        """True after a push that completed a window, until the next."""

    def clear(self) -> None:
        """Forgets all samples (``count`` stays), for example after a gap in the signal."""

    def features(self, out: WriteableBuffer) -> None:
        """Copies the window, as the model gets it, into a buffer of bytes.

        Raises:
            ValueError: a buffer of another type or size.
        """

# A model with one input takes a buffer, one with several a tuple or list of them in the model's
# order; the same for outputs.
_One = ReadableBuffer | Stream
_Input = _One | tuple[_One, ...] | list[_One]
_Output = WriteableBuffer | tuple[WriteableBuffer, ...] | list[WriteableBuffer]

def load(name: str) -> Model:
    """A compiled-in model, reset. All ``Model`` of one name share one state.

    Raises:
        ValueError: there is none of that name; lists those there are.
    """

def models() -> tuple[str, ...]:
    """The names of the compiled-in models."""

def clock() -> Literal["cycles", "us"]:
    """The unit of ``Model.profile``."""
