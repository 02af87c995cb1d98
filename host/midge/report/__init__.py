"""``report.html``: what a trained model can do, what it costs and what it was made of.

One file without scripts or references to others. :func:`write` makes it; :mod:`.figures` computes
the numbers, :mod:`.evidence` gathers them, the other modules draw.
"""

from midge.report.evidence import Evidence, gather
from midge.report.page import page, write

__all__ = ["Evidence", "gather", "page", "write"]
