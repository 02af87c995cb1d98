// AVERAGE_POOL_2D, int8: the mean of the taps inside the input, halves away from zero.
#include <string.h>

#include "midge_math.h"
#include "midge_ops.h"

#define MOST_TAPS (257) // 257 * 255 < 2^16: a lane's sum of bytes

static int8_t average(const midge_average_pool_2d_t *p, int32_t sum, int32_t count) {
    int32_t half = count / 2;
    int32_t mean = (sum > 0 ? sum + half : sum - half) / count;
    return (int8_t)midge_clamp(mean, p->act_min, p->act_max);
}

// A window inside the input.
typedef struct _window_t {
    int32_t lines;
    int32_t cols;
    int32_t count; // of both
} window_t;

static int8_t channel(const midge_average_pool_2d_t *p, const int8_t *x, const window_t *w) {
    int32_t sum = 0;
    for (int32_t lines = w->lines; lines > 0; lines--, x += p->in_w * p->c) {
        const int8_t *from = x;
        for (const int8_t *end = x + w->cols * p->c; from != end; from += p->c) {
            sum += *from;
        }
    }
    return average(p, sum, w->count);
}

// Four channels in the lanes of two words, x aligned to 4: each byte plus 128.
static void channels_4(const midge_average_pool_2d_t *p, const int8_t *x, const window_t *w,
    int8_t *y) {
    uint32_t even = 0;
    uint32_t odd = 0;
    int32_t c = p->c;
    for (int32_t lines = w->lines; lines > 0; lines--, x += p->in_w * c) {
        const int8_t *from = x;
        for (const int8_t *end = x + w->cols * c; from != end; from += c) {
            uint32_t word;
            memcpy(&word, __builtin_assume_aligned(from, 4), 4);
            word ^= 0x80808080u;
            even += word & 0x00FF00FFu;
            odd += (word >> 8) & 0x00FF00FFu;
        }
    }
    int32_t offset = 128 * w->count;
    y[0] = average(p, (int32_t)(even & 0xFFFFu) - offset, w->count);
    y[1] = average(p, (int32_t)(odd & 0xFFFFu) - offset, w->count);
    y[2] = average(p, (int32_t)(even >> 16) - offset, w->count);
    y[3] = average(p, (int32_t)(odd >> 16) - offset, w->count);
}

void midge_average_pool_2d(const midge_ctx_t *ctx, const void *params) {
    const midge_average_pool_2d_t *p = params;
    const int8_t *in = midge_in(ctx, p->in);
    int8_t *y = midge_out(ctx, p->out);
    bool words = (((uintptr_t)in | (uintptr_t)p->c) & 3u) == 0;
    for (int32_t oy = 0; oy < p->out_h; oy++) {
        int32_t top = oy * p->stride_h - p->pad_top;
        int32_t y0 = midge_max(top, 0);
        int32_t y1 = midge_min(top + p->k_h, p->in_h);
        for (int32_t ox = 0; ox < p->out_w; ox++) {
            int32_t left = ox * p->stride_w - p->pad_left;
            int32_t x0 = midge_max(left, 0);
            int32_t x1 = midge_min(left + p->k_w, p->in_w);
            const window_t w = { y1 - y0, x1 - x0, (y1 - y0) * (x1 - x0) };
            const int8_t *x = in + (y0 * p->in_w + x0) * p->c;
            int32_t c = 0;
            if (words && w.count <= MOST_TAPS) {
                for (; c < p->c; c += 4, y += 4) {
                    channels_4(p, x + c, &w, y);
                }
            }
            for (; c < p->c; c++) {
                *y++ = channel(p, x + c, &w);
            }
        }
    }
}
