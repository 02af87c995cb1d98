// Arithmetic that the signal blocks share, defined for every input.
#ifndef MIDGE_DSP_MATH_H
#define MIDGE_DSP_MATH_H

#include "midge_math.h"

static inline int16_t midge_dsp_sat16(int32_t x) {
    return (int16_t)midge_clamp(x, INT16_MIN, INT16_MAX);
}

// The exponent beside a buffer, or 0.
static inline int32_t midge_dsp_exp(const midge_ctx_t *ctx, midge_ref_t ref) {
    return ref == MIDGE_NONE ? 0 : *(const int32_t *)midge_in(ctx, ref);
}

// Number of the highest bit set, x > 0.
static inline int32_t midge_dsp_top_bit(uint32_t x) {
    int32_t bit = 0;
    if (x >> 16 != 0) {
        x >>= 16;
        bit = 16;
    }
    if (x >> 8 != 0) {
        x >>= 8;
        bit += 8;
    }
    if (x >> 4 != 0) {
        x >>= 4;
        bit += 4;
    }
    if (x >> 2 != 0) {
        x >>= 2;
        bit += 2;
    }
    return bit + (int32_t)(x >> 1);
}

static inline int32_t midge_dsp_top_bit_64(uint64_t x) {
    uint32_t high = (uint32_t)(x >> 32);
    return high != 0 ? 32 + midge_dsp_top_bit(high) : midge_dsp_top_bit((uint32_t)x);
}

// (x - offset) * mult / 2^shift, halves up. |mult| < 2^14, so the product fits.
static inline int32_t midge_dsp_scaled(int32_t x, int32_t offset, int32_t mult, int32_t shift) {
    return ((x - offset) * mult + (1 << (shift - 1))) >> shift;
}

// sqrt(x), rounded down, digit by digit.
uint32_t midge_dsp_sqrt(uint64_t x);

#endif // MIDGE_DSP_MATH_H
