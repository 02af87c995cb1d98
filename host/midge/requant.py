"""Fast requantization: constants searched for each channel, proven for every sum it can have.

A kernel that uses them computes, from ``x = sum - base`` (the base is in the bias already),

    q = act_min                                                if x < 0
    q = (x * (mult >> 12) + (x * (mult & 4095) >> 12) + add) >> shift   if 0 <= x <= high
    q = act_max                                                if x > high

in 32 bits: two 1-cycle multiplications of a Cortex-M0+ instead of a 64-bit product. Where results
of both signs occur, a second addend for x < split may be needed: two roundings, halves away from
zero, put a kink into the staircase at a sum of 0.

The op's own rule (two roundings in convolutions, ``round()`` of a double in FULLY_CONNECTED) is a
rising staircase over the sums. :func:`search` finds constants whose staircase has each step at
the same sum; :func:`prove` checks that without knowing how they were found.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable

import numpy as np

LOW_BITS = 12  # of mult, multiplied apart
MAX_SHIFT = 24  # an 8-bit result then fits int32
_INT32 = (-(2**31), 2**31 - 1)

# int64 sums -> int64 results before the clamp, output zero point included; must never fall.
Rule = Callable[[np.ndarray], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Channel:
    """What one output channel has to compute: ``rule`` clamped, for all sums in low...high.

    ``scale`` is the rule's slope, used only to know where to look.
    """

    rule: Rule
    scale: float
    low: int
    high: int
    act_min: int
    act_max: int

    def exact(self, sums: np.ndarray) -> np.ndarray:
        return np.clip(self.rule(sums), self.act_min, self.act_max)


@dataclasses.dataclass(frozen=True)
class Constants:
    """See the module's text. 0 <= mult < 2**32, add is int32, 0 <= shift <= 24, high < 2**26."""

    base: int
    mult: int
    add: int
    shift: int
    high: int
    split: int = 0  # 0: one addend
    add_below: int = 0

    def steps(self, x: np.ndarray) -> np.ndarray:
        """The middle line of the formula, int64 [n], for 0 <= x <= high."""
        add = np.where(x < self.split, self.add_below, self.add)
        return (((x * self.mult) >> LOW_BITS) + add) >> self.shift

    def apply(self, sums: np.ndarray, act_min: int, act_max: int) -> np.ndarray:
        """The whole formula."""
        x = sums - self.base
        inside = self.steps(np.clip(x, 0, self.high))
        return np.where(x < 0, act_min, np.where(x > self.high, act_max, inside))

    def words(self) -> tuple[int, int, int]:
        """As ``midge_requant_t`` has them, each an int32."""
        mult = self.mult - 2**32 if self.mult >= 2**31 else self.mult
        return mult, self.add, self.high << 5 | self.shift


def double_rounding(mult: int, shift: int, zero_point: int) -> Rule:
    """CONV_2D and DEPTHWISE_CONV_2D: ``midge_requantize`` of midge_math.h, sums not wrapping."""

    def rule(sums: np.ndarray) -> np.ndarray:
        left, right = max(shift, 0), max(-shift, 0)
        high = ((sums << left) * mult + (1 << 30)) >> 31
        mask = (1 << right) - 1
        up = (high & mask) > (mask >> 1) + (high < 0)
        return (high >> right) + up + zero_point

    return rule


def round_of_double(scale: float, zero_point: int) -> Rule:
    """FULLY_CONNECTED: C's ``round(sum * scale)`` in double precision, halves away from 0."""

    def rule(sums: np.ndarray) -> np.ndarray:
        product = sums.astype(np.float64) * scale
        size = np.abs(product)
        whole = np.floor(size)
        whole += size - whole >= 0.5
        return (np.sign(product) * whole).astype(np.int64) + zero_point

    return rule


def search(channel: Channel) -> Constants | None:
    """Constants that :func:`prove` accepts, or ``None`` where this form has none.

    Sums so wide, or scales so large or small, that 32 bits cannot hold the products.
    """
    ends = channel.exact(np.array([channel.low, channel.high], np.int64))
    first, last = int(ends[0]), int(ends[1])
    if first == last:
        found = Constants(channel.low, 0, first, 0, 0)
        constant = dataclasses.replace(found, high=min(channel.high - channel.low, 2**26 - 1))
        return constant if prove(channel, constant) else None
    k, sums = thresholds(channel)
    if k.size == 0 or k.size != last - first:
        return None  # a step the search could not place
    base = int(sums[0]) - 1 if first == channel.act_min else channel.low
    top = int(sums[-1]) if last == channel.act_max else channel.high
    high = top - base
    if not 0 <= high < 2**26:
        return None
    split = -base if first < int(channel.rule(np.zeros(1, np.int64))[0]) < last else 0
    for shift in range(MAX_SHIFT, -1, -1):
        ideal = math.ldexp(channel.scale, shift + LOW_BITS)
        if ideal >= 2**32 - 4:
            continue
        if ideal < 1:
            return None
        for mult, at in itertools.product(_near(ideal), {0, max(split, 0)}):
            form = Constants(base, mult, 0, shift, high, at)
            adds = _adds(k, sums - base, form, first, last)
            if adds is None:
                continue
            found = dataclasses.replace(form, add=adds[1], add_below=adds[0])
            if prove(channel, found):
                return found
    return None


def thresholds(channel: Channel) -> tuple[np.ndarray, np.ndarray]:
    """(k, the smallest sum whose result is at least k), for each k that a sum in the channel's
    range reaches and its smallest sum does not."""
    ends = channel.exact(np.array([channel.low, channel.high], np.int64))
    k = np.arange(ends[0] + 1, ends[1] + 1, dtype=np.int64)
    low = np.full(k.size, channel.low, np.int64)
    high = np.full(k.size, channel.high, np.int64)
    # Invariant: exact(low) < k <= exact(high). First narrow to where the slope points.
    at_zero = float(channel.rule(np.zeros(1, np.int64))[0])
    guess = np.floor(np.clip((k - 0.5 - at_zero) / channel.scale, channel.low, channel.high))
    for distance in (-2, 2):
        probe = np.clip(guess.astype(np.int64) + distance, channel.low, channel.high)
        reached = channel.exact(probe) >= k
        high = np.where(reached, np.minimum(high, probe), high)
        low = np.where(reached, low, np.maximum(low, probe))
    while (high - low > 1).any():
        middle = (low + high) >> 1
        reached = channel.exact(middle) >= k
        high = np.where(reached, middle, high)
        low = np.where(reached, low, middle)
    return k, high


def prove(channel: Channel, found: Constants) -> bool:
    """Whether ``found`` gives the channel's result for every sum from low to high.

    Both sides are rising staircases: the rule by its nature, the formula because mult >= 0 and
    its ends lie within the clamp; at the split both sides are compared. Two such staircases are
    equal where both have the same value at every sum at which either may step, and at the sum
    before: the rule's steps are found by bisection, and one that the formula had elsewhere would
    make it differ at one of these.
    """
    x_low, x_high = channel.low - found.base, channel.high - found.base
    low_part = found.mult & ((1 << LOW_BITS) - 1)
    fits = (
        0 <= found.mult < 2**32
        and 0 <= found.shift <= 31
        and 0 <= found.high < 2**26
        and found.high * low_part < 2**32  # a product that is shifted right, unsigned
        and _INT32[0] <= found.add <= _INT32[1]
        and _INT32[0] <= found.add_below <= _INT32[1]
        and 0 <= found.split <= found.high + 1
        and ((found.high * found.mult) >> LOW_BITS) + found.add <= _INT32[1]
        and ((max(found.split - 1, 0) * found.mult) >> LOW_BITS) + found.add_below <= _INT32[1]
        and _INT32[0] <= x_low <= x_high <= _INT32[1]
    )
    if not fits:
        return False
    ends = found.steps(np.array([0, found.high], np.int64))
    if not channel.act_min <= ends[0] <= ends[1] <= channel.act_max:
        return False
    _, steps = thresholds(channel)
    edges = [channel.low, channel.high, found.base - 1, found.base]
    edges += [found.base + found.high, found.base + found.high + 1]
    edges += [found.base + found.split - 1, found.base + found.split]
    sums = np.concatenate([steps, steps - 1, np.array(edges, np.int64)])
    sums = sums[(sums >= channel.low) & (sums <= channel.high)]
    same = found.apply(sums, channel.act_min, channel.act_max) == channel.exact(sums)
    return bool(same.all())


def _near(ideal: float) -> list[int]:
    """Integers around the ideal multiplier, nearest first; a small one needs luck more often."""
    whole = round(ideal)
    return [m for d in range(4) for m in {whole + d, whole - d} if 0 < m < 2**32]


def _adds(
    k: np.ndarray, x: np.ndarray, form: Constants, first: int, last: int
) -> tuple[int, int] | None:
    """The middle of the addends that put each step k at its x, below and from form.split on."""
    at, before = (x * form.mult) >> LOW_BITS, ((x - 1) * form.mult) >> LOW_BITS
    top_sum = (form.high * form.mult) >> LOW_BITS
    found = []
    for below in (True, False):
        least = ((k << form.shift) - at)[(x < form.split) == below]
        most = ((k << form.shift) - 1 - before)[(x - 1 < form.split) == below]
        low, top = -(2**31), 2**31 - 1
        if below == (form.split > 0):
            low = first << form.shift  # the line starts on this side
        if not below:
            top = min(top, ((last + 1) << form.shift) - 1 - top_sum)
        low, top = int(max([low, *least])), int(min([top, *most]))
        if low > top:
            return None
        found.append((low + top) // 2)
    return (found[0] if form.split > 0 else 0), found[1]
