// BATCH_MATMUL, int8.
#include "midge_math.h"
#include "midge_ops.h"

static int32_t dot(const midge_batch_matmul_t *p, const int8_t *a, const int8_t *b) {
    uint32_t acc = 0;
    for (int32_t i = 0; i < p->k; i++) {
        acc += (uint32_t)((*a + p->a_offset) * (*b + p->b_offset));
        a += p->a_stride_k;
        b += p->b_stride_k;
    }
    return (int32_t)acc;
}

static int8_t *multiply(const midge_batch_matmul_t *p, const int8_t *a, const int8_t *b,
    int8_t *y) {
    for (int32_t m = 0; m < p->m; m++) {
        for (int32_t n = 0; n < p->n; n++) {
            int32_t q = dot(p, a + m * p->a_stride_m, b + n * p->b_stride_n);
            q = midge_requantize(q, p->mult, p->shift);
            *y++ = midge_clamp_int8(midge_wrap_add(q, p->out_offset), -128, 127);
        }
    }
    return y;
}

void midge_batch_matmul(const midge_ctx_t *ctx, const void *params) {
    const midge_batch_matmul_t *p = params;
    const int8_t *a = midge_in(ctx, p->a);
    const int8_t *b = midge_in(ctx, p->b);
    int8_t *y = midge_out(ctx, p->out);
    for (int32_t i = 0; i < p->dim_0; i++) {
        for (int32_t j = 0; j < p->dim_1; j++) {
            y = multiply(p, a + i * p->a_stride_0 + j * p->a_stride_1,
                b + i * p->b_stride_0 + j * p->b_stride_1, y);
        }
    }
}
