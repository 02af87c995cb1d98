// SVDF, int8 with a 16-bit state: each filter keeps its last outputs and weighs them over time.
#include <string.h>

#include "midge_dot.h"
#include "midge_math.h"
#include "midge_ops.h"

static int32_t dot16(const int16_t *a, const int16_t *b, int32_t n) {
    uint32_t acc = 0;
    for (int32_t i = 0; i < n; i++) {
        acc += (uint32_t)((int32_t)a[i] * b[i]);
    }
    return (int32_t)acc;
}

void midge_svdf(const midge_ctx_t *ctx, const void *params) {
    const midge_svdf_t *p = params;
    const int8_t *x = midge_in(ctx, p->in);
    const int8_t *feature = midge_in(ctx, p->feature_weights);
    const int32_t *feature_bias = midge_in(ctx, p->feature_bias);
    const int16_t *time = midge_in(ctx, p->time_weights);
    const int32_t *bias = midge_in(ctx, p->bias);
    int16_t *state = midge_state(ctx, p->state);
    int8_t *y = midge_out(ctx, p->out);
    for (int32_t unit = 0; unit < p->units; unit++) {
        int32_t acc = bias != NULL ? bias[unit] : 0;
        for (int32_t r = 0; r < p->rank; r++) {
            int32_t q = midge_dot(x, feature, p->n_in, *feature_bias++);
            q = midge_requantize(q, p->feature_mult, p->feature_shift);
            memmove(state, state + 1, (size_t)(p->memory - 1) * sizeof(int16_t));
            state[p->memory - 1] = (int16_t)midge_clamp(q, INT16_MIN, INT16_MAX);
            acc = midge_wrap_add(acc, dot16(time, state, p->memory));
            feature += p->n_in;
            time += p->memory;
            state += p->memory;
        }
        acc = midge_wrap_add(midge_requantize(acc, p->mult, p->shift), p->out_offset);
        *y++ = midge_clamp_int8(acc, -128, 127);
    }
}
