// REDUCE_MIN over any axes, int8.
#include "midge_reduce.h"
#include "midge_ops.h"

static inline int32_t first(const void *params, int32_t x) {
    (void)params;
    return x;
}

static inline int32_t next(const void *params, int32_t least, int32_t x) {
    (void)params;
    return midge_min(least, x);
}

static inline int8_t last(const void *params, int32_t least) {
    (void)params;
    return (int8_t)least;
}

void midge_reduce_min(const midge_ctx_t *ctx, const void *params) {
    const midge_reduce_min_t *p = params;
    const midge_reduce_t walk = MIDGE_REDUCE(ctx, p);
    midge_reduce(&walk, p, first, next, last);
}
