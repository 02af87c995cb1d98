// Real FFT of n = 32 .. 2048 int16 samples, as a complex one of n / 2: radix 4, decimation in
// time, block floating point. See midge_dsp_fft.h for the arithmetic.
//
// twiddles: for the stages that join 16, 64, 256, 1024 points (n / 2 a power of 4) or 8, 32, 128,
// 512 points (twice one), one after the other: so a smaller size's table is the beginning of a
// larger one's of the same kind.
#include "midge_dsp_fft.h"
#include "midge_dsp_math.h"
#include "midge_dsp_ops.h"

// The first stage of n / 2 = 2 * 4^k: half of sums and differences, rounded down: rounded to the
// nearest, 32767 + 32768 would not fit.
static uint32_t first_two(const uint32_t *in, uint32_t *out, uint32_t n, uint32_t right) {
    uint32_t bits = 0;
    for (uint32_t i = 0; i < n; i += 2) {
        const uint32_t *x = in + ((uint32_t)midge_dsp_bit_reversed[i / 2] >> right);
        int32_t re = midge_dsp_low(x[0]);
        int32_t im = midge_dsp_high(x[0]);
        int32_t other_re = midge_dsp_low(x[n / 2]);
        int32_t other_im = midge_dsp_high(x[n / 2]);
        out[i] = midge_dsp_pack(re + other_re, im + other_im, 1);
        out[i + 1] = midge_dsp_pack(re - other_re, im - other_im, 1);
        bits |= (out[i] ^ (out[i] << 1)) | (out[i + 1] ^ (out[i + 1] << 1));
    }
    return bits;
}

static int32_t bits_of(uint32_t mask) {
    return midge_dsp_top_bit(((mask | mask >> 16) & 0xFFFFu) | 1u);
}

// Bins 0 and n / 2 are real, bin n / 4 is a conjugate. With them the scale of midge_dsp_fft_post.
static void ends(uint32_t *x, uint32_t n, uint32_t shift) {
    int32_t half = 1 << (shift - 1);
    int32_t re = midge_dsp_low(x[0]) * (1 << 14) + half;
    int32_t im = midge_dsp_high(x[0]) * (1 << 14);
    x[0] = midge_dsp_pack(re + im, 0, shift);
    x[n] = midge_dsp_pack(re - im, 0, shift);
    re = midge_dsp_low(x[n / 2]) * (1 << 14) + half;
    im = half - midge_dsp_high(x[n / 2]) * (1 << 14);
    x[n / 2] = midge_dsp_pack(re, im, shift);
}

void midge_dsp_fft(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_fft_t *p = params;
    const uint32_t *in = midge_in(ctx, p->in);
    const uint32_t *twiddles = midge_in(ctx, p->twiddles);
    uint32_t *x = midge_out(ctx, p->out);
    uint32_t n = (uint32_t)p->n / 2;
    int32_t log_n = midge_dsp_top_bit(n);
    int32_t exp = midge_dsp_exp(ctx, p->in_exp);
    uint32_t mask;
    uint32_t quarter;
    if ((log_n & 1) != 0) {
        mask = first_two(in, x, n, (uint32_t)(9 - log_n));
        quarter = 2;
        exp += 1;
    } else {
        mask = midge_dsp_fft_first(in, x, n, (uint32_t)(10 - log_n));
        quarter = 4;
        exp += 2;
    }
    for (; quarter < n; quarter *= 4) {
        int32_t bits = bits_of(mask);
        mask = midge_dsp_fft_stage(x, x + n, twiddles, quarter, (uint32_t)bits + 1);
        exp += bits - 12;
        twiddles += 3 * quarter;
    }
    // the same way, with a bound of (1 + sqrt 2) * 2^b: at most 19780 is stored
    int32_t bits = bits_of(mask);
    ends(x, n, (uint32_t)bits + 1);
    midge_dsp_fft_post(x, midge_in(ctx, p->post), n, (uint32_t)bits + 1);
    *(int32_t *)midge_out(ctx, p->exp) = exp + bits - 13;
}
