// LOGISTIC and TANH, int16 to int16 of scale 2^-15: between the points of one table of
// 2^16 / (1 + exp(-i / 24)), with tanh(x) = 2 / (1 + exp(-2 x)) - 1.
#include "midge_math.h"
#include "midge_ops.h"

// 1 / (1 + exp(-x)) for x = magnitude / 24 * 2^-bits, in 16 + bits fraction bits.
static int32_t between(const uint16_t *table, uint32_t magnitude, int32_t bits, int32_t last) {
    uint32_t at = magnitude >> bits;
    if (at >= 255) {
        return last;
    }
    uint32_t low = table[at];
    uint32_t rest = magnitude & ((1u << bits) - 1u);
    return (int32_t)((low << bits) + rest * (table[at + 1] - low));
}

static int16_t logistic(const uint16_t *table, int32_t x) {
    int32_t y = between(table, (uint32_t)(x < 0 ? -x : x), 9, 0x7fff << 10);
    y = x < 0 ? (1 << 25) - y + (1 << 9) - 1 : y + (1 << 9);
    return (int16_t)(y >> 10);
}

static int16_t hyperbolic(const uint16_t *table, int32_t x) {
    int32_t y = between(table, (uint32_t)(x < 0 ? -x : x), 8, 0xffff << 8);
    y = x < 0 ? -y + (1 << 23) + (1 << 7) - 1 : y - (1 << 23) + (1 << 7);
    return (int16_t)(y >> 8);
}

void midge_sigmoid_16(const midge_ctx_t *ctx, const void *params) {
    const midge_sigmoid_16_t *p = params;
    const uint16_t *table = midge_in(ctx, p->table);
    const int16_t *in = midge_in(ctx, p->in);
    int16_t *out = midge_out(ctx, p->out);
    int32_t round = p->shift > 0 ? 1 << (p->shift - 1) : 0;
    for (int32_t i = 0; i < p->size; i++) {
        int32_t x = (in[i] * p->mult + round) >> p->shift;
        out[i] = p->is_tanh ? hyperbolic(table, x) : logistic(table, x);
    }
}
