// MEAN and SUM over any axes, int8: sums, then one requantization, which divides as well.
#include "midge_reduce.h"
#include "midge_ops.h"

static inline int32_t first(const void *params, int32_t x) {
    const midge_mean_t *p = params;
    return midge_wrap_add(p->sum_offset, x);
}

static inline int32_t next(const void *params, int32_t sum, int32_t x) {
    (void)params;
    return midge_wrap_add(sum, x);
}

static inline int8_t last(const void *params, int32_t sum) {
    const midge_mean_t *p = params;
    int32_t q = midge_requantize(sum, p->mult, p->shift);
    return (int8_t)midge_clamp(midge_wrap_add(q, p->out_offset), INT8_MIN, INT8_MAX);
}

void midge_mean(const midge_ctx_t *ctx, const void *params) {
    const midge_mean_t *p = params;
    const midge_reduce_t walk = MIDGE_REDUCE(ctx, p);
    midge_reduce(&walk, p, first, next, last);
}
