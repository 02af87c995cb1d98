"""Static memory plan: an offset in the arena for every buffer of a program.

Each buffer lives from the step that first writes it to the step that last uses it; buffers
that live at the same time get disjoint bytes, except that a step's output may lie over an operand
that no later step uses, as far as the step's kernel allows (:class:`midge.program.Lead`).

Buffers are placed one by one where the arena grows least (greedy by size: Pisarchyk and Lee,
"Efficient Memory Management for Deep Neural Net Inference", 2020), in several orders. Places below
the first buffer count too, so that an output may begin before its input. The smallest arena wins.
"""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Callable, Iterator

from midge.program import Lead, Program

ALIGN = 4  # of each buffer; the arena itself is aligned to 8
_RANDOM_ORDERS = 120
_MOVES = 120
_SEED = 1
_Order = tuple[list[int], frozenset[int]]  # see _place


@dataclasses.dataclass(frozen=True)
class Life:
    """When a buffer holds a value: from step ``first`` to step ``last``, both included.

    Model inputs live from step -1; model outputs to ``len(steps)``.
    """

    first: int
    last: int

    def overlaps(self, other: Life) -> bool:
        return self.first <= other.last and other.first <= self.last


@dataclasses.dataclass(frozen=True)
class Plan:
    """What :func:`plan` found."""

    arena_bytes: int
    lower_bound: int  # what one step needs: no placement can do with fewer bytes
    peak_step: int  # which step that is
    peak_buffers: tuple[int, ...]  # the buffers alive there, largest first
    lives: dict[int, Life]
    shared: tuple[tuple[int, int], ...]  # (read, write) pairs that share memory


def plan(program: Program) -> Plan:
    """Sets ``offset`` of every used buffer and ``program.arena_bytes``.

    A buffer that no step and no port uses gets offset 0 and no memory.

    Returns:
        The sizes in bytes, the peak, and when each buffer lives.
    """
    lives = lifetimes(program)
    rules = _rules(program, lives)
    needs = step_bytes(program)
    step = max(range(len(needs)), key=lambda i: (needs[i], -i), default=0)
    bound = needs[step] if needs else 0
    arena, offsets = _search(program, rules, bound, _orders(program, lives, needs))
    for i, buffer in enumerate(program.buffers):
        buffer.offset = offsets.get(i, 0)
    program.arena_bytes = arena
    number = step - 1
    alive = [i for i, life in lives.items() if life.first <= number <= life.last]
    alive.sort(key=lambda i: (-program.buffers[i].nbytes, i))
    return Plan(arena, bound, number, tuple(alive), lives, _shared(program, lives))


def _search(
    program: Program,
    rules: dict[int, dict[int, _Rule]],
    bound: int,
    orders: Iterator[_Order],
) -> tuple[int, dict[int, int]]:
    """(arena, offsets): the best of all orders, then of small changes to the best order."""
    best: tuple[int, dict[int, int], _Order] | None = None
    for order in orders:
        offsets = _place(program, rules, *order)
        arena = _span(program, offsets)
        if best is None or arena < best[0]:
            best = arena, offsets, order
        if arena == bound:
            return arena, offsets
    assert best is not None
    arena, offsets, order = best
    generator = random.Random(_SEED)
    for _ in range(_MOVES if len(offsets) > 1 else 0):
        buffers, upper = list(order[0]), order[1]
        at = generator.randrange(len(buffers))
        if generator.random() < 0.5:
            upper ^= {buffers[at]}
        buffers.insert(generator.randrange(at + 1), buffers.pop(at))  # one buffer earlier
        placed = _place(program, rules, buffers, upper)
        if _span(program, placed) <= arena:
            arena, offsets, order = _span(program, placed), placed, (buffers, upper)
        if arena == bound:
            break
    return arena, offsets


def lifetimes(program: Program) -> dict[int, Life]:
    """When each buffer lives; buffers that nothing uses are left out."""
    first: dict[int, int] = {port.buffer: -1 for port in program.inputs}
    last: dict[int, int] = dict(first)
    for number, step in enumerate(program.steps):
        for buffer in (*step.reads, *step.writes):
            first.setdefault(buffer, number)
            last[buffer] = number
    for port in program.outputs:
        first.setdefault(port.buffer, len(program.steps))
        last[port.buffer] = len(program.steps)
    _join_parts(program, first, last)
    return {buffer: Life(first[buffer], last[buffer]) for buffer in sorted(first)}


def _join_parts(program: Program, first: dict[int, int], last: dict[int, int]) -> None:
    """A buffer with parts lives from the step that completes it, or writes to it itself; until
    then each part lives on its own. Parts are numbered below what they are a part of."""
    parts: dict[int, list[int]] = {}
    for number, buffer in enumerate(program.buffers):
        if buffer.within is not None and number in first:
            parts.setdefault(buffer.within[0], []).append(number)
    for whole in sorted(parts):
        inner = parts[whole]
        written = [n for n, step in enumerate(program.steps) if whole in step.writes]
        first[whole] = min(written, default=max(first[b] for b in inner) + 1)
        last[whole] = max(last[b] for b in (whole, *inner) if b in last)
        for b in inner:
            last[b] = max(first[b], first[whole] - 1)


def overlaps(program: Program, lives: dict[int, Life], number: int) -> dict[tuple[int, int], Lead]:
    """(read, write) pairs of step ``number`` that may share: the one dies, the other is born."""
    return {
        (each.read, each.write): each.lead
        for each in program.steps[number].overlaps
        if each.read != each.write
        and lives[each.read].last == number
        and lives[each.write].first == number
    }


def step_bytes(program: Program) -> list[int]:
    """The fewest bytes that the start, each step and the end need: len(steps) + 2 numbers."""
    lives = lifetimes(program)
    needs = []
    for number in range(-1, len(program.steps) + 1):
        alive = [i for i, life in lives.items() if life.first <= number <= life.last]
        pairs = {}
        if 0 <= number < len(program.steps):
            pairs = overlaps(program, lives, number)
        needs.append(_least(program, alive, pairs))
    return needs


def _least(program: Program, alive: list[int], pairs: dict[tuple[int, int], Lead]) -> int:
    """The fewest bytes for buffers that live at once, of which ``pairs`` may share."""
    alive = [b for b in alive if not _inside(program, b, set(alive))]
    total = sum(_size(program, b) for b in alive)
    reads, writes = {read for read, _ in pairs}, {write for _, write in pairs}
    if len(pairs) == 1:
        (pair, lead) = next(iter(pairs.items()))
        read, write = (_size(program, b) for b in pair)
        return total - read - write + together(read, write, lead)
    # what is read, and what is written, is apart from its own kind and from the rest
    return total - min(
        sum(_size(program, b) for b in reads), sum(_size(program, b) for b in writes)
    )


def together(read: int, write: int, lead: Lead) -> int:
    """The fewest bytes that an operand and an output of these sizes take."""
    shift = 0 if lead.allows(0) else lead.last // ALIGN * ALIGN
    return min(read + write, max(read, write + shift) - min(0, shift))


# -- where buffers may lie ------------------------------------------------------------------------

# For each buffer, the buffers alive at the same time, and the lead between the two: None, they
# must be apart; (lead, True), the first is written over the other; (lead, False), the reverse.
_Rule = tuple[Lead, bool] | None


def _rules(program: Program, lives: dict[int, Life]) -> dict[int, dict[int, _Rule]]:
    rules: dict[int, dict[int, _Rule]] = {b: {} for b in lives}
    for a, life in lives.items():
        for b, other in lives.items():
            related = _root(program, a)[0] == _root(program, b)[0]
            if not related and life.overlaps(other):
                rules[a][b] = None
    for number in range(len(program.steps)):
        for (read, write), lead in overlaps(program, lives, number).items():
            if write not in rules[read]:
                continue  # parts of one buffer
            rules[write][read] = lead, True
            rules[read][write] = lead, False
    return rules


def _place(
    program: Program,
    rules: dict[int, dict[int, _Rule]],
    order: list[int],
    upper: frozenset[int] = frozenset(),
) -> dict[int, int]:
    """Offsets from 0, each buffer in turn where the arena grows least, then lowest, or highest
    those of ``upper``; one with parts together with them."""
    roots = {buffer: _root(program, buffer) for buffer in order}
    units: dict[int, list[tuple[int, int]]] = {}
    for buffer in order:
        units.setdefault(roots[buffer][0], []).append((buffer, roots[buffer][1]))
    offsets: dict[int, int] = {}
    low = high = 0
    for root, members in units.items():
        size = _size(program, root)
        # (size, where in the unit, where the rival is, its size, the rule between the two)
        rivals = [
            (_size(program, member), at, offsets[other], _size(program, other), rule)
            for member, at in members
            for other, rule in rules[member].items()
            if other in offsets
        ]
        starts = {low, high - size}
        for own, at, place, other, rule in rivals:
            starts.update(start - at for start in _suggestions(own, place, other, rule))
        for _, at, place, _, rule in rivals:  # the nearest places that a step allows
            if rule is not None and rule[0].step:
                step = math.lcm(ALIGN, rule[0].step)
                offs = {start: (start + at - place) % step for start in starts}
                starts.update(
                    start - off + over for start, off in offs.items() for over in (0, step)
                )
        best = None
        sign = -1 if root in upper else 1
        for start in starts:
            grown = max(high, start + size) - min(low, start)
            if (best is None or (grown, sign * start) < (best[0], sign * best[1])) and all(
                _fits(start + at, own, place, other, rule)
                for own, at, place, other, rule in rivals
            ):
                best = grown, start
        assert best is not None  # behind all others there is always room
        offsets.update({member: best[1] + at for member, at in members})
        low, high = min(low, best[1]), max(high, best[1] + size)
    return {buffer: at - low for buffer, at in offsets.items()}


def _suggestions(size: int, at: int, rival: int, rule: _Rule) -> Iterator[int]:
    """Starts that may suit a buffer of ``size`` bytes beside or over its rival."""
    yield at + rival
    yield at - size
    if rule is None:
        return
    lead, is_write = rule
    sign = 1 if is_write else -1
    shifts = [0, (rival - size) * sign]
    if abs(lead.last) < rival + size:
        shifts.append(lead.last)
    step = math.lcm(ALIGN, lead.step or 1)
    for shift in shifts:
        yield at + sign * (shift // step * step)
        yield at + sign * (shift // ALIGN * ALIGN)


def _fits(start: int, size: int, at: int, rival: int, rule: _Rule) -> bool:
    if start >= at + rival or start + size <= at:
        return True
    if rule is None:
        return False
    lead, is_write = rule
    return lead.allows(start - at if is_write else at - start)


def _shared(program: Program, lives: dict[int, Life]) -> tuple[tuple[int, int], ...]:
    pairs = []
    for number in range(len(program.steps)):
        for read, write in overlaps(program, lives, number):
            a, b = program.buffers[read], program.buffers[write]
            if a.offset < b.offset + b.nbytes and b.offset < a.offset + a.nbytes:
                pairs.append((read, write))
    return tuple(pairs)


# -- in which order -------------------------------------------------------------------------------


def _orders(program: Program, lives: dict[int, Life], needs: list[int]) -> Iterator[_Order]:
    def size(b: int) -> int:
        return program.buffers[b].nbytes

    keys: list[Callable[[int], tuple[int, ...]]] = [
        lambda b: (-size(b), lives[b].first),
        lambda b: (-size(b), -lives[b].first),
        lambda b: (-size(b) * (lives[b].last - lives[b].first + 1), lives[b].first),
        lambda b: (lives[b].first - lives[b].last, -size(b)),
        lambda b: (lives[b].first, -size(b)),
        lambda b: (-lives[b].last, -size(b)),
    ]
    for key in keys:
        yield sorted(lives, key=key), frozenset()
    yield _by_step(program, lives), frozenset()
    generator = random.Random(_SEED)
    peaks = sorted(range(len(needs)), key=lambda i: -needs[i])[:4]
    for number in range(_RANDOM_ORDERS):
        if number % 2:
            order = _from_peak(program, lives, generator.choice(peaks) - 1, generator)
        else:
            least = generator.choice((0.02, 0.3))  # far from the order by size, or near it
            weights = {b: size(b) * generator.uniform(least, 1.0) for b in lives}
            order = sorted(lives, key=lambda b: -weights[b])
        share = generator.choice((0.0, 0.25, 0.5))
        yield order, frozenset(b for b in lives if generator.random() < share)


def _from_peak(
    program: Program, lives: dict[int, Life], peak: int, generator: random.Random
) -> list[int]:
    """From a step outward in time, roughly: along a chain, each output beside its input."""

    def distance(b: int) -> float:
        life = lives[b]
        near = min(abs(life.first - peak), abs(life.last - peak))
        away = 0 if life.first <= peak <= life.last else near
        return away + generator.uniform(0, 1.2) + 0.4 * program.buffers[b].scratch

    keys = {b: distance(b) for b in lives}
    return sorted(lives, key=lambda b: keys[b])


def _by_step(program: Program, lives: dict[int, Life]) -> list[int]:
    """Greedy by breadth: the buffers of the step that needs most first."""
    needs = step_bytes(program)
    order: dict[int, None] = {}
    for number in sorted(range(-1, len(program.steps) + 1), key=lambda n: (-needs[n + 1], n)):
        alive = [b for b, life in lives.items() if life.first <= number <= life.last]
        for buffer in sorted(alive, key=lambda b: (-program.buffers[b].nbytes, b)):
            order.setdefault(buffer)
    return list(order)


def _root(program: Program, buffer: int) -> tuple[int, int]:
    """(what the buffer is a part of, or itself, and its first byte there)."""
    at = 0
    while (part := program.buffers[buffer].within) is not None:
        buffer, at = part[0], at + part[1]
    return buffer, at


def _inside(program: Program, buffer: int, others: set[int]) -> bool:
    """Whether it is a part of one of the others."""
    while (part := program.buffers[buffer].within) is not None:
        buffer = part[0]
        if buffer in others:
            return True
    return False


def _size(program: Program, buffer: int) -> int:
    return (program.buffers[buffer].nbytes + ALIGN - 1) & ~(ALIGN - 1)


def _span(program: Program, offsets: dict[int, int]) -> int:
    return max((at + _size(program, b) for b, at in offsets.items()), default=0)
