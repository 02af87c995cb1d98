// MUL, int16, with broadcasting.
#include "midge_broadcast.h"
#include "midge_ops.h"

static inline int16_t mul(const void *params, int32_t a, int32_t b) {
    const midge_mul_16_t *p = params;
    int32_t y = midge_requantize(a * b, p->mult, p->shift);
    return (int16_t)midge_clamp(y, p->act_min, p->act_max);
}

void midge_mul_16(const midge_ctx_t *ctx, const void *params) {
    const midge_mul_16_t *p = params;
    const midge_walk_t walk = MIDGE_WALK(ctx, p);
    midge_broadcast_16(&walk, p, mul);
}
