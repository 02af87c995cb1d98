// CONV_2D, int16 activations and int8 weights, per channel; groups and dilation.
#include "midge_math_16.h"
#include "midge_ops.h"

typedef struct _conv_t {
    const midge_conv_2d_16_t *p;
    const int16_t *in;
    const int8_t *weights;
    midge_finish_16_t finish;
} conv_t;

// Sums one window of `depth` input channels from first_c on, with one filter or two that lie
// `apart`. Where the taps of a row are neighbours in memory, they are one dot product.
static void accumulate(const conv_t *c, const midge_window_t *win, const int8_t *w,
    int32_t apart, int32_t first_c, int32_t depth, int64_t *acc) {
    const midge_conv_2d_16_t *p = c->p;
    bool wide = c->finish.bias.high != NULL;
    int32_t step = p->dilation_w * p->in_c;
    int32_t taps = (win->x1 - win->x0) * depth;
    int32_t run = step == depth ? taps : depth;
    for (int32_t ky = win->y0; ky < win->y1; ky++) {
        int32_t row = win->top + ky * p->dilation_h;
        const int16_t *x = c->in + (row * p->in_w + win->left) * p->in_c + first_c
            + win->x0 * step;
        const int8_t *tap = w + (ky * p->k_w + win->x0) * depth;
        for (int32_t done = 0; done < taps; done += run) {
            midge_sum_16(x, tap + done, apart, run, wide, acc);
            x += step;
        }
    }
}

// Two filters of a group at a time, and the last by itself where their number is odd.
static int16_t *pixel(const conv_t *c, const midge_window_t *win, int16_t *y) {
    const midge_conv_2d_16_t *p = c->p;
    const int8_t *w = c->weights;
    int32_t depth = p->groups == 1 ? p->in_c : p->in_c / p->groups;
    int32_t filters = p->groups == 1 ? p->out_c : p->out_c / p->groups;
    int32_t apart = p->k_h * p->k_w * depth;
    int32_t oc = 0;
    for (int32_t first_c = 0; first_c < p->in_c; first_c += depth) {
        for (int32_t left = filters; left > 0; left -= 2) {
            bool two = left > 1;
            int64_t acc[2] = { midge_bias_16(&c->finish.bias, oc) };
            acc[1] = two ? midge_bias_16(&c->finish.bias, oc + 1) : 0;
            accumulate(c, win, w, two ? apart : 0, first_c, depth, acc);
            *y++ = midge_finish_16(&c->finish, acc[0], oc++);
            w += apart;
            if (two) {
                *y++ = midge_finish_16(&c->finish, acc[1], oc++);
                w += apart;
            }
        }
    }
    return y;
}

void midge_conv_2d_16(const midge_ctx_t *ctx, const void *params) {
    const midge_conv_2d_16_t *p = params;
    conv_t c = {
        .p = p,
        .in = midge_in(ctx, p->in),
        .weights = midge_in(ctx, p->weights),
        .finish = MIDGE_FINISH_16(ctx, p),
    };
    int16_t *y = midge_out(ctx, p->out);
    midge_window_t win;
    for (int32_t oy = 0; oy < p->out_h; oy++) {
        MIDGE_WINDOW_ROW(&win, p, oy);
        for (int32_t ox = 0; ox < p->out_w; ox++) {
            MIDGE_WINDOW_COLUMN(&win, p, ox);
            y = pixel(&c, &win, y);
        }
    }
}
