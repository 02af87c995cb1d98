// MAXIMUM and MINIMUM, int8, with broadcasting.
#include "midge_broadcast.h"
#include "midge_ops.h"

static inline int8_t larger(const void *params, int32_t a, int32_t b) {
    (void)params;
    return (int8_t)midge_max(a, b);
}

static inline int8_t smaller(const void *params, int32_t a, int32_t b) {
    (void)params;
    return (int8_t)midge_min(a, b);
}

void midge_maximum(const midge_ctx_t *ctx, const void *params) {
    const midge_maximum_t *p = params;
    const midge_walk_t walk = MIDGE_WALK(ctx, p);
    midge_broadcast(&walk, p, larger);
}

void midge_minimum(const midge_ctx_t *ctx, const void *params) {
    const midge_minimum_t *p = params;
    const midge_walk_t walk = MIDGE_WALK(ctx, p);
    midge_broadcast(&walk, p, smaller);
}
