"""Lines for the PC, among whatever else a script prints.

Each is ``@midge `` and a compact JSON object: ``k`` is its kind, ``t`` milliseconds since the
script began, the rest is the kind's own. ``midge run`` on the PC picks them out.

    @midge {"k":"window","t":10214,"n":0,"label":"walking","score":0.996}

Kinds in use: ``window`` (a decision), ``alert``, ``sample`` (raw counts), ``error``, ``end`` (the
script is done; counters).
"""

import json

from . import clock as _clock

PREFIX = "@midge "
KINDS = ("window", "alert", "sample", "error", "end")


class Telemetry:
    """Prints telemetry lines.

    Args:
        write: function of one line (without its end); default ``print``.
        clock: see ``midge.clock``.
    """

    def __init__(self, write=print, clock=None):
        self._write = write
        self._clock = _clock if clock is None else clock
        self._ticks = self._clock.ticks_ms()
        self._t = 0

    def ms(self):
        """Milliseconds since this object was made. Call it, or ``send``, once in 6 days."""
        now = self._clock.ticks_ms()
        self._t += self._clock.ticks_diff(now, self._ticks)
        self._ticks = now
        return self._t

    def send(self, kind, **fields):
        """Prints one line.

        Args:
            kind: one of ``KINDS``.
            fields: what JSON can carry; no ``k`` or ``t``.
        Raises:
            ValueError: an unknown kind, or a field named ``k`` or ``t``.
        """
        if kind not in KINDS:
            raise ValueError("Telemetry.send: kind needs one of %r, found %r" % (KINDS, kind))
        if "k" in fields or "t" in fields:
            raise ValueError("Telemetry.send: fields k and t are taken")
        head = '{"k":"%s","t":%d' % (kind, self.ms())
        if fields:
            head += "," + json.dumps(fields, separators=(",", ":"))[1:]
        else:
            head += "}"
        self._write(PREFIX + head)
