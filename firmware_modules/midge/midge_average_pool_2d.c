// AVERAGE_POOL_2D, int8: the mean of the taps inside the input, halves away from zero.
#include "midge_math.h"
#include "midge_ops.h"

static int8_t average(const midge_average_pool_2d_t *p, int32_t sum, int32_t count) {
    int32_t half = count / 2;
    int32_t mean = (sum > 0 ? sum + half : sum - half) / count;
    return (int8_t)midge_clamp(mean, p->act_min, p->act_max);
}

void midge_average_pool_2d(const midge_ctx_t *ctx, const void *params) {
    const midge_average_pool_2d_t *p = params;
    const int8_t *in = midge_in(ctx, p->in);
    int8_t *y = midge_out(ctx, p->out);
    for (int32_t oy = 0; oy < p->out_h; oy++) {
        int32_t top = oy * p->stride_h - p->pad_top;
        int32_t y0 = midge_max(top, 0);
        int32_t y1 = midge_min(top + p->k_h, p->in_h);
        for (int32_t ox = 0; ox < p->out_w; ox++) {
            int32_t left = ox * p->stride_w - p->pad_left;
            int32_t x0 = midge_max(left, 0);
            int32_t x1 = midge_min(left + p->k_w, p->in_w);
            int32_t count = (y1 - y0) * (x1 - x0);
            for (int32_t c = 0; c < p->c; c++) {
                int32_t sum = 0;
                for (int32_t iy = y0; iy < y1; iy++) {
                    const int8_t *x = in + (iy * p->in_w + x0) * p->c + c;
                    for (const int8_t *end = x + (x1 - x0) * p->c; x != end; x += p->c) {
                        sum += *x;
                    }
                }
                *y++ = average(p, sum, count);
            }
        }
    }
}
