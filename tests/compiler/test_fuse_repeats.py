"""What Keras writes for UpSampling becomes one TILE with ``repeats``."""

from __future__ import annotations

import numpy as np
import pytest
from graph_kit import Kit, kinds, prove, quant

from midge import passes
from midge.lower import lower


def tile(kit: Kit, x: int, multiples: list[int]) -> int:
    shape = tuple(n * m for n, m in zip(kit.shape(x), multiples, strict=True))
    return kit.op("TILE", [x, kit.const(np.array(multiples, np.int32))], shape, kit.quant(x))


def upsampled(kit: Kit, x: int, rows: int, columns: int) -> int:
    """As the converter writes UpSampling2D."""
    _, h, w, c = kit.shape(x)
    y = tile(kit, kit.reshape(x, (1, h, 1, w, c)), [1, 1, rows, 1, 1])
    y = tile(kit, kit.reshape(y, (1, h * rows, w, 1, c)), [1, 1, 1, columns, 1])
    return kit.reshape(y, (1, h * rows, w * columns, c))


@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (3, 2), (2, 1), (1, 4)])
def test_upsampling_is_one_move(rows: int, columns: int) -> None:
    kit = Kit(5)
    x = kit.input((1, 4, 5, 3), quant(0.05, 9))
    after = prove(kit.done(upsampled(kit, x, rows, columns)))
    assert kinds(after) == ["TILE"]
    assert after.ops[0].attrs["repeats"] == (1, rows, columns, 1)
    assert [step.kernel for step in lower(after).steps] == ["move"]


def test_twice_is_still_one() -> None:
    kit = Kit(6)
    x = kit.input((1, 2, 3, 4), quant(0.05, 9))
    after = prove(kit.done(upsampled(kit, upsampled(kit, x, 2, 2), 1, 3)))
    assert kinds(after) == ["TILE"]
    assert after.ops[0].attrs["repeats"] == (1, 2, 6, 1)


def test_a_step_that_is_an_output_stays() -> None:
    kit = Kit(7)
    x = kit.input((1, 4, 5, 3), quant(0.05, 9))
    first = upsampled(kit, x, 2, 1)
    after = prove(kit.done(first, upsampled(kit, first, 1, 2)))
    assert sorted(kinds(after)) == ["TILE", "TILE"]


def test_other_tiles_stay() -> None:
    kit = Kit(8)
    x = kit.input((1, 4, 5, 3), quant(0.05, 9))
    whole = tile(kit, kit.reshape(x, (1, 20, 3)), [1, 2, 1])  # not of an axis of 1
    both = tile(kit, kit.reshape(whole, (1, 40, 1, 1, 3)), [1, 1, 2, 2, 1])  # of two
    after = prove(kit.done(both))
    assert kinds(after) == ["RESHAPE", "TILE", "RESHAPE", "TILE"]
    assert not any("repeats" in op.attrs for op in passes.run(kit.graph).ops)


def test_what_moves_nothing_goes() -> None:
    kit = Kit(9)
    x = kit.input((1, 4, 5, 3), quant(0.05, 9))
    y = kit.op("RELU", [x], kit.shape(x), kit.quant(x))
    y = tile(kit, y, [1, 1, 1, 1])
    zeros = kit.const(np.zeros(4, np.int32))
    y = kit.op(
        "SLICE", [y, zeros, kit.const(np.full(4, -1, np.int32))], kit.shape(y), kit.quant(x)
    )
    pads = kit.const(np.zeros((4, 2), np.int32))
    y = kit.op("MIRROR_PAD", [y, pads], kit.shape(y), kit.quant(x), mode="REFLECT")
    assert kinds(prove(kit.done(y))) == ["RELU"]
