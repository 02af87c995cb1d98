// DEPTHWISE_CONV_2D, int16 activations and int8 weights; channel multiplier and dilation.
#include "midge_math_16.h"
#include "midge_ops.h"

typedef struct _depthwise_t {
    const midge_depthwise_conv_2d_16_t *p;
    const int16_t *in;
    const int8_t *weights;
    midge_finish_16_t finish;
} depthwise_t;

// A row of at most MIDGE_DOT_16_SAFE taps (the compiler sees to it) is summed in int32.
static int64_t accumulate(const depthwise_t *d, const midge_window_t *win, int32_t ic,
    int32_t oc) {
    const midge_depthwise_conv_2d_16_t *p = d->p;
    bool wide = d->finish.bias.high != NULL;
    int32_t out_c = p->in_c * p->multiplier;
    int32_t step = p->dilation_w * p->in_c;
    int32_t n = win->x1 - win->x0;
    int64_t acc = midge_bias_16(&d->finish.bias, oc);
    for (int32_t ky = win->y0; ky < win->y1; ky++) {
        int32_t row = win->top + ky * p->dilation_h;
        const int16_t *x = d->in + (row * p->in_w + win->left) * p->in_c + ic + win->x0 * step;
        const int8_t *w = d->weights + (ky * p->k_w + win->x0) * out_c + oc;
        acc = wide ? acc + midge_dot_16_strided(x, step, w, out_c, n, 0)
            : midge_dot_16_strided(x, step, w, out_c, n, (int32_t)acc);
    }
    return acc;
}

static int16_t *pixel(const depthwise_t *d, const midge_window_t *win, int16_t *y) {
    int32_t oc = 0;
    for (int32_t ic = 0; ic < d->p->in_c; ic++) {
        for (int32_t m = 0; m < d->p->multiplier; m++, oc++) {
            *y++ = midge_finish_16(&d->finish, accumulate(d, win, ic, oc), oc);
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
