// PRELU, int8: its slopes, the second input, are broadcast.
#include "midge_broadcast.h"
#include "midge_ops.h"

static inline int8_t prelu(const void *params, int32_t x, int32_t slope) {
    const midge_prelu_t *p = params;
    x += p->a_offset;
    int32_t y = x >= 0
        ? midge_requantize(x, p->mult, p->shift)
        : midge_requantize(x * (slope + p->b_offset), p->slope_mult, p->slope_shift);
    return (int8_t)midge_clamp(midge_wrap_add(y, p->out_offset), INT8_MIN, INT8_MAX);
}

void midge_prelu(const midge_ctx_t *ctx, const void *params) {
    const midge_prelu_t *p = params;
    const midge_walk_t walk = MIDGE_WALK(ctx, p);
    midge_broadcast(&walk, p, prelu);
}
