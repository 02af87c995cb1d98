// L2_NORMALIZATION along the last axis, int8.
#include "midge_fixed.h"
#include "midge_math.h"
#include "midge_ops.h"

#define OUT_SHIFT (7) // the output's scale is 2^-7

void midge_l2_normalization(const midge_ctx_t *ctx, const void *params) {
    const midge_l2_normalization_t *p = params;
    const int8_t *x = midge_in(ctx, p->in);
    int8_t *y = midge_out(ctx, p->out);
    for (int32_t row = 0; row < p->rows; row++) {
        int32_t sum = 0;
        for (int32_t i = 0; i < p->depth; i++) {
            sum += (x[i] + p->in_offset) * (x[i] + p->in_offset);
        }
        int32_t mult, shift;
        midge_inv_sqrt(sum, &mult, &shift);
        for (int32_t i = 0; i < p->depth; i++) {
            int32_t q = midge_requantize(x[i] + p->in_offset, mult, shift + OUT_SHIFT);
            y[i] = (int8_t)midge_clamp(q, INT8_MIN, INT8_MAX);
        }
        x += p->depth;
        y += p->depth;
    }
}
