// CONV_2D and the MAX_POOL_2D behind it, some lines of the pool's output at a time: only a band of
// the convolution's output is ever there.
#include <string.h>

#include "midge_math.h"
#include "midge_ops.h"

void midge_conv_pool(const midge_ctx_t *ctx, const void *params) {
    const midge_conv_pool_t *p = params;
    midge_conv_2d_packed_t conv;
    memcpy(&conv, p, sizeof(conv)); // they begin alike
    conv.out = p->scratch_band;
    midge_max_pool_2d_t pool = {
        .in = p->scratch_band,
        .out = p->out,
        .in_w = p->out_w,
        .c = p->out_c,
        .out_w = p->out_w / p->pool_w,
        .k_h = p->pool_h,
        .k_w = p->pool_w,
        .stride_h = p->pool_h,
        .stride_w = p->pool_w,
        .act_min = p->pool_min,
        .act_max = p->pool_max,
    };
    int32_t lines = p->out_h / p->pool_h;
    for (int32_t line = 0; line < lines; line += p->lines) {
        pool.out_h = midge_min(p->lines, lines - line);
        pool.in_h = pool.out_h * p->pool_h;
        conv.out_h = pool.in_h;
        midge_conv_2d_packed(ctx, &conv);
        midge_max_pool_2d(ctx, &pool);
        conv.pad_top -= conv.out_h * p->stride_h; // where the next band's windows begin
        pool.out += pool.out_h * pool.out_w * p->out_c;
    }
}
