// The inner loops of all layers with weights. In a file of their own, so that they are called:
// inlined, a Cortex-M0+ compiler runs out of registers and keeps the sum in memory.
#ifndef MIDGE_DOT_H
#define MIDGE_DOT_H

#include <stdint.h>

// acc + sum of x[i] * w[i], modulo 2^32.
int32_t midge_dot(const int8_t *x, const int8_t *w, int32_t n, int32_t acc);

// acc + sum of (x[i] + offset) * w[i], modulo 2^32.
int32_t midge_dot_offset(const int8_t *x, const int8_t *w, int32_t n, int32_t offset,
    int32_t acc);

// acc + sum of (x[i * step_x] + offset) * w[i * step_w], modulo 2^32.
int32_t midge_dot_strided(const int8_t *x, int32_t step_x, const int8_t *w, int32_t step_w,
    int32_t n, int32_t offset, int32_t acc);

#endif // MIDGE_DOT_H
