// MAX_POOL_2D, int16.
#include "midge_math.h"
#include "midge_ops.h"

void midge_max_pool_2d_16(const midge_ctx_t *ctx, const void *params) {
    const midge_max_pool_2d_16_t *p = params;
    const int16_t *in = midge_in(ctx, p->in);
    int16_t *y = midge_out(ctx, p->out);
    for (int32_t oy = 0; oy < p->out_h; oy++) {
        int32_t y0, y1, x0, x1;
        midge_window(oy * p->stride_h - p->pad_top, p->k_h, 1, p->in_h, &y0, &y1);
        for (int32_t ox = 0; ox < p->out_w; ox++) {
            midge_window(ox * p->stride_w - p->pad_left, p->k_w, 1, p->in_w, &x0, &x1);
            int32_t first = (oy * p->stride_h - p->pad_top) * p->in_w + ox * p->stride_w
                - p->pad_left;
            for (int32_t c = 0; c < p->c; c++) {
                int32_t max = INT16_MIN;
                for (int32_t ky = y0; ky < y1; ky++) {
                    for (int32_t kx = x0; kx < x1; kx++) {
                        max = midge_max(max, in[(first + ky * p->in_w + kx) * p->c + c]);
                    }
                }
                *y++ = (int16_t)midge_clamp(max, p->act_min, p->act_max);
            }
        }
    }
}
