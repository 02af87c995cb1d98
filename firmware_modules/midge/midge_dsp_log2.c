// Logarithm, square root and cosine transform of band energies.
#include "midge_dsp_loops.h"
#include "midge_dsp_math.h"
#include "midge_dsp_ops.h"

// log2(x) in Q16, x > 0: a table of 64 steps of the mantissa, straight lines between.
static int32_t log2_q16(uint64_t x, const uint16_t *table) {
    int32_t top = midge_dsp_top_bit_64(x);
    uint32_t mantissa = top >= 31 ? (uint32_t)(x >> (top - 31)) : (uint32_t)x << (31 - top);
    uint32_t i = mantissa >> 25 & 63u;
    uint32_t part = mantissa >> 9 & 0xFFFFu;
    uint32_t low = table[i];
    return (top << 16) + (int32_t)(low + ((table[i + 1] - low) * part >> 16));
}

// |exp| stays below 2^10 and |offset| below 2^26, so the sum fits.
void midge_dsp_log2(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_log2_t *p = params;
    const uint64_t *in = midge_in(ctx, p->in);
    const uint16_t *table = midge_in(ctx, p->table);
    const int32_t *offset = midge_in(ctx, p->offset);
    int16_t *out = midge_out(ctx, p->out);
    int32_t exp = midge_dsp_exp(ctx, p->in_exp) * (1 << 16);
    int32_t right = 16 - p->frac;
    for (int32_t i = 0; i < p->length; i++) {
        int32_t y = p->floor;
        if (in[i] != 0) {
            int32_t sum = log2_q16(in[i], table) + exp + offset[i] + (1 << (right - 1));
            y = midge_max(y, sum >> right);
        }
        out[i] = midge_dsp_sat16(y);
    }
}

void midge_dsp_root(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_root_t *p = params;
    const uint64_t *in = midge_in(ctx, p->in);
    int16_t *out = midge_out(ctx, p->out);
    int32_t left = midge_dsp_exp(ctx, p->in_exp) / 2 - p->shift;
    for (int32_t i = 0; i < p->length; i++) {
        uint32_t root = midge_dsp_sqrt(in[i]);
        if (left >= 0) {
            root = root >= INT16_MAX ? INT16_MAX : root << midge_min(left, 15);
        } else {
            root = left <= -32 ? 0 : root >> -left;
        }
        out[i] = (int16_t)(root > INT16_MAX ? INT16_MAX : root);
    }
}

void midge_dsp_dct(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_dct_t *p = params;
    const int16_t *in = midge_in(ctx, p->in);
    const int16_t *table = midge_in(ctx, p->table);
    int16_t *out = midge_out(ctx, p->out);
    for (int32_t i = 0; i < p->n_out; i++) {
        int32_t sum = midge_dsp_dot(in, table + i * p->n_in, (uint32_t)p->n_in);
        // half is added behind one shift: the sum may be as large as 2^31
        out[i] = midge_dsp_sat16(((sum >> (p->shift - 1)) + 1) >> 1);
    }
}
