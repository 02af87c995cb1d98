// Integer arithmetic that all kernels share. Every result is defined for every input: sums that
// may pass int32 are made in uint32_t or int64_t.
#ifndef MIDGE_MATH_H
#define MIDGE_MATH_H

#include "midge.h"

// The operand's address, or NULL for MIDGE_NONE.
static inline const void *midge_in(const midge_ctx_t *ctx, midge_ref_t ref) {
    if (ref >= 0) {
        return ctx->arena + ref;
    }
    return ref == MIDGE_NONE ? NULL : ctx->consts + ~ref;
}

// An output's address: always in the arena.
static inline void *midge_out(const midge_ctx_t *ctx, midge_ref_t ref) {
    return ctx->arena + ref;
}

// A state tensor's address.
static inline void *midge_state(const midge_ctx_t *ctx, midge_ref_t ref) {
    return ctx->state + ref;
}

static inline int32_t midge_min(int32_t a, int32_t b) {
    return a < b ? a : b;
}

static inline int32_t midge_max(int32_t a, int32_t b) {
    return a > b ? a : b;
}

static inline int32_t midge_clamp(int32_t x, int32_t low, int32_t high) {
    return x < low ? low : x > high ? high : x;
}

// Sum modulo 2^32, as the machine adds.
static inline int32_t midge_wrap_add(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

// round(a * b / 2^31), halves up: gemmlowp's SaturatingRoundingDoublingHighMul, but for its one
// saturating case, a = b = -2^31, which no kernel has.
static inline int32_t midge_mul_high(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

// round(x / 2^n), halves away from zero, 0 <= n <= 31.
static inline int32_t midge_div_pot(int32_t x, int32_t n) {
    int32_t mask = (int32_t)((1u << n) - 1u);
    int32_t threshold = (int32_t)((uint32_t)mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> n) + ((x & mask) > threshold ? 1 : 0);
}

// x * mult * 2^(shift - 31), rounded twice: what TFLite's reference kernels do in all ops but
// FULLY_CONNECTED. mult >= 0, -31 <= shift <= 30.
static inline int32_t midge_requantize(int32_t x, int32_t mult, int32_t shift) {
    if (shift > 0) {
        return midge_mul_high((int32_t)((uint32_t)x << shift), mult);
    }
    return midge_div_pot(midge_mul_high(x, mult), -shift);
}

// x * mult * 2^-right, rounded once, halves up. mult > -2^31, 1 <= right <= 62.
static inline int64_t midge_requantize_single(int32_t x, int32_t mult, int32_t right) {
    return ((int64_t)x * mult + ((int64_t)1 << (right - 1))) >> right;
}

// The same with a multiplier of 62 bits, (mult * 2^31 + mult_low) * 2^-31: dropping the product's
// lowest 31 bits before the rounding changes nothing, since half is a multiple of 2^31 there.
static inline int64_t midge_requantize_wide(int32_t x, int32_t mult, int32_t mult_low,
    int32_t right) {
    int64_t product = (int64_t)x * mult + (((int64_t)x * mult_low) >> 31);
    return (product + ((int64_t)1 << (right - 1))) >> right;
}

// Clamps before it narrows.
static inline int8_t midge_clamp_int8(int64_t x, int32_t low, int32_t high) {
    return (int8_t)(x < low ? low : x > high ? high : x);
}

// How many taps, `dilation` apart, fit into `length`.
static inline int32_t midge_taps(int32_t length, int32_t dilation) {
    return length <= 0 ? 0 : dilation == 1 ? length : (length + dilation - 1) / dilation;
}

// The part of a window of k taps, `dilation` apart, that lies inside [0, size): taps
// [*first, *last) of a window whose first tap is at `start`. Empty where *first >= *last.
static inline void midge_window(int32_t start, int32_t k, int32_t dilation, int32_t size,
    int32_t *first, int32_t *last) {
    *first = midge_taps(-start, dilation);
    *last = midge_min(k, midge_taps(size - start, dilation));
}

#endif // MIDGE_MATH_H
