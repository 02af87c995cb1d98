// The inner loops of the signal blocks but the FFT's. midge_dsp_loops.c has them in C,
// midge_dsp_loops_m0.c and midge_dsp_biquad_m0.c for the Cortex-M0+, with the same bits.
#ifndef MIDGE_DSP_LOOPS_H
#define MIDGE_DSP_LOOPS_H

#include "midge_dsp.h"

// out[i] = (x[i] * table[i] + half) >> right; n > 0, 1 <= right <= 15.
void midge_dsp_apply(const int16_t *x, const int16_t *table, int16_t *out, uint32_t n,
    uint32_t right);

// sum of x[i] * w[i], modulo 2^32; n > 0.
int32_t midge_dsp_dot(const int16_t *x, const int16_t *w, uint32_t n);

// out[i] = re^2 + im^2 of word i, whose parts are int16; in may be out; n > 0.
void midge_dsp_squares(const uint32_t *in, uint32_t *out, uint32_t n);

// dsp_mel: from power[edges[0]] on, which power points to. At most 2048 bins.
void midge_dsp_triangles(const uint32_t *power, const uint16_t *rise, const uint16_t *edges,
    uint32_t bands, uint64_t *out);

// n samples in place through a section, narrow or wide; n > 0, a multiple of 4.
void midge_dsp_section(int16_t *x, uint32_t n, const midge_dsp_section_t *c,
    midge_dsp_section_state_t *s);
void midge_dsp_section_wide(int16_t *x, uint32_t n, const midge_dsp_section_t *c,
    midge_dsp_section_state_t *s);

#endif // MIDGE_DSP_LOOPS_H
