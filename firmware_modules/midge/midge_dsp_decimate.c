// FIR low pass and decimation in one: only the outputs that stay are computed.
#include <string.h>

#include "midge_dsp_loops.h"
#include "midge_dsp_math.h"
#include "midge_dsp_ops.h"

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
            // |sum| < 65535 * 2^15 = 2^31 - 2^15, and half is 2^14
            int32_t sum = midge_dsp_dot(line + i, taps, (uint32_t)p->n_taps) + (1 << 14);
            *out++ = midge_dsp_sat16(sum >> 15);
        }
        memmove(line, line + p->length, (size_t)before * sizeof(*line));
        in += p->length;
        line += before + p->length;
    }
}
