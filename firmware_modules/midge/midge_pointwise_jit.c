// CONV_2D, int8, windows of 1 x 1 that follow each other, with weights as immediates: see
// midge_jit.h. A tile of pixels is packed with its first half in the low lane, its last half in the
// high one, in groups of three words: [group][tap][3]. Halves of an odd number share the middle.
#include "midge_jit_conv.h"

void midge_pointwise_jit(const midge_ctx_t *ctx, const void *params) {
    const midge_pointwise_jit_t *p = params;
    const int8_t *in = midge_in(ctx, p->in);
    int8_t *out = midge_out(ctx, p->out);
    uint32_t *packed = midge_out(ctx, p->scratch);
    midge_jit_conv_t c = {
        .weights = midge_in(ctx, p->weights),
        .bias = midge_in(ctx, p->bias),
        .requant = midge_in(ctx, p->requant),
        .x = packed,
        .out_c = p->out_c,
        .act_min = p->act_min,
        .act_max = p->act_max,
        .jit = { .taps = (uint32_t)p->in_c, .kind = &midge_jit_pixels },
    };
    c.jit.code = (uint16_t *)(packed + (midge_min(p->tile, p->pixels) + 5) / 6 * 3 * p->in_c);
    for (int32_t first = 0; first < p->pixels; first += p->tile) {
        int32_t n = midge_min(p->tile, p->pixels - first);
        int32_t words = (n + 1) / 2;
        const int8_t *a = in + first * p->in_c;
        uint32_t *x = packed;
        for (int32_t i = 0; i < words; i++, a += p->in_c) {
            midge_packed_pair(a, a + (n - words) * p->in_c, (uint32_t)p->in_c, x);
            x += i % 3 == 2 ? 3 * p->in_c - 2 : 1;
        }
        midge_jit_frame_t frame = {
            .y = out + first * p->out_c,
            .apart = (uint32_t)((n - words) * p->out_c),
            .lines = 1,
            .line_bytes = (uint32_t)(words * p->out_c),
        };
        midge_jit_channels(&c, &frame);
    }
}
