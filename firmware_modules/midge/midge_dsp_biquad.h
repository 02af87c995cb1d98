// The inner loops of dsp_biquad; midge_dsp_biquad_m0.c has them for the Cortex-M0+.
#ifndef MIDGE_DSP_BIQUAD_H
#define MIDGE_DSP_BIQUAD_H

#include "midge_dsp.h"

// n samples through one section; in may be out.
void midge_dsp_section(const int16_t *in, int16_t *out, uint32_t n,
    const midge_dsp_section_t *c, midge_dsp_section_state_t *s);
void midge_dsp_section_wide(const int16_t *in, int16_t *out, uint32_t n,
    const midge_dsp_section_t *c, midge_dsp_section_state_t *s);

#endif // MIDGE_DSP_BIQUAD_H
