// Inner loops of the signal blocks in C, bit for bit what the midge_dsp_*_m0.c do.
#include "midge_dsp_fft.h"
#include "midge_dsp_loops.h"

#ifndef __ARM_ARCH_6M__

void midge_dsp_apply(const int16_t *x, const int16_t *table, int16_t *out, uint32_t n,
    uint32_t right) {
    int32_t half = 1 << (right - 1);
    for (uint32_t i = 0; i < n; i++) {
        out[i] = (int16_t)((x[i] * table[i] + half) >> right);
    }
}

int32_t midge_dsp_dot(const int16_t *x, const int16_t *w, uint32_t n) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += (uint32_t)(x[i] * w[i]);
    }
    return (int32_t)sum;
}

void midge_dsp_squares(const uint32_t *in, uint32_t *out, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        int32_t re = midge_dsp_low(in[i]);
        int32_t im = midge_dsp_high(in[i]);
        out[i] = (uint32_t)(re * re) + (uint32_t)(im * im);
    }
}

// Each segment's `rise` of its power belongs to the band it leads to, the rest to the one before.
void midge_dsp_triangles(const uint32_t *power, const uint16_t *rise, const uint16_t *edges,
    uint32_t bands, uint64_t *out) {
    uint64_t before = 0;
    for (uint32_t segment = 0; segment <= bands; segment++) {
        uint64_t whole = 0;
        uint64_t rising = 0;
        for (int32_t i = edges[segment + 1] - edges[segment]; i > 0; i--) {
            whole += *power;
            rising += (uint64_t)*power++ * *rise++ >> 15;
        }
        if (segment > 0) {
            *out++ = before + (whole - rising);
        }
        before = rising;
    }
}

#endif // __ARM_ARCH_6M__
