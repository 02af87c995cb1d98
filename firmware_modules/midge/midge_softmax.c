// SOFTMAX along the last axis, int8 to int8. Exponentials come from a table in Q0.31; the sum
// has 12 integer bits, its reciprocal is found by Newton's method in fixed point as TFLite does.
#include "midge_math.h"
#include "midge_ops.h"

#define SUM_INTEGER_BITS (12)

static int32_t leading_zeros(uint32_t x) {
    int32_t n = 0;
    while ((x & 0x80000000u) == 0) {
        x <<= 1;
        n++;
    }
    return n;
}

// 1 / (1 + x) for x in [0, 1), both in Q0.31: half of the denominator is d, in [1/2, 1);
// from 48/17 - 32/17 d three Newton steps r += r (1 - d r), r in Q2.29; then r / 2.
static int32_t reciprocal_of_one_plus(int32_t x) {
    int32_t d = (int32_t)(((int64_t)x + INT32_MAX + 1) >> 1);
    int32_t r = midge_wrap_add(1515870810, midge_mul_high(d, -1010580540));
    for (int32_t i = 0; i < 3; i++) {
        int32_t error = midge_wrap_add(1 << 29, -midge_mul_high(d, r));
        r = midge_wrap_add(r, (int32_t)((uint32_t)midge_mul_high(r, error) << 2));
    }
    return r > INT32_MAX / 2 ? INT32_MAX : (int32_t)((uint32_t)r << 1);
}

static void softmax_row(const midge_softmax_t *p, const int32_t *table, const int8_t *x,
    int8_t *y) {
    int32_t max = INT8_MIN;
    for (int32_t i = 0; i < p->depth; i++) {
        max = midge_max(max, x[i]);
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        if (max - x[i] < p->table_size) {
            sum += midge_div_pot(table[max - x[i]], SUM_INTEGER_BITS);
        }
    }
    int32_t headroom = leading_zeros((uint32_t)sum);
    int32_t fraction = (int32_t)(((uint32_t)sum << headroom) - 0x80000000u);
    int32_t scale = reciprocal_of_one_plus(fraction);
    int32_t exponent = SUM_INTEGER_BITS - headroom + 31 - 8; // over 31 every q is 0
    for (int32_t i = 0; i < p->depth; i++) {
        int32_t q = 0;
        if (exponent <= 31 && max - x[i] < p->table_size) {
            q = midge_div_pot(midge_mul_high(scale, table[max - x[i]]), exponent);
        }
        y[i] = (int8_t)midge_clamp(q + INT8_MIN, INT8_MIN, INT8_MAX);
    }
}

void midge_softmax(const midge_ctx_t *ctx, const void *params) {
    const midge_softmax_t *p = params;
    const int32_t *table = midge_in(ctx, p->table);
    const int8_t *x = midge_in(ctx, p->in);
    int8_t *y = midge_out(ctx, p->out);
    for (int32_t row = 0; row < p->rows; row++) {
        softmax_row(p, table, x, y);
        x += p->depth;
        y += p->depth;
    }
}
