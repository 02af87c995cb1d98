// The inner loops of the FFT in C, bit for bit what midge_dsp_fft_m0.c does.
#include "midge_dsp_fft.h"

#ifndef __ARM_ARCH_6M__

typedef struct _complex_t {
    int32_t re;
    int32_t im;
} complex_t;

static complex_t product(uint32_t x, uint32_t w) {
    int32_t re = midge_dsp_low(x);
    int32_t im = midge_dsp_high(x);
    int32_t c = midge_dsp_low(w);
    int32_t s = midge_dsp_high(w);
    return (complex_t) { re * c + im * s, im * c - re * s };
}

// a + c, a - c, b - j d, b + j d and their bits. b holds A - C, d holds B - D.
static uint32_t outputs(const complex_t *v, uint32_t *x, uint32_t quarter, uint32_t shift) {
    const complex_t *a = v;
    const complex_t *b = v + 1;
    const complex_t *c = v + 2;
    const complex_t *d = v + 3;
    x[0] = midge_dsp_pack(a->re + c->re, a->im + c->im, shift);
    x[2 * quarter] = midge_dsp_pack(a->re - c->re, a->im - c->im, shift);
    x[quarter] = midge_dsp_pack(b->re + d->im, b->im - d->re, shift);
    x[3 * quarter] = midge_dsp_pack(b->re - d->im, b->im + d->re, shift);
    uint32_t bits = 0;
    for (uint32_t i = 0; i < 4 * quarter; i += quarter) {
        bits |= x[i] ^ (x[i] << 1);
    }
    return bits;
}

static uint32_t butterfly(const complex_t *v, uint32_t *x, uint32_t quarter, uint32_t shift,
    int32_t half) {
    complex_t a = { v[0].re + half, v[0].im + half };
    const complex_t sums[4] = {
        { a.re + v[2].re, a.im + v[2].im },
        { a.re - v[2].re, a.im - v[2].im },
        { v[1].re + v[3].re, v[1].im + v[3].im },
        { v[1].re - v[3].re, v[1].im - v[3].im },
    };
    return outputs(sums, x, quarter, shift);
}

uint32_t midge_dsp_fft_first(const uint32_t *in, uint32_t *out, uint32_t n, uint32_t right) {
    uint32_t bits = 0;
    for (uint32_t i = 0; i < n; i += 4) {
        const uint32_t *x = in + ((uint32_t)midge_dsp_bit_reversed[i / 4] >> right);
        complex_t v[4];
        for (uint32_t j = 0; j < 4; j++) {
            v[j].re = midge_dsp_low(x[j * (n / 4)]);
            v[j].im = midge_dsp_high(x[j * (n / 4)]);
        }
        bits |= butterfly(v, out + i, 1, 2, 1);
    }
    return bits;
}

uint32_t midge_dsp_fft_stage(uint32_t *x, const uint32_t *end,
    const uint32_t *twiddles, uint32_t quarter, uint32_t shift) {
    uint32_t bits = 0;
    for (; x != end; x += 3 * quarter) {
        const uint32_t *w = twiddles;
        for (uint32_t k = 0; k < quarter; k++, x++, w += 3) {
            // in bit-reversed order the second quarter is the even one
            const complex_t v[4] = {
                { midge_dsp_low(x[0]) * (1 << 13), midge_dsp_high(x[0]) * (1 << 13) },
                product(x[2 * quarter], w[0]),
                product(x[quarter], w[2]),
                product(x[3 * quarter], w[1]),
            };
            bits |= butterfly(v, x, quarter, shift, 1 << (shift - 1));
        }
    }
    return bits;
}

void midge_dsp_fft_post(uint32_t *x, const uint32_t *twiddles, uint32_t n, uint32_t shift) {
    int32_t half = 1 << (shift - 1);
    uint32_t *y = x + n - 1;
    for (x++; x != y; x++, y--) {
        int32_t even_re = (midge_dsp_low(*x) + midge_dsp_low(*y)) * (1 << 13) + half;
        int32_t even_im = (midge_dsp_high(*x) - midge_dsp_high(*y)) * (1 << 13);
        int32_t odd_re = midge_dsp_high(*x) + midge_dsp_high(*y);
        int32_t odd_im = midge_dsp_low(*y) - midge_dsp_low(*x);
        int32_t c = midge_dsp_low(*twiddles);
        int32_t s = midge_dsp_high(*twiddles++);
        int32_t re = c * odd_re + s * odd_im;
        int32_t im = c * odd_im - s * odd_re;
        *x = midge_dsp_pack(even_re + re, even_im + half + im, shift);
        *y = midge_dsp_pack(even_re - re, half - even_im + im, shift);
    }
}


#endif // __ARM_ARCH_6M__
