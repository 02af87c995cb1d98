"""Checks a memory plan by playing it: every byte of the arena knows which buffer owns it."""

from __future__ import annotations

from midge.program import Program


def play(program: Program) -> None:
    """Raises ``AssertionError`` where a step would read bytes that another buffer took.

    Independent of the planner: knows no lifetimes, only what steps read and write, in order.
    """
    owner: list[int | None] = [None] * program.arena_bytes

    def span(buffer: int) -> range:
        start = program.buffers[buffer].offset
        assert start >= 0 and start % 4 == 0, f"buffer {buffer} at {start}"
        end = start + program.buffers[buffer].nbytes
        assert end <= program.arena_bytes, f"buffer {buffer} ends at {end}"
        return range(start, end)

    def related(one: int, other: int | None) -> bool:
        """Whether ``other`` is ``one`` or has a part in it, or the reverse."""

        def chain(buffer: int) -> list[int]:
            part = program.buffers[buffer].within
            return [buffer, *(chain(part[0]) if part else [])]

        return other is not None and (one in chain(other) or other in chain(one))

    def take(buffer: int) -> None:
        part = program.buffers[buffer].within
        if part is not None:
            assert span(buffer).start == program.buffers[part[0]].offset + part[1]
            assert set(span(buffer)) <= set(span(part[0]))
        for byte in span(buffer):
            if not (part is None and related(buffer, owner[byte])):  # its parts stay
                owner[byte] = buffer

    def intact(buffer: int, when: str) -> None:
        lost = [byte for byte in span(buffer) if not related(buffer, owner[byte])]
        assert not lost, f"{when}: buffer {buffer} lost byte {lost[0]} to {owner[lost[0]]}"

    for port in program.inputs:
        take(port.buffer)
    for port in program.inputs:
        intact(port.buffer, "start")
    for number, step in enumerate(program.steps):
        for buffer in step.reads:
            intact(buffer, f"step {number}")
        for write in step.writes:
            for other in {*step.reads, *step.writes} - {write}:
                if set(span(write)) & set(span(other)) and not related(write, other):
                    shift = span(write).start - span(other).start
                    leads = [
                        each.lead
                        for each in step.overlaps
                        if (each.read, each.write) == (other, write)
                    ]
                    if other in step.writes:
                        continue  # looked at from the other side, or caught below
                    assert leads, f"step {number}: {write} may not lie over {other}"
                    allowed = all(lead.allows(shift) for lead in leads)
                    assert allowed, f"step {number}: {write} lies {shift} bytes behind {other}"
        written = set(step.writes) - set(step.reads)
        for buffer in written:
            take(buffer)
        for buffer in step.writes:
            intact(buffer, f"after step {number}")
    for port in program.outputs:
        intact(port.buffer, "end")
