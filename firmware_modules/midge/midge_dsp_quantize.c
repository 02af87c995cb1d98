// The last step of a pipeline: features into the model's int8 input.
#include "midge_dsp_math.h"
#include "midge_dsp_ops.h"

void midge_dsp_quantize(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_quantize_t *p = params;
    const int16_t *in = midge_in(ctx, p->in);
    const int16_t *offset = midge_in(ctx, p->offset);
    const int16_t *mult = midge_in(ctx, p->mult);
    const int8_t *shift = midge_in(ctx, p->shift);
    int8_t *out = midge_out(ctx, p->out);
    for (int32_t r = 0; r < p->rows; r++) {
        for (int32_t c = 0; c < p->columns; c++) {
            int32_t y = midge_dsp_scaled(*in++, offset[c], mult[c], shift[c]) + p->zero_point;
            *out++ = (int8_t)midge_clamp(y, INT8_MIN, INT8_MAX);
        }
    }
}

void midge_dsp_quantize_wide(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_quantize_wide_t *p = params;
    const int32_t *in = midge_in(ctx, p->in);
    const int32_t *offset = midge_in(ctx, p->offset);
    const int32_t *mult = midge_in(ctx, p->mult);
    const int8_t *shift = midge_in(ctx, p->shift);
    int8_t *out = midge_out(ctx, p->out);
    for (int32_t r = 0; r < p->rows; r++) {
        for (int32_t c = 0; c < p->columns; c++) {
            int64_t y = midge_requantize_single(*in++ - offset[c], mult[c], shift[c]);
            *out++ = midge_clamp_int8(y + p->zero_point, INT8_MIN, INT8_MAX);
        }
    }
}
