"""The steps: each makes networks out of the best one so far and is told which were kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from midge.compress import net as nets
from midge.compress.channels import Channels
from midge.compress.low_rank import factorize
from midge.compress.net import Net
from midge.compress.resize import importance, keep
from midge.compress.teacher import Teacher
from midge.train.fit import LEARNING_RATE, Examples, learn

if TYPE_CHECKING:
    from midge.project import Project

_SHARES = (0.75, 0.5, 0.35, 0.25)  # of the channels that pruning leaves, one after the other
_WORK = (0.8, 0.65, 0.5, 0.4)  # of matrices' work that low rank leaves
_BLOCK = 4  # kernels take channels by two and by four
_FINE_RATE = LEARNING_RATE / 3


@dataclasses.dataclass
class Made:
    """A network that a step proposes; ``tflite`` where it made the integer model itself."""

    net: Net
    detail: str
    model: Any = None
    tflite: Path | None = None


@dataclasses.dataclass
class Work:
    """What the steps share. ``teacher``: whom all training follows, once there is one."""

    project: Project
    examples: Examples
    folder: Path
    ends: tuple[float, float]  # of the input's int8 range
    again: Callable[[int], Any]  # trains the recipe as a teacher, with another seed
    teacher: Teacher | None = None

    def tune(self, net: Net, rate: float = _FINE_RATE, share: float = 0.5) -> Any:
        """A Keras model of the network, trained on for a ``share`` of the epochs."""
        from midge.train.tf import import_tensorflow

        settings = self.project.model
        import_tensorflow().keras.utils.set_random_seed(settings.seed)
        model = nets.build(net)
        epochs = max(min(5, settings.epochs), round(share * settings.epochs))
        learn(
            model, self.examples, epochs=epochs, batch_size=settings.batch_size, rate=rate,
            teacher=self.teacher, label_smoothing=settings.label_smoothing,
        )  # fmt: skip
        return model


Step = Generator[Made, bool, None]


def prune(work: Work, best: Net) -> Step:
    """Structured filter pruning: whole channels go, fine-tuned, as long as it is kept."""
    shares = Channels(best)
    sizes = {number: shares.space(number).size for number in shares.free()}
    current = best
    for share in _SHARES:
        channels = Channels(current)
        kept = {}
        for (number, norms), size in zip(
            importance(current, channels).items(), sizes.values(), strict=True
        ):
            count = min(len(norms), max(_BLOCK, _BLOCK * round(share * size / _BLOCK)))
            kept[number] = np.sort(np.argsort(-norms, kind="stable")[:count])
        cut = keep(current, channels, kept)
        if cut.parameters == current.parameters:
            continue
        model = work.tune(cut)
        current = nets.with_weights_of(cut, model)
        if not (yield Made(current, f"{share:.0%} of the filters", model)):
            return


def low_rank(work: Work, best: Net) -> Step:
    """Dense and pointwise layers in two thin ones, where that is less work; fine-tuned."""
    before = best.parameters
    for share in _WORK:
        thin, count = factorize(best, share)
        if not count or thin.parameters == before:
            continue
        before = thin.parameters
        model = work.tune(thin)
        made = nets.with_weights_of(thin, model)
        if not (yield Made(made, f"{count} layers, {share:.0%} of their work", model)):
            return


def distill(work: Work, best: Net) -> Step:
    """Learns from larger networks of the recipe; later steps follow the same teachers."""
    count, scale = work.project.model.teachers, work.project.model.teacher_scale
    seed = work.project.model.seed
    models = [work.again(seed + 1000 + number) for number in range(count)]
    work.teacher = Teacher.of(models, work.examples.x)
    model = work.tune(best, rate=LEARNING_RATE, share=1.0)
    detail = f"{count} teacher{'s' * (count > 1)}, {scale:g} times as wide"
    yield Made(nets.with_weights_of(best, model), detail, model)


def qat(work: Work, best: Net) -> Step:
    """Quantization-aware training, in a process of its own."""
    from midge.compress.qat import train_aware

    settings = work.project.model
    made, tflite = train_aware(
        best, work.examples, work.teacher, work.ends, work.folder / "qat.tflite",
        epochs=max(min(5, settings.epochs), settings.epochs // 2), batch_size=settings.batch_size,
        seed=settings.seed,
    )  # fmt: skip
    yield Made(made, "fake-quantized weights and activations", nets.build(made), tflite)


STEPS: dict[str, Callable[[Work, Net], Step]] = {
    "prune": prune,
    "low_rank": low_rank,
    "distill": distill,
    "qat": qat,
}
