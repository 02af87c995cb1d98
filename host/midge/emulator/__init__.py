"""An emulated Pico that stands in for a board that isn't there.

``pico``: the host's handle. ``child``: the process it runs in. ``sensors``: what is wired to
it. ``probes``: what the host can see and touch that a real board's host could not.
"""
