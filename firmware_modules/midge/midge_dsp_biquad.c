// Cascades of second-order sections, direct form 1, in 32-bit arithmetic.
//
// y = (b0 x + b1 x1 + b2 x2 - a1 y1 - a2 y2 + rest) / 2^shift, rounded down; what was cut off is
// added to the next sample (first-order noise shaping), so the error has no constant part and a
// slow filter does not stick. The state is the saturated output: after an overload there is no
// oscillation. Sums are made modulo 2^32; the host proves that the sum itself fits
// (midge.dsp.filters). Wide sections have 14 more bits of a1 and a2 and up to 14 more of b, for
// corners far below the sample rate.
#include "midge_dsp_biquad.h"
#include "midge_dsp_math.h"
#include "midge_dsp_ops.h"

void midge_dsp_section(const int16_t *in, int16_t *out, uint32_t n,
    const midge_dsp_section_t *c, midge_dsp_section_state_t *s) {
    for (uint32_t i = 0; i < n; i++) {
        int32_t x = in[i];
        uint32_t sum = (uint32_t)(c->b[0] * x) + (uint32_t)(c->b[1] * s->x[0])
            + (uint32_t)(c->b[2] * s->x[1]) + (uint32_t)s->rest;
        sum -= (uint32_t)(c->a[0] * s->y[0]) + (uint32_t)(c->a[1] * s->y[1]);
        s->rest = (int32_t)(sum & ((1u << c->shift) - 1u));
        s->x[1] = s->x[0];
        s->x[0] = x;
        s->y[1] = s->y[0];
        s->y[0] = midge_dsp_sat16((int32_t)sum >> c->shift);
        out[i] = (int16_t)s->y[0];
    }
}

void midge_dsp_section_wide(const int16_t *in, int16_t *out, uint32_t n,
    const midge_dsp_section_t *c, midge_dsp_section_state_t *s) {
    for (uint32_t i = 0; i < n; i++) {
        int32_t x = in[i];
        uint32_t part = (uint32_t)(c->b[0] * x) + (uint32_t)(c->b[1] * s->x[0])
            + (uint32_t)(c->b[2] * s->x[1]);
        uint32_t sum = (uint32_t)((int32_t)part >> c->b_shift) + (uint32_t)s->rest;
        sum -= (uint32_t)(c->a[0] * s->y[0]) + (uint32_t)(c->a[1] * s->y[1]);
        sum -= (uint32_t)((c->a_low[0] * s->y[0] + c->a_low[1] * s->y[1]) >> 14);
        s->rest = (int32_t)(sum & ((1u << c->shift) - 1u));
        s->x[1] = s->x[0];
        s->x[0] = x;
        s->y[1] = s->y[0];
        s->y[0] = midge_dsp_sat16((int32_t)sum >> c->shift);
        out[i] = (int16_t)s->y[0];
    }
}


void midge_dsp_biquad(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_biquad_t *p = params;
    const int16_t *in = midge_in(ctx, p->in);
    int16_t *out = midge_out(ctx, p->out);
    midge_dsp_section_state_t *state = midge_out(ctx, p->state);
    for (int32_t c = 0; c < p->channels; c++) {
        const midge_dsp_section_t *section = midge_in(ctx, p->coefs);
        const int16_t *x = in;
        for (int32_t i = 0; i < p->sections; i++, section++, state++, x = out) {
            if (section->wide != 0) {
                midge_dsp_section_wide(x, out, (uint32_t)p->length, section, state);
            } else {
                midge_dsp_section(x, out, (uint32_t)p->length, section, state);
            }
        }
        in += p->length;
        out += p->length;
    }
}
