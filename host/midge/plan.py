"""Static memory plan: an offset in the arena for every buffer of a program.

Each buffer lives from the step that first writes it to the step that last uses it; buffers
that live at the same time get disjoint bytes. A step's ``in_place`` pair may share bytes where
the buffer it reads is used by no later step. The planner places buffers one by one at the
lowest offset that is free (greedy by size: Pisarchyk and Lee, "Efficient Memory Management for
Deep Neural Net Inference", 2020) in a few orders, and keeps the smallest arena.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator

from midge.program import Program

ALIGN = 4  # of each buffer; the arena itself is aligned to 8
_RANDOM_ORDERS = 64
_SEED = 1


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
    lower_bound: int  # the most bytes that live at once: no placement can do with fewer
    peak_step: int  # where that is
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
    best: tuple[int, dict[int, int], Groups] | None = None
    for groups in _groupings(program, lives):
        bound = _bound(program, lives, groups)[0]
        if best is not None and bound >= best[0]:
            continue
        for order in _orders(program, lives, groups):
            offsets = _place(program, lives, groups, order)
            arena = _arena(program, offsets)
            if best is None or arena < best[0]:
                best = (arena, offsets, groups)
            if arena == bound:
                break
    assert best is not None  # there is always the grouping that shares nothing
    arena, offsets, groups = best
    for i, buffer in enumerate(program.buffers):
        buffer.offset = offsets.get(i, 0)
    program.arena_bytes = arena
    bound, step = min(_bound(program, lives, g) for g in _groupings(program, lives))
    alive = [i for i, life in lives.items() if life.first <= step <= life.last]
    alive.sort(key=lambda i: (-program.buffers[i].nbytes, i))
    return Plan(arena, bound, step, tuple(alive), lives, groups.pairs)


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
    return {buffer: Life(first[buffer], last[buffer]) for buffer in sorted(first)}


def may_share(
    program: Program, lives: dict[int, Life], number: int, pair: tuple[int, int]
) -> bool:
    """Whether step ``number`` may write ``pair[1]`` over ``pair[0]``, which dies there."""
    read, write = pair
    step = program.steps[number]
    return (
        read != write
        and pair in step.in_place
        and lives[read].last == number
        and lives[write].first == number
    )


@dataclasses.dataclass(frozen=True)
class Groups:
    """Buffers that start at one offset because each is written over the one before."""

    of: dict[int, tuple[int, ...]]  # buffer -> all buffers of its group
    pairs: tuple[tuple[int, int], ...]

    @property
    def distinct(self) -> list[tuple[int, ...]]:
        return sorted(set(self.of.values()))


def _groupings(program: Program, lives: dict[int, Life]) -> Iterator[Groups]:
    """Ways of sharing to try: the first pair of each step, the last pair of each, none."""
    options = []
    for number, step in enumerate(program.steps):
        pairs = [p for p in step.in_place if may_share(program, lives, number, p)]
        if pairs:
            # the pair that saves most first
            pairs.sort(key=lambda p: -min(program.buffers[b].nbytes for b in p))
            options.append(pairs)
    yield _group(lives, [pairs[0] for pairs in options])
    if any(len(pairs) > 1 for pairs in options):
        yield _group(lives, [pairs[-1] for pairs in options])
    if options:
        yield _group(lives, [])


def _group(lives: dict[int, Life], pairs: list[tuple[int, int]]) -> Groups:
    of: dict[int, tuple[int, ...]] = {buffer: (buffer,) for buffer in lives}
    used: list[tuple[int, int]] = []
    taken: set[int] = set()
    for read, write in pairs:
        if read in taken or write in of[read] or len(of[write]) > 1:
            continue  # a buffer is written over once, and writes over one
        taken.add(read)
        merged = (*of[read], write)
        for buffer in merged:
            of[buffer] = merged
        used.append((read, write))
    return Groups(of, tuple(used))


def _up(size: int) -> int:
    return (size + ALIGN - 1) & ~(ALIGN - 1)


def _bound(program: Program, lives: dict[int, Life], groups: Groups) -> tuple[int, int]:
    """(most bytes alive at once, the step) when the groups share."""
    worst = (0, 0)
    for number in range(-1, len(program.steps) + 1):
        sizes: dict[tuple[int, ...], int] = {}
        for buffer, life in lives.items():
            if life.first <= number <= life.last:
                group = groups.of[buffer]
                sizes[group] = max(sizes.get(group, 0), _up(program.buffers[buffer].nbytes))
        worst = max(worst, (sum(sizes.values()), -number))
    return worst[0], -worst[1]


def _orders(
    program: Program, lives: dict[int, Life], groups: Groups
) -> Iterator[list[tuple[int, ...]]]:
    def size(group: tuple[int, ...]) -> int:
        return max(program.buffers[b].nbytes for b in group)

    def first(group: tuple[int, ...]) -> int:
        return min(lives[b].first for b in group)

    def last(group: tuple[int, ...]) -> int:
        return max(lives[b].last for b in group)

    keys: list[Callable[[tuple[int, ...]], tuple[int, ...]]] = [
        lambda g: (-size(g), first(g)),
        lambda g: (-size(g), -first(g)),
        lambda g: (-size(g) * (last(g) - first(g) + 1), first(g)),
        lambda g: (first(g) - last(g), -size(g)),
        lambda g: (first(g), -size(g)),
        lambda g: (-last(g), -size(g)),
    ]
    for key in keys:
        yield sorted(groups.distinct, key=key)
    yield from _orders_by_step(program, lives, groups, size)
    generator = random.Random(_SEED)
    by_size = sorted(groups.distinct, key=keys[0])
    for _ in range(_RANDOM_ORDERS):
        weights = {g: size(g) * generator.uniform(0.3, 1.0) for g in by_size}
        yield sorted(by_size, key=lambda g: -weights[g])


def _orders_by_step(
    program: Program,
    lives: dict[int, Life],
    groups: Groups,
    size: Callable[[tuple[int, ...]], int],
) -> Iterator[list[tuple[int, ...]]]:
    """Greedy by breadth: the buffers of the step with most live bytes first."""
    load = []
    for number in range(len(program.steps)):
        alive = {groups.of[b] for b, life in lives.items() if life.first <= number <= life.last}
        load.append((-sum(size(g) for g in alive), number, alive))
    order: dict[tuple[int, ...], None] = {}
    for _, _, alive in sorted(load, key=lambda item: item[:2]):
        for group in sorted(alive, key=lambda g: (-size(g), g)):
            order.setdefault(group)
    for group in groups.distinct:
        order.setdefault(group)
    yield list(order)


def _place(
    program: Program,
    lives: dict[int, Life],
    groups: Groups,
    order: list[tuple[int, ...]],
) -> dict[int, int]:
    """Offsets, each group in turn at the lowest place that suits all its buffers."""
    offsets: dict[int, int] = {}
    for group in order:
        taken = []
        for other, offset in offsets.items():
            rivals = [b for b in group if lives[b].overlaps(lives[other])]
            if rivals:
                need = max(_up(program.buffers[b].nbytes) for b in rivals)
                taken.append((offset, offset + _up(program.buffers[other].nbytes), need))
        # try the start and the end of each rival
        for start in sorted({0, *(end for _, end, _ in taken)}):
            if all(start >= end or start + need <= begin for begin, end, need in taken):
                offsets.update(dict.fromkeys(group, start))
                break
    return offsets


def _arena(program: Program, offsets: dict[int, int]) -> int:
    return max((at + _up(program.buffers[b].nbytes) for b, at in offsets.items()), default=0)
