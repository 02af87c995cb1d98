// What the 16x8 kernels share: int16 activations, int8 weights, zero points 0.
#ifndef MIDGE_MATH_16_H
#define MIDGE_MATH_16_H

#include "midge_math.h"

// Sums of int32 or, where the compiler could not prove that they fit, of int64.
int32_t midge_dot_16(const int16_t *x, const int8_t *w, int32_t n, int32_t acc);

// acc + sum of x[i * step_x] * w[i * step_w], modulo 2^32.
int32_t midge_dot_16_strided(const int16_t *x, int32_t step_x, const int8_t *w, int32_t step_w,
    int32_t n, int32_t acc);

// No sum of so many products leaves int32: 256 * 128 * 32768 = 2^30.
#define MIDGE_DOT_16_SAFE (256)

// The biases of a layer; `high` is NULL where the compiler proved that all sums fit int32.
typedef struct _midge_bias_16_t {
    const int32_t *low;
    const int32_t *high;
} midge_bias_16_t;

static inline int64_t midge_bias_16(const midge_bias_16_t *bias, int32_t c) {
    if (bias->high == NULL) {
        return bias->low[c];
    }
    return (int64_t)((uint64_t)(uint32_t)bias->low[c] | (uint64_t)(uint32_t)bias->high[c] << 32);
}

// acc plus the products of a run; without `wide` the sum is kept modulo 2^32.
static inline int64_t midge_sum_16(const int16_t *x, const int8_t *w, int32_t n, bool wide,
    int64_t acc) {
    if (!wide) {
        return midge_dot_16(x, w, n, (int32_t)acc);
    }
    for (; n > MIDGE_DOT_16_SAFE; n -= MIDGE_DOT_16_SAFE) {
        acc += midge_dot_16(x, w, MIDGE_DOT_16_SAFE, 0);
        x += MIDGE_DOT_16_SAFE;
        w += MIDGE_DOT_16_SAFE;
    }
    return acc + midge_dot_16(x, w, n, 0);
}

// acc * mult * 2^-shift, rounded once, halves up, modulo 2^32: TFLite's
// MultiplyByQuantizedMultiplier for int64 sums, which keeps 15 bits of the multiplier.
static inline int32_t midge_requantize_64(int64_t acc, int32_t mult, int32_t shift) {
    return (int32_t)((acc * mult + ((int64_t)1 << (shift - 1))) >> shift);
}

// The same for a sum of int32 and shift >= 17, in 32-bit steps.
static inline int32_t midge_requantize_32(int32_t acc, int32_t mult, int32_t shift) {
    uint32_t low = ((uint32_t)acc & 0xffffu) * (uint32_t)mult;
    int32_t high = (acc >> 16) * mult + (int32_t)(low >> 16);
    return (high + (1 << (shift - 17))) >> (shift - 16);
}

// What brings the sums of a convolution to the output's scale.
typedef struct _midge_finish_16_t {
    midge_bias_16_t bias;
    const int16_t *mult; // 0...32767
    const int8_t *shift; // 1...46
    int32_t act_min;
    int32_t act_max;
} midge_finish_16_t;

#define MIDGE_FINISH_16(ctx, p) \
    { \
        .bias = { midge_in(ctx, (p)->bias), midge_in(ctx, (p)->bias_high) }, \
        .mult = midge_in(ctx, (p)->mult), \
        .shift = midge_in(ctx, (p)->shift), \
        .act_min = (p)->act_min, \
        .act_max = (p)->act_max, \
    }

static inline int16_t midge_finish_16(const midge_finish_16_t *f, int64_t acc, int32_t c) {
    int32_t shift = f->shift[c];
    bool wide = f->bias.high != NULL || shift < 17;
    int32_t y = wide ? midge_requantize_64(acc, f->mult[c], shift)
        : midge_requantize_32((int32_t)acc, f->mult[c], shift);
    return (int16_t)midge_clamp(y, f->act_min, f->act_max);
}

// The taps of one output pixel that lie inside the input.
typedef struct _midge_window_t {
    int32_t top; // row and column of the first tap, which may lie outside
    int32_t left;
    int32_t y0; // taps [y0, y1) and [x0, x1) are inside
    int32_t y1;
    int32_t x0;
    int32_t x1;
} midge_window_t;

#define MIDGE_WINDOW_ROW(win, p, oy) \
    do { \
        (win)->top = (oy) * (p)->stride_h - (p)->pad_top; \
        midge_window((win)->top, (p)->k_h, (p)->dilation_h, (p)->in_h, &(win)->y0, &(win)->y1); \
    } while (0)

#define MIDGE_WINDOW_COLUMN(win, p, ox) \
    do { \
        (win)->left = (ox) * (p)->stride_w - (p)->pad_left; \
        midge_window((win)->left, (p)->k_w, (p)->dilation_w, (p)->in_w, &(win)->x0, &(win)->x1); \
    } while (0)

#endif // MIDGE_MATH_16_H
