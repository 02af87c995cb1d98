// MEAN over any axes, int16: sums, then one requantization that divides as well.
#include "midge_math.h"
#include "midge_ops.h"

static int32_t sum_block(const midge_mean_16_t *p, const int16_t *x) {
    int32_t sum = 0;
    for (int32_t i = 0; i < p->reduce_0; i++) {
        for (int32_t j = 0; j < p->reduce_1; j++) {
            sum = midge_wrap_add(sum, x[i * p->reduce_stride_0 + j * p->reduce_stride_1]);
        }
    }
    return sum;
}

void midge_mean_16(const midge_ctx_t *ctx, const void *params) {
    const midge_mean_16_t *p = params;
    const int16_t *in = midge_in(ctx, p->in);
    int16_t *y = midge_out(ctx, p->out);
    for (int32_t i = 0; i < p->keep_0; i++) {
        for (int32_t j = 0; j < p->keep_1; j++) {
            int32_t sum = sum_block(p, in + i * p->keep_stride_0 + j * p->keep_stride_1);
            int32_t q = midge_requantize(sum, p->mult, p->shift);
            *y++ = (int16_t)midge_clamp(q, INT16_MIN, INT16_MAX);
        }
    }
}
