// From bins to power, magnitude and bands.
#include "midge_dsp_fft.h"
#include "midge_dsp_math.h"
#include "midge_dsp_ops.h"

// At most 2 * 2^30.
static uint32_t power_of(uint32_t x) {
    int32_t re = midge_dsp_low(x);
    int32_t im = midge_dsp_high(x);
    return (uint32_t)(re * re) + (uint32_t)(im * im);
}

void midge_dsp_power(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_power_t *p = params;
    const uint32_t *in = midge_in(ctx, p->in);
    uint32_t *out = midge_out(ctx, p->out);
    for (int32_t i = 0; i < p->bins; i++) {
        out[i] = power_of(in[i]);
    }
    *(int32_t *)midge_out(ctx, p->exp) = 2 * midge_dsp_exp(ctx, p->in_exp);
}

void midge_dsp_magnitude(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_magnitude_t *p = params;
    const uint32_t *in = midge_in(ctx, p->in);
    uint16_t *out = midge_out(ctx, p->out);
    for (int32_t i = 0; i < p->bins; i++) {
        out[i] = (uint16_t)midge_dsp_sqrt(power_of(in[i]));
    }
}

// floor(power * rise / 2^15) without a 64-bit product: power < 2^32, rise <= 2^15.
static uint32_t part_of(uint32_t power, uint32_t rise) {
    return (power >> 16) * rise * 2 + ((power & 0xFFFFu) * rise >> 15);
}

void midge_dsp_mel(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_mel_t *p = params;
    const uint16_t *edges = midge_in(ctx, p->edges);
    const uint16_t *rise = midge_in(ctx, p->rise);
    const uint32_t *power = (const uint32_t *)midge_in(ctx, p->in) + edges[0];
    uint64_t *out = midge_out(ctx, p->out);
    for (int32_t segment = 0; segment <= p->bands; segment++) {
        uint64_t whole = 0;
        uint64_t rising = 0;
        for (int32_t i = edges[segment + 1] - edges[segment]; i > 0; i--) {
            whole += *power;
            rising += part_of(*power++, *rise++);
        }
        if (segment > 0) {
            out[segment - 1] += whole - rising;
        }
        if (segment < p->bands) {
            out[segment] = rising;
        }
    }
}

void midge_dsp_bands(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_bands_t *p = params;
    const uint32_t *power = midge_in(ctx, p->in);
    const uint16_t *edges = midge_in(ctx, p->edges);
    uint64_t *out = midge_out(ctx, p->out);
    for (int32_t band = 0; band < p->bands; band++) {
        uint64_t sum = 0;
        for (int32_t i = edges[2 * band]; i < edges[2 * band + 1]; i++) {
            sum += power[i];
        }
        out[band] = sum;
    }
}
