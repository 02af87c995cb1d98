// MUL, int8, with broadcasting.
#include "midge_broadcast.h"
#include "midge_ops.h"

static inline int8_t mul(const void *params, int32_t a, int32_t b) {
    const midge_mul_t *p = params;
    int32_t y = midge_requantize((a + p->a_offset) * (b + p->b_offset), p->mult, p->shift);
    return (int8_t)midge_clamp(midge_wrap_add(y, p->out_offset), p->act_min, p->act_max);
}

void midge_mul(const midge_ctx_t *ctx, const void *params) {
    const midge_mul_t *p = params;
    const midge_walk_t walk = MIDGE_WALK(ctx, p);
    midge_broadcast(&walk, p, mul);
}
