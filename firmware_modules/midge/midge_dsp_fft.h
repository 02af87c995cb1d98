// The inner loops of the real FFT. A complex number is a word: real part in the low half. Twiddles
// are cos - j sin in Q13, so that 1 and -1 are exact.
//
// A stage knows b, the bits of its input (every part is in [-2^b, 2^b)), and shifts its sums right
// by b + 1, the twiddles' 13 included. A part of a radix-4 sum is at most (1 + 3 sqrt 2) * 2^b, so
// the sum fits 32 bits and what is stored is at most 5.25 * 2^12 = 21475, whatever came in.
//
// The functions return the bits set in x ^ (x << 1) of all words stored: the highest one of the
// 16 bits of a part is its b. midge_dsp_fft_m0.c has them for the Cortex-M0+.
#ifndef MIDGE_DSP_FFT_H
#define MIDGE_DSP_FFT_H

#include "midge.h"

// Input words in bit-reversed order, in groups of four without twiddles: (sum + 1) / 4 rounded down,
// since with + 2 the sum 2 * 32767 + 2 * 32768 would not fit. n is a multiple of 4, `right` the
// places that the order's byte is shifted right.
uint32_t midge_dsp_fft_first(const uint32_t *in, uint32_t *out, uint32_t n, uint32_t right);

// Groups of 4 * quarter words from x up to end. twiddles: for each k below quarter W^k, W^3k,
// W^2k.
uint32_t midge_dsp_fft_stage(uint32_t *x, const uint32_t *end,
    const uint32_t *twiddles, uint32_t quarter, uint32_t shift);

// Bins k and n - k of the real FFT from those of the half-size one, k = 1 .. n / 2 - 1.
void midge_dsp_fft_post(uint32_t *x, const uint32_t *twiddles, uint32_t n, uint32_t shift);

extern const uint8_t midge_dsp_bit_reversed[256];

static inline uint32_t midge_dsp_pack(int32_t re, int32_t im, uint32_t shift) {
    return ((uint32_t)(im >> shift) << 16) | ((uint32_t)(re >> shift) & 0xFFFFu);
}

static inline int32_t midge_dsp_low(uint32_t x) {
    return (int16_t)(x & 0xFFFFu);
}

static inline int32_t midge_dsp_high(uint32_t x) {
    return (int32_t)x >> 16;
}

#endif // MIDGE_DSP_FFT_H
