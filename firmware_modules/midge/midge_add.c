// ADD and SUB, int8, with broadcasting: both inputs go to a common scale first.
#include "midge_broadcast.h"
#include "midge_ops.h"

static inline int8_t add(const void *params, int32_t a, int32_t b) {
    const midge_add_t *p = params;
    a = (int32_t)((uint32_t)(a + p->a_offset) << p->left_shift);
    b = (int32_t)((uint32_t)(b + p->b_offset) << p->left_shift);
    a = midge_requantize(a, p->a_mult, p->a_shift);
    b = midge_requantize(b, p->b_mult, p->b_shift) * p->b_sign;
    int32_t y = midge_requantize(midge_wrap_add(a, b), p->mult, p->shift);
    return (int8_t)midge_clamp(midge_wrap_add(y, p->out_offset), p->act_min, p->act_max);
}

void midge_add(const midge_ctx_t *ctx, const void *params) {
    const midge_add_t *p = params;
    const midge_walk_t walk = MIDGE_WALK(ctx, p);
    midge_broadcast(&walk, p, add);
}
