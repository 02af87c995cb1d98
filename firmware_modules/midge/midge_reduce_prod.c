// REDUCE_PROD over any axes, int8: each factor is scaled by its share of the output's scale.
#include "midge_reduce.h"
#include "midge_ops.h"

// TFLite's requantization of an int64_t: 15 bits of multiplier, rounded once, modulo 2^32.
static int32_t scaled(const midge_reduce_prod_t *p, int64_t x) {
    int64_t product = x * p->mult + ((int64_t)1 << (p->right - 1));
    return (int32_t)(uint32_t)(product >> p->right);
}

static inline int32_t first(const void *params, int32_t x) {
    const midge_reduce_prod_t *p = params;
    return x + p->in_offset;
}

static inline int32_t next(const void *params, int32_t product, int32_t x) {
    const midge_reduce_prod_t *p = params;
    return scaled(p, (int64_t)product * (x + p->in_offset));
}

static inline int8_t last(const void *params, int32_t product) {
    const midge_reduce_prod_t *p = params;
    int32_t q = midge_wrap_add(scaled(p, product), p->out_offset);
    return (int8_t)midge_clamp(q, INT8_MIN, INT8_MAX);
}

void midge_reduce_prod(const midge_ctx_t *ctx, const void *params) {
    const midge_reduce_prod_t *p = params;
    const midge_reduce_t walk = MIDGE_REDUCE(ctx, p);
    midge_reduce(&walk, p, first, next, last);
}
