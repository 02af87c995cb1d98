"""Signal processing: parameters and tables for the blocks of the C core, and float64 references.

Each module makes what one kind of block needs (``firmware_modules/midge/midge_params_dsp.h``)
and has, beside it, what the block approximates, in numpy or scipy. :mod:`midge.dsp.chain` puts
blocks together; ``docs/dsp.md`` shows how, and how exact they are.
"""
