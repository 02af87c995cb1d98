// What the 16x8 kernels share: int16 activations, int8 weights, zero points 0.
#ifndef MIDGE_MATH_16_H
#define MIDGE_MATH_16_H

#include "midge_math.h"

// acc + sum of x[i] * w[i], modulo 2^32.
int32_t midge_dot_16(const int16_t *x, const int8_t *w, int32_t n, int32_t acc);

// The same with two filters, w and v: each x is loaded once. acc[2].
void midge_dot_16_pair(const int16_t *x, const int8_t *w, const int8_t *v, int32_t n,
    int32_t *acc);

// Steps between the taps of a depthwise window, in elements.
typedef struct _midge_plane_16_t {
    int32_t x_step;
    int32_t x_row;
    int32_t w_step;
    int32_t w_row;
} midge_plane_16_t;

// acc + the sum of a depthwise window of rows * columns taps, modulo 2^32.
int32_t midge_dot_16_plane(const midge_plane_16_t *p, const int16_t *x, const int8_t *w,
    int32_t rows, int32_t columns, int32_t acc);

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

// Adds the products of a run with two filters that lie `apart` to acc[2]; 0: with one, to acc[0].
// Without `wide` the sums are kept modulo 2^32.
static inline void midge_sum_16(const int16_t *x, const int8_t *w, int32_t apart, int32_t n,
    bool wide, int64_t *acc) {
    do {
        int32_t part = wide ? midge_min(n, MIDGE_DOT_16_SAFE) : n;
        int32_t sums[2] = { wide ? 0 : (int32_t)acc[0], wide ? 0 : (int32_t)acc[1] };
        if (apart != 0) {
            midge_dot_16_pair(x, w, w + apart, part, sums);
        } else {
            sums[0] = midge_dot_16(x, w, part, sums[0]);
        }
        acc[0] = wide ? acc[0] + sums[0] : sums[0];
        acc[1] = wide ? acc[1] + sums[1] : sums[1];
        x += part;
        w += part;
        n -= part;
    } while (n > 0);
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
