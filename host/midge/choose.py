"""Chooses a kernel for each layer: fast or small, and the front between the two.

A layer's candidates (:class:`midge.program.Candidate`) differ in cycles, which :mod:`midge.cost`
expects, and in the bytes that their step needs: scratch, and how far the output may lie over the
input. What a step needs depends on no other layer's candidate. So under a limit on the arena each
layer takes its quickest candidate whose step fits; the limits worth trying are what the steps of
all candidates need. The planner then says what arena comes of it.

A candidate may compute the layer before its own as well (``Candidate.instead``). Such two layers
are chosen together: one by one, or both at once.
"""

from __future__ import annotations

import dataclasses
import itertools
import math

from midge import cost
from midge.plan import Plan, plan, step_bytes
from midge.program import (
    ANYWHERE,
    WRITTEN,
    BufferRef,
    Candidate,
    ConstRef,
    Draft,
    Lead,
    Overlap,
    Param,
    Program,
    Step,
    block_bytes,
)

SLACK = 1.015  # "speed" gives up this factor in cycles for the smaller arena
SMALL_FACTOR = 2.0  # "ram" gives up at most this factor in cycles, where no latency is asked for
_TRIES = 4  # of the smallest: what the planner makes of them may come in another order
_CLOSE = 1.02  # points of the front nearer than this, in cycles or in bytes, say the same


@dataclasses.dataclass(frozen=True)
class Goal:
    """What to choose for.

    ``prefer`` "speed": the fewest cycles in ``ram_bytes`` (arena and state), but for a few
    percent (``SLACK``, within ``cycles``) that a smaller arena may cost. "ram": the smallest arena
    that needs at most ``cycles``, or ``SMALL_FACTOR`` times the fastest's where that is None.
    """

    prefer: str = "speed"
    ram_bytes: int | None = None
    cycles: float | None = None
    cpu: str = cost.DEFAULT_CPU


@dataclasses.dataclass(frozen=True)
class Point:
    """One way to build a model: ``picks`` has the candidate's number for each layer."""

    arena_bytes: int
    cycles: float  # as midge.cost expects them
    picks: tuple[int, ...]


def settle(draft: Draft, picks: tuple[int, ...] | list[int], cpu: str | None = None) -> Program:
    """The program of the chosen candidates, with only their buffers and constants.

    A layer that another's candidate computes too has no step, whatever is picked for it. With
    ``cpu``, each step's ``cycles`` are set.
    """
    layers, chosen = [], []
    done = replaced(draft, picks)
    for number, (layer, pick) in enumerate(zip(draft.layers, picks, strict=True)):
        if number not in done:
            layers.append(layer)
            chosen.append(layer.candidates[pick])
    values = [value for each in chosen for value in each.params.values()]
    kept = {value.buffer for value in values if isinstance(value, BufferRef)}
    kept |= {port.buffer for port in (*draft.inputs, *draft.outputs)}
    for buffer in sorted(kept):
        while (part := draft.buffers[buffer].within) is not None:
            buffer = part[0]
            kept.add(buffer)
    consts = dict.fromkeys(value.const for value in values if isinstance(value, ConstRef))
    new_buffer = {old: new for new, old in enumerate(sorted(kept))}
    new_const = {old: new for new, old in enumerate(consts)}

    def moved(value: Param) -> Param:
        if isinstance(value, BufferRef):
            return BufferRef(new_buffer[value.buffer])
        return ConstRef(new_const[value.const]) if isinstance(value, ConstRef) else value

    macs: dict[int | None, int] = {done[n]: draft.layers[n].macs for n in done}
    steps = []
    for layer, each in zip(layers, chosen, strict=True):
        params = {name: moved(value) for name, value in each.params.items()}
        used = {k: p.buffer for k, p in params.items() if isinstance(p, BufferRef)}
        reads = [b for name, b in used.items() if not name.startswith(WRITTEN)]
        writes = [b for name, b in used.items() if name.startswith(WRITTEN)]
        step = Step(
            each.kernel,
            params,
            layer.layer,
            layer.op,
            list(dict.fromkeys(reads)),
            writes,
            layer.macs + macs.get(each.instead, 0),
            _overlaps(params, each.leads),
            each.note,
        )
        if cpu is not None:
            step.cycles = cost.cycles(cpu, each, draft.consts)
        steps.append(step)
    buffers = []
    for old in sorted(kept):
        copy = dataclasses.replace(draft.buffers[old])
        if copy.within is not None:
            copy.within = new_buffer[copy.within[0]], copy.within[1]
        buffers.append(copy)
    return Program(
        draft.name,
        draft.path,
        draft.sha256,
        steps,
        buffers,
        [dataclasses.replace(draft.consts[old]) for old in consts],
        [dataclasses.replace(p, buffer=new_buffer[p.buffer]) for p in draft.inputs],
        [dataclasses.replace(p, buffer=new_buffer[p.buffer]) for p in draft.outputs],
        states=draft.states,
    )


def replaced(draft: Draft, picks: tuple[int, ...] | list[int]) -> dict[int, int]:
    """The layers that candidates of others compute too, with the buffer each would write."""
    written = {layer.candidates[0].params["out"]: n for n, layer in enumerate(draft.layers)}
    chosen = (layer.candidates[i] for layer, i in zip(draft.layers, picks, strict=True))
    buffers = [each.instead for each in chosen if each.instead is not None]
    return {written[BufferRef(buffer)]: buffer for buffer in buffers}


def _overlaps(params: dict[str, Param], leads: dict[str, Lead]) -> list[Overlap]:
    """Leads by buffer: one that several operands read has the least, if all have one."""
    out = params["out"]
    assert isinstance(out, BufferRef)
    found: dict[int, list[Lead]] = {}
    for name, operand in params.items():
        if isinstance(operand, BufferRef) and not name.startswith(WRITTEN):
            found.setdefault(operand.buffer, []).append(leads.get(name, Lead(-ANYWHERE)))
    result = []
    for buffer, each in found.items():
        step = each[0].step if len({lead.step for lead in each}) == 1 else 0
        lead = Lead(min(lead.last for lead in each), step)
        if lead != Lead(-ANYWHERE):
            result.append(Overlap(buffer, out.buffer, lead))
    return result


def _name(candidate: Candidate) -> str:
    return candidate.note or candidate.kernel


@dataclasses.dataclass(frozen=True)
class _Option:
    """A way to compute one layer, or two that may be fused: its candidates by layer."""

    cycles: float
    bytes: int  # of the step that needs most
    picks: dict[int, int]


class Chooser:
    """All candidates of a draft with their cycles and the bytes of their steps."""

    def __init__(self, draft: Draft, cpu: str):
        self.draft = draft
        self.cpu = cpu
        self.cycles = [
            [cost.cycles(cpu, each, draft.consts) or 0.0 for each in layer.candidates]
            for layer in draft.layers
        ]
        self.bytes = self._bytes()
        self._units = self._options()
        self._plans: dict[tuple[int, ...], tuple[Program, Plan]] = {}

    def _alone(self, number: int) -> list[int]:
        """A layer's candidates that compute nothing else."""
        each = self.draft.layers[number].candidates
        return [i for i, candidate in enumerate(each) if candidate.instead is None]

    def _bytes(self) -> list[list[int]]:
        """What the steps of all candidates need, by layer."""
        layers = range(len(self.draft.layers))
        found = [[0] * len(layer.candidates) for layer in self.draft.layers]
        alone = [self._alone(n) for n in layers]
        fused = [sorted(set(range(len(found[n]))) - set(alone[n])) for n in layers]
        for numbers in (alone, fused):
            for i in range(max(map(len, numbers), default=0)):
                picks = [
                    each[min(i, len(each) - 1)] if each else alone[n][0]
                    for n, each in enumerate(numbers)
                ]
                needs = step_bytes(settle(self.draft, picks))[1:-1]
                steps = [n for n in layers if n not in replaced(self.draft, picks)]
                for n, need in zip(steps, needs, strict=True):
                    found[n][picks[n]] = need
        return found

    def _options(self) -> list[list[_Option]]:
        """Of each layer, or of two that may be fused, all ways."""
        units: list[list[_Option]] = []
        for n, layer in enumerate(self.draft.layers):
            options = [
                _Option(self.cycles[n][i], self.bytes[n][i], {n: i}) for i in self._alone(n)
            ]
            before = self.draft.layers[n - 1].candidates[0].params["out"] if n else None
            fused = [
                _Option(self.cycles[n][i], self.bytes[n][i], {n - 1: 0, n: i})
                for i, each in enumerate(layer.candidates)
                if each.instead is not None and before == BufferRef(each.instead)
            ]
            if fused:
                both = itertools.product(units.pop(), options)
                options = [
                    _Option(a.cycles + b.cycles, max(a.bytes, b.bytes), a.picks | b.picks)
                    for a, b in both
                ]
            units.append(options + fused)
        return units

    def picks(self, limit: int) -> tuple[int, ...]:
        """Each layer's quickest candidate whose step needs at most ``limit`` bytes; where none
        does, the one that needs least."""
        chosen: dict[int, int] = {}
        for options in self._units:
            fitting = [each for each in options if each.bytes <= limit]
            if fitting:
                chosen |= min(fitting, key=lambda each: (each.cycles, each.bytes)).picks
            else:
                chosen |= min(options, key=lambda each: (each.bytes, each.cycles)).picks
        return tuple(chosen[n] for n in range(len(chosen)))

    def ways(self) -> list[tuple[int, ...]]:
        """All that :meth:`picks` may give, the fewest bytes first, each with fewer cycles than
        the one before."""
        sizes = [[each.bytes for each in options] for options in self._units]
        least = max(map(min, sizes), default=0)
        limits = sorted({size for each in sizes for size in each if size >= least})
        found: list[tuple[int, ...]] = []
        for limit in limits or [0]:
            picks = self.picks(limit)
            if not found or self.total(picks) < self.total(found[-1]):
                found.append(picks)
        return found

    def total(self, picks: tuple[int, ...]) -> float:
        """Cycles that these candidates take together, as the cost model expects."""
        done = replaced(self.draft, picks)
        each = enumerate(zip(self.cycles, picks, strict=True))
        return sum(cycles[i] for n, (cycles, i) in each if n not in done)

    def build(self, picks: tuple[int, ...]) -> tuple[Program, Plan]:
        """The program of these picks, planned."""
        if picks not in self._plans:
            program = settle(self.draft, picks, self.cpu)
            self._plans[picks] = program, plan(program)
        return self._plans[picks]

    def point(self, picks: tuple[int, ...]) -> Point:
        """These candidates with their arena, planned, and cycles."""
        return Point(self.build(picks)[0].arena_bytes, self.total(picks), picks)

    def front(self) -> list[Point]:
        """From the fastest to the smallest: each has a smaller arena and more cycles than the one
        before. Of those within 2% in cycles only the smallest is there, besides the fastest."""
        ways = self.ways()[::-1]
        kept, start = [ways[0]], 0
        for number in range(1, len(ways)):
            last = number + 1 == len(ways)
            if last or self.total(ways[number + 1]) > self.total(ways[start]) * _CLOSE:
                kept.append(ways[number])
                start = number + 1
        points: list[Point] = []
        for found in map(self.point, kept):
            if points and found.arena_bytes >= points[-1].arena_bytes:
                continue
            if points and found.cycles <= points[-1].cycles:  # as quick, and smaller
                points.pop()
            points.append(found)
        return points

    def reasons(self, picks: tuple[int, ...]) -> list[str]:
        """For each step, why its layer has the candidate that it has."""
        done = replaced(self.draft, picks)
        return [self._reason(n, picks) for n in range(len(picks)) if n not in done]

    def _reason(self, n: int, picks: tuple[int, ...]) -> str:
        pick, at = picks[n], n
        options = [_Option(self.cycles[n][i], self.bytes[n][i], {n: i}) for i in self._alone(n)]
        if self.draft.layers[n].candidates[pick].instead is not None:
            (options,) = (each for each in self._units if n in each[0].picks)
            at = n - 1  # the convolution's kernel makes the difference
        best = min(options, key=lambda each: (each.cycles, each.bytes))
        if len(options) == 1:
            return "no other"
        if best.cycles in (self.cycles[n][pick], 0):
            return f"fastest of {len(options)}"
        other = _name(self.draft.layers[at].candidates[best.picks[at]])
        return (
            f"{other}: {100 - 100 * best.cycles / self.cycles[n][pick]:.1f}% faster, "
            f"but {best.bytes - self.bytes[n][pick]:+,} B"
        )

    def choose(self, goal: Goal) -> tuple[int, ...]:
        """The picks for a goal; see :class:`Goal`. Where nothing fits, what comes nearest, for the
        budget's check to refuse."""
        ways = self.ways()
        if goal.prefer == "ram":
            limit = goal.cycles or SMALL_FACTOR * self.total(ways[-1])
            quick = [picks for picks in ways if self.total(picks) <= limit]
            return self._smallest(quick or ways[-1:])
        if goal.ram_bytes is not None:
            kept = block_bytes(self.draft.states)  # RAM that is not the arena's
            ways = self._within(ways, goal.ram_bytes - kept)
        fewest = self.total(ways[-1])
        limit = max(fewest, min(SLACK * fewest, goal.cycles or math.inf))
        return self._smallest([picks for picks in ways if self.total(picks) <= limit])

    def _smallest(self, ways: list[tuple[int, ...]]) -> tuple[int, ...]:
        """The smallest arena of ``ways``, and of those that have it the quickest."""
        best = min(ways[:_TRIES], key=lambda picks: self.point(picks).arena_bytes)
        limit = self.point(best).arena_bytes
        quick = self._within(ways, limit)[-1]
        return quick if self.point(quick).arena_bytes <= limit else best

    def _within(self, ways: list[tuple[int, ...]], limit: int) -> list[tuple[int, ...]]:
        """Those of ``ways`` that the planner fits into ``limit``; the smallest if none."""
        if self.point(ways[-1]).arena_bytes <= limit:
            return ways
        good, bad = 0, len(ways) - 1
        while bad - good > 1:
            middle = (good + bad) // 2
            if self.point(ways[middle]).arena_bytes <= limit:
                good = middle
            else:
                bad = middle
        return ways[: good + 1]
