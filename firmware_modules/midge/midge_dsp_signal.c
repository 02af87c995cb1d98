// Blocks that change samples one by one: planes, clamping, DC removal, scaling.
#include <string.h>

#include "midge_dsp_math.h"
#include "midge_dsp_ops.h"

void midge_dsp_split(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_split_t *p = params;
    const int16_t *in = midge_in(ctx, p->in);
    int16_t *out = midge_out(ctx, p->out);
    for (int32_t c = 0; c < p->channels; c++) {
        const int16_t *x = in + c;
        for (int32_t i = 0; i < p->length; i++) {
            *out++ = *x;
            x += p->channels;
        }
    }
}

void midge_dsp_clamp(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_clamp_t *p = params;
    const int16_t *in = midge_in(ctx, p->in);
    int16_t *out = midge_out(ctx, p->out);
    int32_t *counts = midge_out(ctx, p->counts);
    for (int32_t c = 0; c < p->channels; c++) {
        int32_t count = 0;
        for (int32_t i = 0; i < p->length; i++) {
            int32_t x = *in++;
            count += x <= p->low || x >= p->high;
            *out++ = (int16_t)midge_clamp(x, p->low, p->high);
        }
        counts[c] = count > INT32_MAX - counts[c] ? INT32_MAX : counts[c] + count;
    }
}

// mean and x << 14 both lie within +-2^29, so their difference fits, and so does what follows.
void midge_dsp_dc(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_dc_t *p = params;
    const int16_t *in = midge_in(ctx, p->in);
    int16_t *out = midge_out(ctx, p->out);
    int32_t *state = midge_out(ctx, p->state);
    int32_t half = 1 << (p->shift - 1);
    for (int32_t c = 0; c < p->channels; c++) {
        int32_t mean = state[c];
        for (int32_t i = 0; i < p->length; i++) {
            int32_t x = *in++;
            mean += (x * (1 << 14) - mean + half) >> p->shift;
            *out++ = midge_dsp_sat16(x - ((mean + (1 << 13)) >> 14));
        }
        state[c] = mean;
    }
}

// round(sum / n), halves up; n * |mean| <= 2^30.
static int32_t mean_of(const int16_t *x, int32_t n) {
    int32_t sum = n / 2;
    for (int32_t i = 0; i < n; i++) {
        sum += x[i];
    }
    return sum >= 0 ? sum / n : -((n - 1 - sum) / n);
}

void midge_dsp_center(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_center_t *p = params;
    const int16_t *in = midge_in(ctx, p->in);
    int16_t *out = midge_out(ctx, p->out);
    for (int32_t c = 0; c < p->channels; c++) {
        int32_t mean = mean_of(in, p->length);
        for (int32_t i = 0; i < p->length; i++) {
            *out++ = midge_dsp_sat16(*in++ - mean);
        }
    }
}

void midge_dsp_scale(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_scale_t *p = params;
    const int16_t *in = midge_in(ctx, p->in);
    const int16_t *offset = midge_in(ctx, p->offset);
    const int16_t *mult = midge_in(ctx, p->mult);
    const int8_t *shift = midge_in(ctx, p->shift);
    int16_t *out = midge_out(ctx, p->out);
    for (int32_t c = 0; c < p->channels; c++) {
        for (int32_t i = 0; i < p->length; i++) {
            *out++ = midge_dsp_sat16(midge_dsp_scaled(*in++, offset[c], mult[c], shift[c]));
        }
    }
}
