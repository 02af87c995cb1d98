// FULLY_CONNECTED, int8. The oracle rounds round(acc * scale) in double precision: the compiler
// finds multipliers that give the same bits in integers (host/midge/quantmath.py).
#include "midge_dot.h"
#include "midge_math.h"
#include "midge_ops.h"

// What weights with a zero point add to every output of a row.
static int32_t row_term(const midge_fully_connected_t *p, const int8_t *x) {
    int32_t sum = 0;
    for (int32_t i = 0; i < p->in_c; i++) {
        sum += x[i] + p->in_offset;
    }
    return (int32_t)((uint32_t)sum * (uint32_t)p->weights_offset);
}

void midge_fully_connected(const midge_ctx_t *ctx, const void *params) {
    const midge_fully_connected_t *p = params;
    const int8_t *x = midge_in(ctx, p->in);
    const int32_t *bias = midge_in(ctx, p->bias);
    const int32_t *mult = midge_in(ctx, p->mult);
    const int32_t *mult_low = midge_in(ctx, p->mult_low);
    const int8_t *shift = midge_in(ctx, p->shift);
    int8_t *y = midge_out(ctx, p->out);
    for (int32_t row = 0; row < p->rows; row++) {
        const int8_t *w = midge_in(ctx, p->weights);
        int32_t extra = p->weights_offset != 0 ? row_term(p, x) : 0;
        for (int32_t oc = 0; oc < p->out_c; oc++) {
            int32_t acc = midge_dot(x, w, p->in_c, midge_wrap_add(bias[oc], extra));
            int32_t i = p->per_channel ? oc : 0;
            int64_t q = mult_low == NULL ? midge_requantize_single(acc, mult[i], shift[i])
                : midge_requantize_wide(acc, mult[i], mult_low[i], shift[i]);
            *y++ = midge_clamp_int8(q + p->out_offset, p->act_min, p->act_max);
            w += p->in_c;
        }
        x += p->in_c;
    }
}
