// Cascades of second-order sections, direct form 1, in 32-bit arithmetic.
//
// y = (b0 x + b1 x1 + b2 x2 - a1 y1 - a2 y2 + rest) / 2^13, rounded down; what was cut off is
// added to the next sample (first-order noise shaping), so the error has no constant part and a
// slow filter does not stick. The state is the saturated output: after an overload there is no
// oscillation. Sums are made modulo 2^32; the host proves that the sum itself fits
// (midge.dsp.filters). Wide sections have 14 more bits of a1 and a2 and up to 14 more of b, for
// corners far below the sample rate.
#include <string.h>

#include "midge_dsp_loops.h"
#include "midge_dsp_math.h"
#include "midge_dsp_ops.h"

// One sample; for the narrow kind a_low and b_shift are 0.
static int16_t one(int32_t x, const midge_dsp_section_t *c, midge_dsp_section_state_t *s) {
    uint32_t part = (uint32_t)(c->b[0] * x) + (uint32_t)(c->b[1] * s->x[0])
        + (uint32_t)(c->b[2] * s->x[1]);
    uint32_t sum = (uint32_t)((int32_t)part >> c->b_shift) + (uint32_t)s->rest;
    sum -= (uint32_t)(c->a[0] * s->y[0]) + (uint32_t)(c->a[1] * s->y[1]);
    sum -= (uint32_t)((c->a_low[0] * s->y[0] + c->a_low[1] * s->y[1]) >> 14);
    s->rest = (int32_t)(sum & ((1u << 13) - 1u));
    s->x[1] = s->x[0];
    s->x[0] = x;
    s->y[1] = s->y[0];
    s->y[0] = midge_dsp_sat16((int32_t)sum >> 13);
    return (int16_t)s->y[0];
}

static void some(int16_t *x, uint32_t n, const midge_dsp_section_t *c,
    midge_dsp_section_state_t *s) {
    for (uint32_t i = 0; i < n; i++) {
        x[i] = one(x[i], c, s);
    }
}

#ifndef __ARM_ARCH_6M__

void midge_dsp_section(int16_t *x, uint32_t n, const midge_dsp_section_t *c,
    midge_dsp_section_state_t *s) {
    some(x, n, c, s);
}

void midge_dsp_section_wide(int16_t *x, uint32_t n, const midge_dsp_section_t *c,
    midge_dsp_section_state_t *s) {
    some(x, n, c, s);
}

#endif // __ARM_ARCH_6M__

void midge_dsp_biquad(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_biquad_t *p = params;
    int16_t *x = midge_out(ctx, p->out);
    uint32_t whole = (uint32_t)p->length & ~3u;
    midge_dsp_section_state_t *state = midge_out(ctx, p->state);
    if (p->in != p->out) {
        memmove(x, midge_in(ctx, p->in), (size_t)(p->channels * p->length) * sizeof(*x));
    }
    for (int32_t c = 0; c < p->channels; c++, x += p->length) {
        const midge_dsp_section_t *section = midge_in(ctx, p->coefs);
        for (int32_t i = 0; i < p->sections; i++, section++, state++) {
            if (whole != 0 && section->wide != 0) {
                midge_dsp_section_wide(x, whole, section, state);
            } else if (whole != 0) {
                midge_dsp_section(x, whole, section, state);
            }
            some(x + whole, (uint32_t)p->length - whole, section, state);
        }
    }
}
