// 16-bit logistic and tanh, and 1 / sqrt: gemmlowp's ways, found again from its documented
// constants. What is 16 bits there is 32 here: the few values that would leave 16 bits saturate.
#include "midge_fixed.h"

#include "midge_math.h"

#define ONE (32767) // in Q0.15

// round(a * b / 2^15), halves up
static inline int32_t mul(int32_t a, int32_t b) {
    return (a * b + (1 << 14)) >> 15;
}

// exp(x) for x in [-1/4, 0), Q0.15: a Taylor series around -1/8
static inline int32_t exp_quarter(int32_t a) {
    const int32_t exp_eighth = 28918, third = 10923;
    int32_t x = a + (1 << 12);
    int32_t x2 = mul(x, x); // not negative, and so are halves and quarters of what it leads to
    int32_t x4_over_4 = (mul(x2, x2) + 2) >> 2;
    int32_t series = midge_div_pot(mul(x4_over_4 + mul(x2, x), third) + x2, 1);
    return midge_min(exp_eighth + mul(exp_eighth, x + series), ONE);
}

// exp(x) for x <= 0: Q(bits).(15 - bits) to Q0.15, 1 <= bits <= 7
static inline int32_t exp_negative(int32_t x, int32_t bits) {
    static const int16_t factors[6] = { 25520, 19875, 12055, 4435, 600, 11 }; // exp(-2^(i - 2))
    const int32_t fraction = 15 - bits;
    if (x == 0) {
        return ONE;
    }
    if (x < -(16 << fraction)) {
        return 0; // the least factor, exp(-16), is 0 in 16 bits, and from -32 on all is
    }
    const int32_t quarter = 1 << (fraction - 2);
    int32_t part = (x & (quarter - 1)) - quarter;
    int32_t result = exp_quarter(part * (1 << bits));
    uint32_t quarters = (uint32_t)(part - x) >> (fraction - 2);
    for (const int16_t *factor = factors; quarters != 0; quarters >>= 1, factor++) {
        if (quarters & 1u) {
            result = mul(result, *factor);
        }
    }
    return result;
}

// 2 / (1 + a) in Q2.13, a in Q0.15, 0 <= a <= 1: three steps of Newton's division
static inline int32_t two_over_one_plus(int32_t a) {
    int32_t half = (a + ONE + 1) >> 1;
    int32_t x = 23130 + mul(half, -15420); // 48/17 and -32/17
    for (int i = 0; i < 3; i++) {
        x += mul(x, (1 << 13) - mul(half, x)) * 4;
    }
    return x;
}

int16_t midge_logistic16(int16_t x) {
    if (x == 0) {
        return 1 << 14;
    }
    int32_t positive = midge_min(two_over_one_plus(exp_negative(x > 0 ? -x : x, 3)) * 2, ONE);
    return (int16_t)(x > 0 ? positive : ONE - positive);
}

int16_t midge_tanh16(int16_t x, int32_t bits) {
    if (x == 0) {
        return 0;
    }
    // twice x: one integer bit more
    int32_t y = two_over_one_plus(exp_negative(x > 0 ? -x : x, bits + 1));
    int32_t positive = midge_min((y - (1 << 13)) * 4, ONE);
    return (int16_t)(x > 0 ? positive : -positive);
}

static int32_t saturate32(int64_t x) {
    return (int32_t)(x < INT32_MIN ? INT32_MIN : x > INT32_MAX ? INT32_MAX : x);
}

void midge_inv_sqrt(int32_t x, int32_t *mult, int32_t *shift) {
    if (x <= 1) {
        *mult = INT32_MAX;
        *shift = 0;
        return;
    }
    int32_t right = 11;
    while (x >= 1 << 29) {
        x /= 4;
        right++;
    }
    while (x < 1 << 27) {
        x *= 4;
        right--;
    }
    // Newton's steps in Q3.28, from 1
    const int32_t half_input = midge_div_pot(x >> 1, 1);
    const int32_t half_three = (1 << 28) + (1 << 27), half_sqrt_2 = 1518500250;
    int32_t y = 1 << 28;
    for (int i = 0; i < 5; i++) {
        int32_t cube = saturate32((int64_t)midge_mul_high(midge_mul_high(y, y), y) * 64);
        int32_t next = midge_mul_high(half_three, y) - midge_mul_high(half_input, cube);
        y = saturate32((int64_t)next * 8);
    }
    y = midge_mul_high(y, half_sqrt_2);
    if (right < 0) {
        y = (int32_t)((uint32_t)y << -right);
        right = 0;
    }
    *mult = y;
    *shift = -right;
}
