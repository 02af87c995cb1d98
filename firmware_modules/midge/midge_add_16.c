// ADD and SUB, int16, with broadcasting: both inputs go to a common scale first.
#include "midge_broadcast.h"
#include "midge_ops.h"

static inline int16_t add(const void *params, int32_t a, int32_t b) {
    const midge_add_16_t *p = params;
    a = midge_requantize((int32_t)((uint32_t)a << p->left_shift), p->a_mult, p->a_shift);
    b = midge_requantize((int32_t)((uint32_t)b << p->left_shift), p->b_mult, p->b_shift);
    int32_t y = midge_requantize(midge_wrap_add(a, b * p->b_sign), p->mult, p->shift);
    return (int16_t)midge_clamp(y, p->act_min, p->act_max);
}

void midge_add_16(const midge_ctx_t *ctx, const void *params) {
    const midge_add_16_t *p = params;
    const midge_walk_t walk = MIDGE_WALK(ctx, p);
    midge_broadcast_16(&walk, p, add);
}
