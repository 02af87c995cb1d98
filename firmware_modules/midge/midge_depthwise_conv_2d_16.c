// DEPTHWISE_CONV_2D, int16 activations and int8 weights; channel multiplier and dilation.
#include "midge_math_16.h"
#include "midge_ops.h"

typedef struct _depthwise_t {
    const midge_depthwise_conv_2d_16_t *p;
    const int16_t *in;
    const int8_t *weights;
    midge_finish_16_t finish;
    midge_plane_16_t plane;
    int32_t together; // rows of taps whose sum fits int32 in any case
} depthwise_t;

// x and w: the first tap inside the input, of the channel.
static int64_t accumulate(const depthwise_t *d, const midge_window_t *win, const int16_t *x,
    const int8_t *w, int64_t acc) {
    int32_t columns = win->x1 - win->x0;
    int32_t rows = win->y1 - win->y0;
    if (d->finish.bias.high == NULL) {
        return midge_dot_16_plane(&d->plane, x, w, rows, columns, (int32_t)acc);
    }
    for (; rows > 0; rows -= d->together) {
        acc += midge_dot_16_plane(&d->plane, x, w, midge_min(rows, d->together), columns, 0);
        x += d->together * d->plane.x_row;
        w += d->together * d->plane.w_row;
    }
    return acc;
}

static int16_t *pixel(const depthwise_t *d, const midge_window_t *win, int16_t *y) {
    const midge_depthwise_conv_2d_16_t *p = d->p;
    int32_t row = win->top + win->y0 * p->dilation_h;
    int32_t column = win->left + win->x0 * p->dilation_w;
    const int16_t *x = d->in + (row * p->in_w + column) * p->in_c;
    const int8_t *w = d->weights + win->y0 * d->plane.w_row + win->x0 * d->plane.w_step;
    int32_t oc = 0;
    for (int32_t ic = 0; ic < p->in_c; ic++, x++) {
        for (int32_t m = 0; m < p->multiplier; m++, oc++) {
            int64_t acc = accumulate(d, win, x, w++, midge_bias_16(&d->finish.bias, oc));
            *y++ = midge_finish_16(&d->finish, acc, oc);
        }
    }
    return y;
}

void midge_depthwise_conv_2d_16(const midge_ctx_t *ctx, const void *params) {
    const midge_depthwise_conv_2d_16_t *p = params;
    depthwise_t d = {
        .p = p,
        .in = midge_in(ctx, p->in),
        .weights = midge_in(ctx, p->weights),
        .finish = MIDGE_FINISH_16(ctx, p),
        .plane = {
            .x_step = p->dilation_w * p->in_c,
            .x_row = p->dilation_h * p->in_w * p->in_c,
            .w_step = p->in_c * p->multiplier,
            .w_row = p->k_w * p->in_c * p->multiplier,
        },
        .together = MIDGE_DOT_16_SAFE / p->k_w,
    };
    int16_t *y = midge_out(ctx, p->out);
    midge_window_t win;
    for (int32_t oy = 0; oy < p->out_h; oy++) {
        MIDGE_WINDOW_ROW(&win, p, oy);
        for (int32_t ox = 0; ox < p->out_w; ox++) {
            MIDGE_WINDOW_COLUMN(&win, p, ox);
            y = pixel(&d, &win, y);
        }
    }
}
