"""The order of a draft's layers that needs the fewest bytes at once.

Where a graph branches, its layers may run in several orders. The search goes from one set of
layers that are done to the next and keeps the best way to each: the one with the least peak, and
among those the least sum, of what the steps need with their smallest candidates. It is exact as
long as no more than ``_WIDTH`` sets of one size are reached; beyond, the worst are dropped.
"""

from __future__ import annotations

import dataclasses

from midge.plan import together
from midge.program import ANYWHERE, WRITTEN, BufferRef, Candidate, Draft, Lead

_WIDTH = 256


def reorder(draft: Draft) -> Draft:
    """The draft with its layers in the best order found; unchanged if that saves nothing."""
    search = _Search(draft)
    best = search.best()
    peak, total, given = 0, 0, 0
    for layer in range(len(draft.layers)):
        need = search.need(given, layer)
        peak, total, given = max(peak, need), total + need, given | 1 << layer
    if best is None or best[0] >= peak:
        return draft
    return dataclasses.replace(draft, layers=[draft.layers[i] for i in best[2]])


class _Search:
    """Sets of layers are whole numbers, one bit a layer."""

    def __init__(self, draft: Draft):
        self.draft = draft
        count = len(draft.buffers)
        self.own = [0 if b.scratch else b.nbytes for b in draft.buffers]
        self.parts: list[set[int]] = [{b} for b in range(count)]  # itself and what lies in it
        for number, buffer in enumerate(draft.buffers):
            inner, outer = number, buffer.within
            while outer is not None:
                self.parts[outer[0]].add(number)
                if inner == number:
                    self.own[outer[0]] -= buffer.nbytes
                inner, outer = outer[0], draft.buffers[outer[0]].within
        self.writers, self.readers = [0] * count, [0] * count
        self.reads: list[set[int]] = []
        self.writes: list[set[int]] = []
        for number, layer in enumerate(draft.layers):
            params = layer.candidates[0].params.items()
            used = [(name, p.buffer) for name, p in params if isinstance(p, BufferRef)]
            reads = {b for name, b in used if not name.startswith(WRITTEN)}
            reads = {part for b in reads for part in self.parts[b]}
            writes = {b for name, b in used if name.startswith("out")}
            for b in reads:
                self.readers[b] |= 1 << number
            for b in writes:
                self.writers[b] |= 1 << number
            self.reads.append(reads)
            self.writes.append(writes)
        self.kept = {part for p in draft.outputs for part in self.parts[p.buffer]}
        self.given = {part for p in draft.inputs for part in self.parts[p.buffer]}
        # what has to be done before each layer
        self.before = [0] * len(draft.layers)
        for number, reads in enumerate(self.reads):
            for b in reads:
                self.before[number] |= self.writers[b]

    def best(self) -> tuple[int, int, tuple[int, ...]] | None:
        """(peak, sum, the order), or None for a graph that allows just one order."""
        states: dict[int, tuple[int, int, tuple[int, ...]]] = {0: (0, 0, ())}
        branches = False
        for _ in self.draft.layers:
            after: dict[int, tuple[int, int, tuple[int, ...]]] = {}
            for done, (peak, total, order) in states.items():
                for layer, before in enumerate(self.before):
                    if done >> layer & 1 or before & ~done:
                        continue
                    need = self.need(done, layer)
                    found = max(peak, need), total + need, (*order, layer)
                    known = after.get(done | 1 << layer)
                    if known is None or found < known:
                        after[done | 1 << layer] = found
            branches |= len(after) > 1
            states = dict(sorted(after.items(), key=lambda item: item[1])[:_WIDTH])
        return next(iter(states.values())) if branches else None

    def need(self, done: int, layer: int) -> int:
        """Bytes while ``layer`` runs after the set ``done``, with its smallest candidate."""
        after = done | 1 << layer
        alive, dying = 0, set()
        for b, size in enumerate(self.own):
            there = b in self.given or self.writers[b] & after
            if not size or not there or not (self.readers[b] & ~done or b in self.kept):
                continue  # not there yet, or no more
            alive += size
            if b in self.reads[layer] and not self.readers[b] & ~after and b not in self.kept:
                dying.add(b)
        for b in self.writes[layer]:  # one that nobody reads
            if not self.readers[b] and b not in self.kept:
                alive += self.own[b]
        return alive + min(
            self._extra(each, dying) for each in self.draft.layers[layer].candidates
        )

    def _extra(self, candidate: Candidate, dying: set[int]) -> int:
        """The candidate's scratch, less what its output shares with an operand that dies."""
        extra = saved = 0
        out = candidate.params["out"]
        for name, operand in candidate.params.items():
            if not isinstance(operand, BufferRef):
                continue
            size = self.draft.buffers[operand.buffer].nbytes
            if name.startswith("scratch"):
                extra += size
            elif operand.buffer in dying and isinstance(out, BufferRef):
                lead = candidate.leads.get(name, Lead(-ANYWHERE))
                written = self.draft.buffers[out.buffer].nbytes
                saved = max(saved, size + written - together(size, written, lead))
        return extra - saved
