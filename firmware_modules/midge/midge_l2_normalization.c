// L2_NORMALIZATION along the last axis, int8.
#include "midge_math.h"
#include "midge_ops.h"

#define OUT_SHIFT (7) // the output's scale is 2^-7

// x * 2^n for x in int32_t, saturated.
static int32_t shift_left(int32_t x, int32_t n) {
    int64_t wide = (int64_t)x * ((int64_t)1 << n);
    return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}

// 1 / sqrt(x) for x in [1/4, 1), Q3.28 both: x -> x (3 - in x^2) / 2, five times from 1; then by
// sqrt(1/2).
static int32_t inverse_sqrt_q3(int32_t in) {
    int32_t half = midge_div_pot(in, 1);
    int32_t x = 1 << 28;
    for (int32_t i = 0; i < 5; i++) {
        int32_t cube = shift_left(midge_mul_high(midge_mul_high(x, x), x), 6);
        int32_t less = midge_mul_high(half, cube);
        x = shift_left(midge_mul_high((1 << 28) + (1 << 27), x) - less, 3);
    }
    return midge_mul_high(x, 1518500250);
}

// Multiplier and shift of 1 / sqrt(sum), sum >= 0; TFLite's GetInvSqrtQuantizedMultiplierExp.
static int32_t inverse_sqrt(int32_t sum, int32_t *shift) {
    if (sum <= 1) {
        *shift = 0;
        return INT32_MAX;
    }
    int32_t right = 11;
    for (; sum >= 1 << 29; right++) {
        sum /= 4;
    }
    for (; sum < 1 << 27; right--) {
        sum *= 4;
    }
    int32_t inverse = inverse_sqrt_q3(sum >> 1);
    *shift = right > 0 ? -right : 0;
    return right < 0 ? (int32_t)((uint32_t)inverse << -right) : inverse;
}

void midge_l2_normalization(const midge_ctx_t *ctx, const void *params) {
    const midge_l2_normalization_t *p = params;
    const int8_t *x = midge_in(ctx, p->in);
    int8_t *y = midge_out(ctx, p->out);
    for (int32_t row = 0; row < p->rows; row++) {
        int32_t sum = 0;
        for (int32_t i = 0; i < p->depth; i++) {
            sum += (x[i] + p->in_offset) * (x[i] + p->in_offset);
        }
        int32_t shift;
        int32_t mult = inverse_sqrt(sum, &shift);
        for (int32_t i = 0; i < p->depth; i++) {
            int32_t q = midge_requantize(x[i] + p->in_offset, mult, shift + OUT_SHIFT);
            y[i] = (int8_t)midge_clamp(q, INT8_MIN, INT8_MAX);
        }
        x += p->depth;
        y += p->depth;
    }
}
