"""Makes a trained network smaller or better in integers: ``[model] steps`` of ``midge.toml``.

Each step is tried on the best network so far and judged by what the board would run: the int8
model's accuracy on windows held out from training, its flash, arena and expected cycles.
"""
