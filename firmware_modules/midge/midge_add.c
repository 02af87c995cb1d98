// ADD and SUB, int8, with broadcasting: both inputs go to a common scale first.
#include "midge_math.h"
#include "midge_ops.h"

static int8_t add(const midge_add_t *p, int32_t a, int32_t b) {
    a = (int32_t)((uint32_t)(a + p->a_offset) << p->left_shift);
    b = (int32_t)((uint32_t)(b + p->b_offset) << p->left_shift);
    a = midge_requantize(a, p->a_mult, p->a_shift);
    b = midge_requantize(b, p->b_mult, p->b_shift) * p->b_sign;
    int32_t y = midge_requantize(midge_wrap_add(a, b), p->mult, p->shift);
    return (int8_t)midge_clamp(midge_wrap_add(y, p->out_offset), p->act_min, p->act_max);
}

void midge_add(const midge_ctx_t *ctx, const void *params) {
    const midge_add_t *p = params;
    const int8_t *a = midge_in(ctx, p->a);
    const int8_t *b = midge_in(ctx, p->b);
    int8_t *y = midge_out(ctx, p->out);
    for (int32_t i = 0; i < p->dim_0; i++) {
        for (int32_t j = 0; j < p->dim_1; j++) {
            for (int32_t k = 0; k < p->dim_2; k++) {
                int32_t ai = i * p->a_stride_0 + j * p->a_stride_1 + k * p->a_stride_2;
                int32_t bi = i * p->b_stride_0 + j * p->b_stride_1 + k * p->b_stride_2;
                for (int32_t l = 0; l < p->dim_3; l++) {
                    *y++ = add(p, a[ai], b[bi]);
                    ai += p->a_stride_3;
                    bi += p->b_stride_3;
                }
            }
        }
    }
}
