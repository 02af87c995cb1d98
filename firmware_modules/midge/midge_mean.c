// MEAN over any axes, int8: sums, then one requantization that divides as well.
#include "midge_math.h"
#include "midge_ops.h"

static int32_t sum_block(const midge_mean_t *p, const int8_t *x) {
    int32_t sum = p->sum_offset;
    for (int32_t i = 0; i < p->reduce_0; i++) {
        for (int32_t j = 0; j < p->reduce_1; j++) {
            sum = midge_wrap_add(sum, x[i * p->reduce_stride_0 + j * p->reduce_stride_1]);
        }
    }
    return sum;
}

void midge_mean(const midge_ctx_t *ctx, const void *params) {
    const midge_mean_t *p = params;
    const int8_t *in = midge_in(ctx, p->in);
    int8_t *y = midge_out(ctx, p->out);
    for (int32_t i = 0; i < p->keep_0; i++) {
        for (int32_t j = 0; j < p->keep_1; j++) {
            int32_t sum = sum_block(p, in + i * p->keep_stride_0 + j * p->keep_stride_1);
            int32_t q = midge_requantize(sum, p->mult, p->shift);
            *y++ = (int8_t)midge_clamp(midge_wrap_add(q, p->out_offset), INT8_MIN, INT8_MAX);
        }
    }
}
