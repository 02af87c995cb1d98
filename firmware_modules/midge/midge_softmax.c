// SOFTMAX along the last axis, int8 to int8. Exponentials come from a table in Q0.31; the sum
// has 12 integer bits, its reciprocal is found by Newton's method in fixed point as TFLite does.
#include "midge_ops.h"
#include "midge_reciprocal.h"

#define SUM_INTEGER_BITS (12)

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
    int32_t headroom = midge_leading_zeros((uint32_t)sum);
    int32_t scale = midge_reciprocal(sum, headroom);
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
