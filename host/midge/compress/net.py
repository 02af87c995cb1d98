"""A Keras network as plain data: layers, what feeds them, their weights.

Steps that change sizes edit this and build a new Keras model of it; the process that trains
quantization-aware builds one of Keras 2. Read from and written to what Keras' own ``get_config``
says of a Sequential or functional model.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from midge.errors import ModelError


@dataclasses.dataclass
class Layer:
    """One layer, used once, with one output.

    ``config`` is Keras' configuration; ``shape`` the output's without the batch; ``weights`` in
    the order of Keras' ``get_weights``. ``constraint`` is the kernel's, an object of Keras.
    """

    name: str
    kind: str
    config: dict[str, Any]
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    weights: list[np.ndarray] = dataclasses.field(default_factory=list)
    constraint: Any = None


@dataclasses.dataclass
class Net:
    """Layers in the order they run; the last one is the output."""

    name: str
    layers: list[Layer]

    def __getitem__(self, name: str) -> Layer:
        return next(layer for layer in self.layers if layer.name == name)

    def readers(self, name: str) -> list[Layer]:
        """The layers that read the output of ``name``."""
        return [layer for layer in self.layers if name in layer.inputs]

    def copy(self) -> Net:
        """A copy whose layers and weights can be changed; constraints are shared."""
        return Net(
            self.name,
            [
                dataclasses.replace(
                    layer,
                    config=copy.deepcopy(layer.config),
                    weights=[value.copy() for value in layer.weights],
                )
                for layer in self.layers
            ],
        )

    def replace(self, name: str, *new: Layer) -> None:
        """Puts a chain of layers in the place of one; the last keeps the readers."""
        at = next(i for i, layer in enumerate(self.layers) if layer.name == name)
        for layer in self.layers:
            layer.inputs = tuple(new[-1].name if n == name else n for n in layer.inputs)
        self.layers[at : at + 1] = new

    @property
    def parameters(self) -> int:
        """How many weights all layers have."""
        return sum(value.size for layer in self.layers for value in layer.weights)


def from_keras(model: Any) -> Net:
    """The network of a Sequential or functional Keras 3 model.

    Raises:
        ModelError: a subclassed model, a model inside the model, a layer used twice or one with
            several outputs.
    """
    config = model.get_config()
    if "layers" not in config:
        raise _cannot(model.name, "is a subclass of Model")
    sequential = "input_layers" not in config
    layers, before = [], ""
    for entry in config["layers"]:
        name = entry["config"]["name"]
        kind = entry["class_name"]
        if kind in ("Sequential", "Functional", "Model"):
            raise _cannot(name, "is a model inside the model")
        if sequential:
            inputs: tuple[str, ...] = (before,) if before else ()
        else:
            inputs = _inputs(name, entry["inbound_nodes"])
        before = name
        layers.append(_layer(model, name, kind, entry, inputs))
    net = Net(config["name"], layers)
    if not sequential:
        _move_output_last(net, config["output_layers"])
    return net


def _layer(model: Any, name: str, kind: str, entry: dict[str, Any], inputs: Any) -> Layer:
    if kind == "InputLayer":
        shape = tuple(entry["config"]["batch_shape"][1:])
        return Layer(name, kind, dict(entry["config"]), (), shape)
    layer = model.get_layer(name)
    if isinstance(layer.output, (list, tuple)):
        raise _cannot(name, "has several outputs")
    own = {k: v for k, v in entry["config"].items() if k != "kernel_constraint"}
    return Layer(
        name, kind, own, inputs, tuple(layer.output.shape[1:]),
        [np.asarray(value) for value in layer.get_weights()],
        getattr(layer, "kernel_constraint", None),
    )  # fmt: skip


def _inputs(name: str, nodes: list[dict[str, Any]]) -> tuple[str, ...]:
    if len(nodes) > 1:
        raise _cannot(name, "is used more than once")
    return tuple(_histories(nodes)) if nodes else ()


def _histories(value: Any) -> Iterator[str]:
    """Names of the layers whose outputs a node reads, in order."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            yield value["config"]["keras_history"][0]
            return
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _histories(part)


def _move_output_last(net: Net, outputs: Any) -> None:
    names = list(_names(outputs))
    if len(names) != 1:
        raise _cannot(net.name, f"has {len(names)} outputs")
    output = net[names[0]]
    if net.readers(output.name):
        raise _cannot(output.name, "is an output that other layers read")
    net.layers.remove(output)
    net.layers.append(output)


def _names(outputs: Any) -> Iterator[str]:
    if outputs and isinstance(outputs[0], str):
        yield outputs[0]
        return
    for part in outputs:
        yield from _names(part)


def _cannot(name: str, why: str) -> ModelError:
    return ModelError(
        f"layer {name} {why}", where="[model] steps",
        do="use Sequential or functional models of layers that are used once",
    )  # fmt: skip


def build(net: Net) -> Any:
    """A Keras 3 model of the network, with its weights."""
    import keras

    tensors: dict[str, Any] = {}
    inputs, made = [], []
    for layer in net.layers:
        if layer.kind == "InputLayer":
            tensors[layer.name] = keras.Input(layer.shape, name=layer.name)
            inputs.append(tensors[layer.name])
            continue
        one = keras.layers.deserialize(
            {
                "module": "keras.layers",
                "class_name": layer.kind,
                "config": layer.config,
                "registered_name": None,
            }
        )
        if layer.constraint is not None:
            one.kernel_constraint = layer.constraint
        read = [tensors[name] for name in layer.inputs]
        tensors[layer.name] = one(read if len(read) > 1 else read[0])
        made.append((one, layer))
    ends = inputs if len(inputs) > 1 else inputs[0], tensors[net.layers[-1].name]
    # the name is in the model's bytes; Keras' own would count the models of this process
    model = keras.Model(*ends, name=net.name)
    for one, layer in made:
        if layer.weights:
            one.set_weights(layer.weights)
    return model


def with_weights_of(net: Net, model: Any) -> Net:
    """The network with the weights that ``model``, built of it, has now."""
    made = net.copy()
    for layer in made.layers:
        if layer.weights:
            layer.weights = [np.asarray(v) for v in model.get_layer(layer.name).get_weights()]
    return made


def save(net: Net, path: Path) -> None:
    """Writes ``path``, an ``.npz``; constraints are not kept."""
    entries = [
        {
            "name": layer.name, "kind": layer.kind, "config": layer.config,
            "inputs": layer.inputs, "shape": layer.shape, "weights": len(layer.weights),
        }
        for layer in net.layers
    ]  # fmt: skip
    arrays = {
        f"{number}_{index}": value
        for number, layer in enumerate(net.layers)
        for index, value in enumerate(layer.weights)
    }
    text = json.dumps({"name": net.name, "layers": entries})
    np.savez(path, net=np.array(text), **arrays)  # type: ignore[arg-type]


def load(path: Path) -> Net:
    """What :func:`save` wrote."""
    with np.load(path) as content:
        described = json.loads(str(content["net"]))
        layers = [
            Layer(
                one["name"], one["kind"], one["config"], tuple(one["inputs"]),
                tuple(one["shape"]), [content[f"{i}_{k}"] for k in range(one["weights"])],
            )
            for i, one in enumerate(described["layers"])
        ]  # fmt: skip
    return Net(described["name"], layers)
