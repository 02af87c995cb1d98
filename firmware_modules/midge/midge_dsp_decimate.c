// FIR low pass and decimation in one: only the outputs that stay are computed.
#include <string.h>

#include "midge_dsp_math.h"
#include "midge_dsp_ops.h"

// |sum| < 65535 * 2^15 = 2^31 - 2^15, and half is 2^14.
static int16_t tap_sum(const int16_t *newest, const int16_t *taps, int32_t n) {
    int32_t sum = 1 << 14;
    for (int32_t i = 0; i < n; i++) {
        sum += *newest-- * taps[i];
    }
    return midge_dsp_sat16(sum >> 15);
}

void midge_dsp_decimate(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_decimate_t *p = params;
    const int16_t *in = midge_in(ctx, p->in);
    const int16_t *taps = midge_in(ctx, p->taps);
    int16_t *out = midge_out(ctx, p->out);
    int16_t *line = midge_out(ctx, p->state);
    int32_t before = p->n_taps - 1;
    for (int32_t c = 0; c < p->channels; c++) {
        memcpy(line + before, in, (size_t)p->length * sizeof(*in));
        for (int32_t i = p->factor - 1; i < p->length; i += p->factor) {
            *out++ = tap_sum(line + before + i, taps, p->n_taps);
        }
        memmove(line, line + p->length, (size_t)before * sizeof(*line));
        in += p->length;
        line += before + p->length;
    }
}
