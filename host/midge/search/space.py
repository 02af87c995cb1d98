"""What a search varies: the recipe and its options, the features, the window's length.

A candidate is a project: the one searched for, with some keys of ``midge.toml`` changed. So
whatever a search finds is trained, checked and built as any project is.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from midge.classical import recipes as classical
from midge.errors import MidgeError
from midge.project import FILE, FeaturesSection, read_features

if TYPE_CHECKING:
    from midge.project import Project

_MAX_LAYERS = 4
# options that say how many channels a layer has, or how large a classical model is
_SIZES = ("filters", "units", "n_estimators", "max_depth", "hidden_layer_sizes")


@dataclasses.dataclass(frozen=True)
class Whole:
    """A whole number: ``low``, ``low + step`` ... ``high``."""

    low: int
    high: int
    step: int = 1

    def nearest(self, value: int) -> int:
        """The number of the range that ``value`` comes nearest to."""
        turns = round((value - self.low) / self.step)
        return min(max(self.low + turns * self.step, self.low), self.high)


_FILTERS, _WIDTHS, _STRIDES = Whole(4, 64, 4), Whole(3, 9, 2), Whole(1, 4)
_TREE = {"max_depth": Whole(2, 12), "min_samples_leaf": Whole(1, 8)}

# recipe -> option -> its range; lists have a range for each of their items, and a length. Options
# that are not here stay as they are.
OPTIONS: dict[str, dict[str, Whole | tuple[Whole, Whole] | bool]] = {
    "conv1d": {
        "filters": (Whole(1, _MAX_LAYERS), _FILTERS),
        "widths": (Whole(1, _MAX_LAYERS), _WIDTHS),
        "strides": (Whole(1, _MAX_LAYERS), _STRIDES),
        "separable": True,
    },
    "dense": {"units": (Whole(0, 3), Whole(4, 64, 4))},
    "ds_cnn": {
        "filters": Whole(8, 96, 8),
        "blocks": Whole(1, 5),
        "rows": Whole(2, 12, 2),
        "bands": Whole(2, 8, 2),
        "conv_stride": Whole(1, 3),
        "stride": Whole(1, 2),  # not kernel: 3x3 is quick, others take four times as long
    },
    "mobilenet": {
        "filters": (Whole(1, _MAX_LAYERS), _FILTERS),
        "blocks": Whole(1, 3),
        "expand": Whole(1, 4),
        "kernel": Whole(3, 5, 2),
        "stride": Whole(1, 2),
    },
    "resnet": {"filters": (Whole(1, _MAX_LAYERS), _FILTERS), "blocks": Whole(1, 2)},
    "spikes": {"filters": Whole(2, 16, 2), "width": Whole(3, 7, 2)},
    "vibration": {
        "filters": Whole(4, 32, 4),
        "width": Whole(1, 5),
        "units": Whole(0, 32, 4),
    },
    # classical: parameters of scikit-learn's classes
    "decision_tree": {**_TREE},
    "random_forest": {"n_estimators": Whole(4, 40, 4), **_TREE},
    "extra_trees": {"n_estimators": Whole(4, 40, 4), **_TREE},
    "k_neighbors": {"n_neighbors": Whole(1, 9, 2)},
    "mlp": {"hidden_layer_sizes": (Whole(1, 2), Whole(4, 64, 4))},
}
_SKLEARN = {"min_samples_leaf": 1}  # scikit-learn's own, where a recipe has none


@dataclasses.dataclass(frozen=True)
class Space:
    """All candidates of a project.

    Args:
        project: what is searched for; it is the first candidate.
        recipes: that may be taken, the project's first.
        windows: lengths, samples, sorted.
        features: what may stand in ``[features]``, the project's first; the number of bands of
            each is varied too.
    """

    project: Project
    recipes: tuple[str, ...]
    windows: tuple[int, ...]
    features: tuple[FeaturesSection, ...]

    @classmethod
    def of(cls, project: Project) -> Space:
        """What ``[search]`` says, beside the project's own.

        Raises:
            MidgeError: a recipe that cannot be varied.
        """
        where = f"{project.root / FILE}: [search]"
        if project.sensors:
            raise MidgeError(
                "searching is for projects of one sensor",
                where=f"{project.root / FILE}: [[sensors]]",
                do="search each sensor's network by itself",
            )  # fmt: skip
        recipes = tuple(dict.fromkeys([project.model.recipe, *project.search.recipes]))
        for name in recipes:
            if name not in OPTIONS:
                raise MidgeError(
                    f"recipe {name!r} has no options to vary", where=f"{where} recipes",
                    do=f"search with one of {', '.join(OPTIONS)}",
                )  # fmt: skip
        own = project.window.length
        windows = project.search.windows or _windows(project)
        sections = [read_features(project.root / FILE, one) for one in project.search.features]
        return cls(project, recipes, tuple(sorted({own, *windows})), (project.features, *sections))

    def about(self) -> dict[str, Any]:
        """For a study, whose workers have to agree in it."""
        return {
            "recipes": list(self.recipes),
            "windows": list(self.windows),
            "features": [dataclasses.asdict(one) for one in self.features],
            "options": {n: {k: str(v) for k, v in OPTIONS[n].items()} for n in self.recipes},
        }

    def candidate(self, trial: Any) -> Project:
        """The project that a trial's (or Optuna's FixedTrial's) suggestions make."""
        project = self.project
        length = self.project.window.length
        if len(self.windows) > 1:
            length = trial.suggest_categorical("window", list(self.windows))
        features = self._features(trial)
        recipe = self.recipes[0]
        if len(self.recipes) > 1:
            recipe = trial.suggest_categorical("recipe", list(self.recipes))
        options = _suggest(trial, recipe)
        own = _options_of(project)
        if recipe == project.model.recipe:
            options = {**own, **options}
        window = dataclasses.replace(
            project.window, length=length, hop=min(self.project.hop, length)
        )
        if length == project.window.length:
            window = project.window
        model = project.model
        if recipe != model.recipe or options != own:
            fitted = recipe in classical.RECIPES
            model = dataclasses.replace(
                model, recipe=recipe, net={} if fitted else options,
                parameters=options if fitted else {},
            )  # fmt: skip
        return dataclasses.replace(project, window=window, features=features, model=model)

    def warm(self) -> tuple[dict[str, Any], ...]:
        """Where a search starts: the project as it is, then with a half, a quarter and
        one and a half times the channels that its layers have."""
        own = self.first()
        made = [own]
        for share in (0.5, 0.25, 1.5):
            options = _options_of(self.project)
            sizes = {k: _scaled(v, share) for k, v in options.items() if k in _SIZES}
            made.append({**own, **_params(self.recipes[0], {**options, **sizes})})
        return tuple(made)

    def first(self) -> dict[str, Any]:
        """The parameters of the project as it is, or of the nearest candidate."""
        params: dict[str, Any] = {}
        if len(self.windows) > 1:
            params["window"] = self.project.window.length
        if len(self.features) > 1:
            params["features"] = 0
        if bands := _bands(self.features[0]):
            params["bands0"] = bands.high
        if len(self.recipes) > 1:
            params["recipe"] = self.recipes[0]
        return {**params, **_params(self.recipes[0], _options_of(self.project))}

    def _features(self, trial: Any) -> FeaturesSection:
        number = 0
        if len(self.features) > 1:
            number = trial.suggest_categorical("features", list(range(len(self.features))))
        section = self.features[number]
        bands = _bands(section)
        if bands is None:
            return section
        count = trial.suggest_int(f"bands{number}", bands.low, bands.high, step=bands.step)
        blocks = [{**b, "bands": count} if b.get("bands") else b for b in section.blocks]
        return dataclasses.replace(section, blocks=blocks)


def _scaled(value: Any, share: float) -> Any:
    if isinstance(value, list):
        return [round(share * one) for one in value]
    return round(share * value)


def _windows(project: Project) -> list[int]:
    """Half the window too, where recordings are cut into windows."""
    length = project.window.length
    cut = project.data.source != "spikes" and project.window.cut == "slide"
    steps = math.gcd(project.hop, length)
    half = length // 2 // steps * steps if project.features.blocks else length // 2
    return [length, half] if cut and half >= 8 else [length]


def _bands(section: FeaturesSection) -> Whole | None:
    """From a quarter of the features' bands to all of them."""
    counts = [block["bands"] for block in section.blocks if block.get("bands")]
    if not counts or any(not isinstance(n, int) or n != counts[0] for n in counts):
        return None
    step = max(1, counts[0] // 8)
    return Whole(counts[0] - 6 * step, counts[0], step) if counts[0] >= 8 else None


def _options_of(project: Project) -> dict[str, Any]:
    """The options of the project's recipe, the recipe's own where [model] has none.

    Raises:
        MidgeError: one that cannot be varied.
    """
    from midge.train.recipes import RECIPES

    recipe = project.model.recipe
    if recipe in classical.RECIPES:
        varied = OPTIONS[recipe]
        own = {name: value for name, value in _SKLEARN.items() if name in varied}
        found = {**classical.RECIPES[recipe].parameters, **own, **project.model.parameters}
    else:
        parameters = inspect.signature(RECIPES[recipe]).parameters.items()
        known = {k: one.default for k, one in parameters if one.kind is one.KEYWORD_ONLY}
        found, varied = {**known, **project.model.net}, {}
    found = {k: list(v) if isinstance(v, tuple) else v for k, v in found.items()}
    for name, kind in varied.items():
        needed = list if isinstance(kind, tuple) else int
        if type(found[name]) is not needed:
            what = "a list of whole numbers" if needed is list else "a whole number"
            raise MidgeError(
                f"{name} needs {what} to be varied, found {found[name]!r}",
                where=f"{project.root / FILE}: [model] parameters", do="write it so",
            )  # fmt: skip
    return found


def _each(recipe: str, visit: Callable[[str, Any, str], Any]) -> dict[str, Any]:
    """A net from what ``visit(name, range, option)`` gives for each of its parameters.

    Lists of a recipe that have the same range of lengths share their length.
    """
    net: dict[str, Any] = {}
    lengths: dict[Whole, int] = {}
    for option, kind in OPTIONS[recipe].items():
        if isinstance(kind, tuple):
            length, item = kind
            if length not in lengths:
                lengths[length] = visit(f"{recipe}.layers", length, option)
            net[option] = [
                visit(f"{recipe}.{option}{i + 1}", item, option) for i in range(lengths[length])
            ]
        else:
            net[option] = visit(f"{recipe}.{option}", kind, option)
    return net


def _suggest(trial: Any, recipe: str) -> dict[str, Any]:
    def visit(name: str, kind: Any, _option: str) -> Any:
        if isinstance(kind, Whole):
            return trial.suggest_int(name, kind.low, kind.high, step=kind.step)
        return trial.suggest_categorical(name, [False, True])

    return _each(recipe, visit)


def _params(recipe: str, net: dict[str, Any]) -> dict[str, Any]:
    """The inverse of :func:`_suggest`, to the nearest candidate."""
    params: dict[str, Any] = {}

    def visit(name: str, kind: Any, option: str) -> Any:
        value: Any = net[option]
        if name.endswith(".layers"):
            value = len(value)
        elif isinstance(value, list):
            value = value[int(name.removeprefix(f"{recipe}.{option}")) - 1]
        params[name] = kind.nearest(value) if isinstance(kind, Whole) else value
        return params[name]

    _each(recipe, visit)
    return params
