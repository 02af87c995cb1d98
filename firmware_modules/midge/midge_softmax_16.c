// SOFTMAX along the last axis, int16 to int16 of scale 2^-15: exp(x) for x in -10...0 and
// 1 / (1 + x) for x in 0...1 come from between the points of two tables.
#include "midge_math.h"
#include "midge_ops.h"

// table: 513 points over all int16.
static int32_t between(const int16_t *table, int32_t x) {
    int32_t at = 256 + (x >> 7);
    int32_t slope = (int16_t)(table[at + 1] - table[at]);
    return (int16_t)(table[at] + ((slope * (x & 0x7f) + 64) >> 7));
}

static int32_t leading_zeros(uint32_t x) {
    int32_t n = 0;
    while ((x & 0x80000000u) == 0 && n < 32) {
        x <<= 1;
        n++;
    }
    return n;
}

// Exponentials in Q0.15 into y; returns their sum.
static int32_t exponentials(const midge_softmax_16_t *p, const int16_t *table, const int16_t *x,
    int16_t *y) {
    int32_t max = INT16_MIN;
    for (int32_t i = 0; i < p->depth; i++) {
        max = midge_max(max, x[i]);
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        int32_t scaled = midge_requantize(x[i] - max, p->mult, p->shift);
        scaled = midge_clamp(midge_wrap_add(scaled, INT16_MAX), INT16_MIN, INT16_MAX);
        y[i] = (int16_t)between(table, scaled);
        sum += y[i];
    }
    return sum;
}

void midge_softmax_16(const midge_ctx_t *ctx, const void *params) {
    const midge_softmax_16_t *p = params;
    const int16_t *exp_table = midge_in(ctx, p->exp_table);
    const int16_t *reciprocal_table = midge_in(ctx, p->reciprocal_table);
    const int16_t *x = midge_in(ctx, p->in);
    int16_t *y = midge_out(ctx, p->out);
    for (int32_t row = 0; row < p->rows; row++) {
        int32_t sum = exponentials(p, exp_table, x, y);
        int32_t headroom = leading_zeros((uint32_t)sum);
        // the sum as 1 + fraction, the fraction over all int16
        int32_t fraction = (int32_t)((((int64_t)sum << (headroom - 1)) + (1 << 13)) >> 14);
        fraction = midge_clamp(fraction - (1 << 15) - (1 << 16), INT16_MIN, INT16_MAX);
        int32_t reciprocal = between(reciprocal_table, fraction);
        int32_t shift = 31 - headroom;
        for (int32_t i = 0; i < p->depth; i++) {
            int32_t q = (y[i] * reciprocal + (1 << (shift - 1))) >> shift;
            y[i] = (int16_t)midge_clamp(q, 0, INT16_MAX);
        }
        x += p->depth;
        y += p->depth;
    }
}
