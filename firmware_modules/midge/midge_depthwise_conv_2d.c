// DEPTHWISE_CONV_2D, int8, per-channel weights; channel multiplier and dilation.
#include "midge_dot.h"
#include "midge_math.h"
#include "midge_ops.h"

// The parameters with their operands found.
typedef struct _depthwise_t {
    const midge_depthwise_conv_2d_t *p;
    const int8_t *in;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *mult;
    const int8_t *shift;
    int8_t *out;
} depthwise_t;

// The taps of one output pixel that lie inside the input.
typedef struct _window_t {
    int32_t origin; // input index of the first tap, which may lie outside
    int32_t y0;
    int32_t y1;
    int32_t x0;
    int32_t x1;
} window_t;

static int32_t accumulate(const depthwise_t *d, const window_t *win, int32_t ic, int32_t oc) {
    const midge_depthwise_conv_2d_t *p = d->p;
    int32_t out_c = p->in_c * p->multiplier;
    int32_t x_step = p->dilation_w * p->in_c;
    int32_t acc = d->bias[oc];
    int32_t n = win->x1 - win->x0;
    for (int32_t ky = win->y0; ky < win->y1; ky++) {
        int32_t row = win->origin + ky * p->dilation_h * p->in_w * p->in_c + ic;
        const int8_t *x = d->in + row + win->x0 * x_step;
        const int8_t *w = d->weights + (ky * p->k_w + win->x0) * out_c + oc;
        acc = midge_dot_strided(x, x_step, w, out_c, n, p->in_offset, acc);
    }
    return acc;
}

static int8_t *pixel(const depthwise_t *d, const window_t *win, int8_t *y) {
    const midge_depthwise_conv_2d_t *p = d->p;
    int32_t oc = 0;
    for (int32_t ic = 0; ic < p->in_c; ic++) {
        for (int32_t m = 0; m < p->multiplier; m++, oc++) {
            int32_t acc = accumulate(d, win, ic, oc);
            acc = midge_requantize(acc, d->mult[oc], d->shift[oc]);
            acc = midge_wrap_add(acc, p->out_offset);
            *y++ = (int8_t)midge_clamp(acc, p->act_min, p->act_max);
        }
    }
    return y;
}

void midge_depthwise_conv_2d(const midge_ctx_t *ctx, const void *params) {
    const midge_depthwise_conv_2d_t *p = params;
    depthwise_t d = {
        .p = p,
        .in = midge_in(ctx, p->in),
        .weights = midge_in(ctx, p->weights),
        .bias = midge_in(ctx, p->bias),
        .mult = midge_in(ctx, p->mult),
        .shift = midge_in(ctx, p->shift),
        .out = midge_out(ctx, p->out),
    };
    int8_t *y = d.out;
    window_t win;
    for (int32_t oy = 0; oy < p->out_h; oy++) {
        int32_t top = oy * p->stride_h - p->pad_top;
        midge_window(top, p->k_h, p->dilation_h, p->in_h, &win.y0, &win.y1);
        for (int32_t ox = 0; ox < p->out_w; ox++) {
            int32_t left = ox * p->stride_w - p->pad_left;
            midge_window(left, p->k_w, p->dilation_w, p->in_w, &win.x0, &win.x1);
            win.origin = (top * p->in_w + left) * p->in_c;
            y = pixel(&d, &win, y);
        }
    }
}
