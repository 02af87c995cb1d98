// 16-bit logistic and tanh, and 1 / sqrt: gemmlowp's ways, found again from its documented
// constants. Sums of 16 bits wrap around or saturate just where they do there.
#include "midge_fixed.h"

#include "midge_math.h"

#define ONE (32767) // in Q0.15

static int16_t saturate(int32_t x) {
    return (int16_t)midge_clamp(x, INT16_MIN, INT16_MAX);
}

static int16_t wrap(int32_t x) {
    return (int16_t)(uint16_t)x;
}

// round(a * b / 2^15), halves up
static int16_t mul(int16_t a, int16_t b) {
    return saturate(((int32_t)a * b + (1 << 14)) >> 15);
}

// exp(x) for x in [-1/4, 0), Q0.15: a Taylor series around -1/8
static int16_t exp_quarter(int16_t a) {
    const int16_t exp_eighth = 28918, third = 10923;
    int16_t x = wrap(a + (1 << 12));
    int16_t x2 = mul(x, x);
    int16_t x3 = mul(x2, x);
    int16_t x4_over_4 = (int16_t)midge_div_pot(mul(x2, x2), 2);
    int16_t series = (int16_t)midge_div_pot(wrap(mul(wrap(x4_over_4 + x3), third) + x2), 1);
    return saturate(exp_eighth + mul(exp_eighth, wrap(x + series)));
}

// exp(x) for x <= 0: Q(bits).(15 - bits) to Q0.15, 1 <= bits <= 7
static int16_t exp_negative(int16_t x, int32_t bits) {
    static const int16_t factors[7] = { 25520, 19875, 12055, 4435, 600, 11, 0 };
    const int32_t fraction = 15 - bits;
    if (x == 0) {
        return ONE;
    }
    if (bits > 5 && x < -(32 << fraction)) {
        return 0;
    }
    const int32_t quarter = 1 << (fraction - 2);
    int32_t part = (x & (quarter - 1)) - quarter;
    int16_t result = exp_quarter(saturate(part * (1 << bits)));
    int32_t rest = part - x;
    for (int32_t i = 0; i < 7 && i - 2 < bits; i++) { // factors[i] is exp(-2^(i - 2))
        if ((rest >> (fraction + i - 2)) & 1) {
            result = mul(result, factors[i]);
        }
    }
    return result;
}

// 2 / (1 + a) in Q2.13, a in Q0.15, 0 <= a <= 1: three steps of Newton's division
static int16_t two_over_one_plus(int16_t a) {
    const int16_t start = 23130, slope = -15420; // 48/17 and -32/17
    int16_t half = wrap((a + ONE + 1) / 2);
    int16_t x = wrap(start + mul(half, slope));
    for (int i = 0; i < 3; i++) {
        int16_t rest = wrap((1 << 13) - mul(half, x));
        x = wrap(x + saturate(mul(x, rest) * 4));
    }
    return x;
}

int16_t midge_logistic16(int16_t x) {
    if (x == 0) {
        return 1 << 14;
    }
    int16_t positive = saturate(two_over_one_plus(exp_negative(x > 0 ? wrap(-x) : x, 3)) * 2);
    return x > 0 ? positive : wrap(ONE - positive);
}

int16_t midge_tanh16(int16_t x, int32_t bits) {
    if (x == 0) {
        return 0;
    }
    // twice x: one integer bit more
    int16_t y = two_over_one_plus(exp_negative(x > 0 ? wrap(-x) : x, bits + 1));
    int16_t positive = saturate((y - (1 << 13)) * 4);
    return x > 0 ? positive : wrap(-positive);
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
