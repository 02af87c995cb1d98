// One-input ops that multiply by one factor above 0 and by another below, to and from int16:
// QUANTIZE between integers, RELU and its kin, LEAKY_RELU.
#include "midge_math.h"
#include "midge_ops.h"

void midge_rescale_16(const midge_ctx_t *ctx, const void *params) {
    const midge_rescale_16_t *p = params;
    const void *in = midge_in(ctx, p->in);
    void *out = midge_out(ctx, p->out);
    for (int32_t i = 0; i < p->size; i++) {
        int32_t x = p->in_bytes == 2 ? ((const int16_t *)in)[i] : ((const int8_t *)in)[i];
        x += p->in_offset;
        int32_t y = x < 0 ? midge_requantize(x, p->negative_mult, p->negative_shift)
            : midge_requantize(x, p->mult, p->shift);
        y = midge_clamp(midge_wrap_add(y, p->out_offset), p->act_min, p->act_max);
        if (p->out_bytes == 2) {
            ((int16_t *)out)[i] = (int16_t)y;
        } else {
            ((int8_t *)out)[i] = (int8_t)y;
        }
    }
}
