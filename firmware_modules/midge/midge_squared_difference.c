// SQUARED_DIFFERENCE, int8, with broadcasting.
#include "midge_broadcast.h"
#include "midge_ops.h"

// The square is at most (255 << 7)^2, under 2^30.
static inline int8_t squared_difference(const void *params, int32_t a, int32_t b) {
    const midge_squared_difference_t *p = params;
    a = midge_requantize((a + p->a_offset) * (1 << p->left_shift), p->a_mult, p->a_shift);
    b = midge_requantize((b + p->b_offset) * (1 << p->left_shift), p->b_mult, p->b_shift);
    int32_t y = midge_requantize((a - b) * (a - b), p->mult, p->shift);
    return (int8_t)midge_clamp(y + p->out_offset, INT8_MIN, INT8_MAX);
}

void midge_squared_difference(const midge_ctx_t *ctx, const void *params) {
    const midge_squared_difference_t *p = params;
    const midge_walk_t walk = MIDGE_WALK(ctx, p);
    midge_broadcast(&walk, p, squared_difference);
}
