// 1 / (1 + x) in fixed point, as TFLite's reference kernels find it.
#ifndef MIDGE_RECIPROCAL_H
#define MIDGE_RECIPROCAL_H

#include "midge_math.h"

// Of x > 0.
static inline int32_t midge_leading_zeros(uint32_t x) {
    int32_t n = 0;
    while ((x & 0x80000000u) == 0) {
        x <<= 1;
        n++;
    }
    return n;
}

// 1 / (1 + x) for x in [0, 1), both in Q0.31: half of the denominator is d, in [1/2, 1);
// from 48/17 - 32/17 d three Newton steps r += r (1 - d r), r in Q2.29; then r / 2.
static inline int32_t midge_reciprocal_of_one_plus(int32_t x) {
    int32_t d = (int32_t)(((int64_t)x + INT32_MAX + 1) >> 1);
    int32_t r = midge_wrap_add(1515870810, midge_mul_high(d, -1010580540));
    for (int32_t i = 0; i < 3; i++) {
        int32_t error = midge_wrap_add(1 << 29, -midge_mul_high(d, r));
        r = midge_wrap_add(r, (int32_t)((uint32_t)midge_mul_high(r, error) << 2));
    }
    return r > INT32_MAX / 2 ? INT32_MAX : (int32_t)((uint32_t)r << 1);
}

// 1 / x for x > 0: the result in Q0.31 is that of x * 2^(leading zeros - 31), in [1, 2).
static inline int32_t midge_reciprocal(int32_t x, int32_t zeros) {
    return midge_reciprocal_of_one_plus((int32_t)(((uint32_t)x << zeros) - 0x80000000u));
}

#endif // MIDGE_RECIPROCAL_H
