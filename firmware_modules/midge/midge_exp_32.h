// exp(-x) by two tables, for logarithms in 2^-16.
#ifndef MIDGE_EXP_32_H
#define MIDGE_EXP_32_H

#include <stdint.h>

#define MIDGE_EXP_WHOLE (16) // exp(-16) is below what Q15 holds

// exp(-x * 2^-16), Q15, 0...32768. table: uint16 [16 + 256], Q15: exp(-i), exp(-i / 256).
static inline uint32_t midge_exp_32(const uint16_t *table, uint32_t x) {
    uint32_t whole = x >> 16;
    if (whole >= MIDGE_EXP_WHOLE) {
        return 0;
    }
    uint32_t part = (uint32_t)table[whole] * table[MIDGE_EXP_WHOLE + (x >> 8 & 255u)];
    // exp(-y) is 1 - y for y below 2^-8
    return ((part + (1u << 14)) >> 15) * (65536u - (x & 255u)) >> 16;
}

static inline int32_t midge_largest_32(const int32_t *x, int32_t size) {
    int32_t most = x[0];
    for (int32_t i = 1; i < size; i++) {
        most = x[i] > most ? x[i] : most;
    }
    return most;
}

#endif // MIDGE_EXP_32_H
