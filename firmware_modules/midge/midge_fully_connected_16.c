// FULLY_CONNECTED, int16 activations and int8 weights. The oracle rounds round(sum * scale) in
// double precision: the compiler finds multipliers that give the same bits in integers
// (host/midge/quantmath.py).
#include "midge_math_16.h"
#include "midge_ops.h"

#define INT32_ENOUGH (47) // with a smaller shift every sum beyond int32 is clamped

// acc * mult * 2^-right, mult of 62 bits, rounded once, halves up; |acc| < 2^47.
static int64_t requantize(int64_t acc, int32_t mult, int32_t mult_low, int32_t right) {
    if (acc >= INT32_MIN && acc <= INT32_MAX) {
        return midge_requantize_wide((int32_t)acc, mult, mult_low, right);
    }
    if (right < INT32_ENOUGH) {
        return acc < 0 ? INT32_MIN : INT32_MAX;
    }
    // as midge_requantize_wide, the sum in two parts so that no product leaves int64
    int64_t high = acc >> 16;
    int64_t low = acc & 0xffff;
    int64_t below = (high * mult_low + (low * mult_low >> 16)) >> 15;
    int64_t sum = high * mult + ((low * mult + below) >> 16) + ((int64_t)1 << (right - 17));
    return sum >> (right - 16);
}

// a * b, a < 2^48, b < 2^53: the upper bits; *low gets the lower 64.
static uint64_t multiply(uint64_t a, uint64_t b, uint64_t *low) {
    uint64_t a_high = a >> 32, a_low = a & 0xffffffffu;
    uint64_t b_high = b >> 32, b_low = b & 0xffffffffu;
    uint64_t middle = a_high * b_low + a_low * b_high + (a_low * b_low >> 32);
    *low = middle << 32 | (a_low * b_low & 0xffffffffu);
    return a_high * b_high + (middle >> 32);
}

// round(double(acc) * scale) with the product rounded to 53 bits, halves to even, as doubles are,
// and the result halves away from zero. scale = (mult * 2^31 + mult_low) * 2^-e, its own 53 bits.
// Used for the few scales that no multiplier rounds like.
static int64_t requantize_double(int64_t acc, int32_t mult, int32_t mult_low, int32_t e) {
    uint64_t low;
    uint64_t scale = (uint64_t)mult << 31 | (uint64_t)mult_low;
    uint64_t high = multiply((uint64_t)(acc < 0 ? -acc : acc), scale, &low);
    bool inexact = false; // a bit below the last of `low` was dropped
    bool half = false; // and that bit
    while (high != 0 || low >> 53 != 0) {
        inexact = inexact || half;
        half = (low & 1) != 0;
        low = low >> 1 | high << 63;
        high >>= 1;
        e--;
    }
    if (half && (inexact || (low & 1) != 0)) {
        low++;
    }
    if (e <= 0) {
        return low == 0 ? 0 : acc < 0 ? INT32_MIN : INT32_MAX;
    }
    int64_t y = e > 62 ? 0 : (int64_t)((low + ((uint64_t)1 << (e - 1))) >> e);
    return acc < 0 ? -y : y;
}

static int16_t finish(const midge_fully_connected_16_t *p, const int32_t *mult,
    const int32_t *mult_low, const int8_t *shift, int64_t acc) {
    int64_t q = *shift > 0 ? requantize(acc, *mult, *mult_low, *shift)
        : requantize_double(acc, *mult, *mult_low, -*shift);
    return (int16_t)(q < p->act_min ? p->act_min : q > p->act_max ? p->act_max : q);
}

// Two outputs at a time, and the last by itself where their number is odd.
void midge_fully_connected_16(const midge_ctx_t *ctx, const void *params) {
    const midge_fully_connected_16_t *p = params;
    const midge_bias_16_t bias = { midge_in(ctx, p->bias), midge_in(ctx, p->bias_high) };
    const int32_t *mult = midge_in(ctx, p->mult);
    const int32_t *mult_low = midge_in(ctx, p->mult_low);
    const int8_t *shift = midge_in(ctx, p->shift);
    const int16_t *x = midge_in(ctx, p->in);
    int16_t *y = midge_out(ctx, p->out);
    for (int32_t row = 0; row < p->rows; row++) {
        const int8_t *w = midge_in(ctx, p->weights);
        for (int32_t oc = 0; oc < p->out_c;) {
            int32_t last = midge_min(oc + 2, p->out_c);
            int64_t acc[2] = { midge_bias_16(&bias, oc), midge_bias_16(&bias, last - 1) };
            int32_t apart = last - oc > 1 ? p->in_c : 0;
            midge_sum_16(x, w, apart, p->in_c, bias.high != NULL, acc);
            w += (last - oc) * p->in_c;
            for (const int64_t *sum = acc; oc < last; oc++) {
                int32_t i = p->per_channel ? oc : 0;
                *y++ = finish(p, mult + i, mult_low + i, shift + i, *sum++);
            }
        }
        x += p->in_c;
    }
}
