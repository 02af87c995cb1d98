// From bins to power, magnitude and bands.
#include "midge_dsp_fft.h"
#include "midge_dsp_loops.h"
#include "midge_dsp_math.h"
#include "midge_dsp_ops.h"

void midge_dsp_power(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_power_t *p = params;
    midge_dsp_squares(midge_in(ctx, p->in), midge_out(ctx, p->out), (uint32_t)p->bins);
    *(int32_t *)midge_out(ctx, p->exp) = 2 * midge_dsp_exp(ctx, p->in_exp);
}

void midge_dsp_magnitude(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_magnitude_t *p = params;
    const uint32_t *in = midge_in(ctx, p->in);
    uint16_t *out = midge_out(ctx, p->out);
    for (int32_t i = 0; i < p->bins; i++) {
        int32_t re = midge_dsp_low(in[i]);
        int32_t im = midge_dsp_high(in[i]);
        out[i] = (uint16_t)midge_dsp_sqrt((uint32_t)(re * re) + (uint32_t)(im * im));
    }
}

void midge_dsp_mel(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_mel_t *p = params;
    const uint16_t *edges = midge_in(ctx, p->edges);
    const uint32_t *power = midge_in(ctx, p->in);
    midge_dsp_triangles(power + edges[0], midge_in(ctx, p->rise), edges, (uint32_t)p->bands,
        midge_out(ctx, p->out));
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
